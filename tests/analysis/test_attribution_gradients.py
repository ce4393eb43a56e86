"""Attributions by gradients and along the attention against closed forms and identities."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.attribution import TARGET, few_jets, tagger_loader

from part.analysis.attribution import gradients, methods
from part.analysis.attribution.attention import attention_rollout, roll_out
from part.analysis.attribution.gradients import smoothgrad
from part.analysis.attribution.methods import attribute, supported_methods
from part.analysis.attribution.target import AttributionTarget
from part.analysis.attribution.task import make_task
from part.errors import PartError


@pytest.fixture(scope="module")
def jets(tmp_path_factory) -> ak.Array:
    return few_jets(tmp_path_factory.mktemp("jets"))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("method", ["integrated", "integrated_momenta"])
def test_integrated_gradients_are_complete(method, tagger, jets, monkeypatch):
    monkeypatch.setattr(gradients, "STEPS", 100)
    task = make_task(tagger("part"), jets[2:3], TARGET)
    result = attribute(task, method)
    assert abs(result.total) > 1e-3
    assert abs(result.completeness_error) < 0.02 * abs(result.total)
    np.testing.assert_allclose(result.parts.sum(1), result.values, atol=1e-6)
    baseline = torch.zeros_like(task.x) if method == "integrated" else gradients.SQUEEZE * task.deviations
    with torch.no_grad():
        baseline_value = (task.value_of_inputs if method == "integrated" else task.value_of_deviations)(baseline)
    assert result.total == pytest.approx(task.value - float(baseline_value), abs=1e-5)


def test_deviations_lead_back_to_the_four_momenta(tagger, jets):
    task = make_task(tagger("part"), jets[2:3], TARGET)
    torch.testing.assert_close(task._momenta(task.deviations), task.v, rtol=1e-6, atol=0)


def test_gradients_of_momenta_vanish_along_a_rotation_and_a_boost(tagger, jets):
    """All particles turned by one φ, or boosted to another y, have the same pair features."""
    task = make_task(tagger("part"), jets[2:3], TARGET)
    point = task.deviations.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(task.value_of_deviations(point).sum(), point)
    each = gradient[0].abs().sum(0)
    assert (each > 1e-3).all()
    assert (gradient[0].sum(0)[1:].abs() < 1e-3 * each[1:]).all()


def test_momenta_have_gradients_only_when_these_are_requested(tagger, jets):
    task = make_task(tagger("part"), jets[:1], TARGET)
    assert not task.tagger.model.pair_embed(task.v, torch.ones(1, 9, dtype=torch.bool)).requires_grad
    v = task.v.clone().requires_grad_()
    bias = task.tagger.model.pair_embed(v, torch.ones(1, 9, dtype=torch.bool))
    plain = task.tagger.model.pair_embed(task.v, torch.ones(1, 9, dtype=torch.bool))
    assert torch.equal(bias, plain)
    (gradient,) = torch.autograd.grad(bias.sum(), v)
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0


def test_smoothgrad_without_noise_is_input_times_gradient(tagger, jets, monkeypatch):
    task = make_task(tagger("part"), jets[:1], TARGET)
    monkeypatch.setattr(gradients, "NOISE", 0.0)
    x = task.x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(task.value_of_inputs(x).sum(), x)
    result = smoothgrad(task, 2)
    np.testing.assert_allclose(result.parts, (gradient * task.x)[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(result.error, 0, atol=1e-6)


def test_smoothgrad_is_the_same_each_time_and_leaves_random_numbers_alone(tagger, jets):
    task = make_task(tagger("part"), jets[:1], TARGET)
    state = torch.random.get_rng_state()
    first, second = smoothgrad(task).values, smoothgrad(task).values
    assert np.array_equal(first, second)
    assert torch.equal(state, torch.random.get_rng_state())


def test_rollout_in_closed_form():
    """The token attends equally to two particles, which attend to the first; the expectation is calculated by hand."""
    particles = np.array([[1.0, 0, 0], [0, 1, 0], [0, 1, 0]])
    token = np.array([[0, 0.5, 0.5], [0, 1, 0], [0, 0, 1.0]])
    np.testing.assert_allclose(roll_out([particles, token]), [0.25 + 0.125, 0.125])
    np.testing.assert_allclose(roll_out([particles], has_class_token=False), [(1 + 0.5) / 2, 0.5 / 2])


@pytest.mark.parametrize("name", ["part", "nobias", "pairattn", "global", "mean"])
def test_rollout_and_gradients_of_attention(name, tagger, jets):
    task = make_task(tagger(name), jets[2:3], TARGET)
    shares = attention_rollout(task).values
    assert (shares > 0).all()
    if name == "mean":
        assert shares.sum() == pytest.approx(1)  # all of it is the particles'
    else:
        assert shares.sum() <= 1 - 0.5**2  # the token is a query in two layers, of class attention or of all
    result = attribute(task, "gradient_attention").values
    assert (result >= 0).all()
    assert result.max() > 0
    other = attribute(make_task(tagger(name), jets[2:3], AttributionTarget(0, 8)), "gradient_attention").values
    assert np.abs(result - other).max() > 0.1 * result.max()


def test_int8_has_no_gradients(tagger, jets, monkeypatch):
    monkeypatch.setattr(methods, "int8_scheme", lambda model: "dynamic")
    assert supported_methods(tagger("part")) == ("occlusion", "shapley", "rollout")
    with pytest.raises(PartError, match="int8, which has no gradients"):
        attribute(make_task(tagger("part"), jets[:1]), "integrated")
