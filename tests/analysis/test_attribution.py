"""Attributions by leaving out particles and their faithfulness, against closed forms and axioms."""

from itertools import permutations

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.attribution import CONFIGS, TARGET, few_jets, tagger_loader

from part.analysis.attribution import gradients
from part.analysis.attribution.faithfulness import (
    FRACTIONS,
    agreement,
    descending_order,
    faithfulness_curves,
    infidelity,
    sensitivity,
)
from part.analysis.attribution.methods import METHODS, attribute
from part.analysis.attribution.perturbation import occlusion, shapley
from part.analysis.attribution.target import AttributionTarget, requested_target
from part.analysis.attribution.task import AttributionTask, make_task
from part.errors import PartError
from part.jets.features import make_batch
from part.jets.preprocessing import add_derived_fields


@pytest.fixture(scope="module")
def jets(tmp_path_factory) -> ak.Array:
    return few_jets(tmp_path_factory.mktemp("jets"))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


def without(jet: ak.Array, gone: int) -> ak.Array:
    """Return the jet without a constituent; jet-level fields and angles to its axis do not change."""
    jet = add_derived_fields(jet)
    keep = ak.Array([np.arange(len(jet["part_px"][0])) != gone])
    return ak.zip({f: jet[f][keep] if f.startswith("part_") else jet[f] for f in jet.fields}, depth_limit=1)


def test_targets_ignore_a_common_shift_and_a_contrast_changes_sign():
    logits = torch.randn(4, 10)
    for target in (AttributionTarget(3), AttributionTarget(3, 5)):
        torch.testing.assert_close(target(logits + 7), target(logits), atol=1e-5, rtol=0)
    torch.testing.assert_close(AttributionTarget(3, 5)(logits), -AttributionTarget(5, 3)(logits))
    p = logits.softmax(1)[:, 3]
    torch.testing.assert_close(AttributionTarget(3)(logits), (p / (1 - p)).log(), atol=1e-5, rtol=1e-5)


def test_a_group_is_explained_by_its_summed_probability(tagger):
    logits = torch.randn(4, 10, dtype=torch.float64)
    p = logits.softmax(1)
    model = tagger("pfn")
    bb, rest = p[:, [1, 2, 3]].sum(1), p[:, [0, 9]].sum(1)
    target = requested_target(model, "H=Hbb,Hcc,Hgg", "")
    torch.testing.assert_close(target(logits), (bb / (1 - bb)).log())
    contrast = requested_target(model, "H=Hbb,Hcc,Hgg", "rest=QCD,Tbl")
    torch.testing.assert_close(contrast(logits), (bb / rest).log())
    assert contrast.title(model.dataset) == "H against rest"
    assert requested_target(model, "one=Hbb", "") == AttributionTarget(1)
    with pytest.raises(PartError, match="share the class Hbb"):
        requested_target(model, "H*", "Hbb")
    with pytest.raises(PartError, match="holds all classes"):
        requested_target(model, "*", "")


def test_an_unknown_class_is_refused_by_name(tagger):
    with pytest.raises(PartError, match="no class 'Hxx'; choose one of QCD"):
        requested_target(tagger("pfn"), "Hxx", "")
    with pytest.raises(PartError, match="needs two classes"):
        requested_target(tagger("pfn"), "QCD", "QCD")
    with pytest.raises(PartError, match="both its classes"):
        requested_target(tagger("pfn"), "", "QCD")


@pytest.mark.parametrize("name", CONFIGS)
def test_occlusion_is_the_jet_without_the_particle(name, tagger, jets):
    jet, model = jets[:1], tagger(name)
    task = make_task(model, jet, TARGET)
    expected = [TARGET(model.logits(make_batch(without(jet, i), model.features))) for i in range(len(task))]
    result = occlusion(task).values
    np.testing.assert_allclose(result, task.value - torch.cat(expected).numpy(), atol=2e-5)


def test_shapley_values_close_and_are_exact_for_a_sum(tagger, jets):
    task = make_task(tagger("part"), jets[2:3], TARGET)
    result = shapley(task, 3)
    assert result.completeness_error == pytest.approx(0, abs=1e-5)
    assert (result.error > 0).all()
    added = Additive(tagger("part"), task.x, task.v, TARGET, task.pt)
    exact = shapley(added, 2)
    np.testing.assert_allclose(exact.values, added.weights, atol=1e-5)
    np.testing.assert_allclose(exact.error, 0, atol=1e-5)


class Additive(AttributionTask):
    """A target that is a sum over the particles that remain."""

    @property
    def weights(self) -> np.ndarray:
        return np.linspace(-1, 2, len(self))

    @property
    def value(self) -> float:
        return float(self.weights.sum())

    @property
    def empty_value(self) -> float:
        return 0.0

    def value_of_subset(self, subset: torch.Tensor) -> torch.Tensor:
        return subset @ torch.tensor(self.weights, dtype=torch.float32)


def test_sampled_errors_cover_the_exact_shapley_values(tagger, jets):
    """All 24 orders of a jet of four particles can be enumerated."""
    full_task = make_task(tagger("part"), jets[:1], TARGET)
    four = AttributionTask(full_task.tagger, full_task.x[:, :4], full_task.v[:, :4], TARGET, full_task.pt[:4])
    with torch.no_grad():
        value = {
            bits: float(four.value_of_subset(torch.tensor([[bits >> i & 1 for i in range(4)]]).float()))
            for bits in range(16)
        }
    exact = np.zeros(4)
    for order in permutations(range(4)):
        bits = 0
        for i in order:
            exact[i] += (value[bits | 1 << i] - value[bits]) / 24
            bits |= 1 << i
    result = shapley(four, 60)
    assert (np.abs(result.values - exact) < 4.5 * result.error).all()
    assert result.error.max() < np.abs(exact).max()


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("part", ()),
        ("nobias", ("integrated_momenta", "smoothgrad_momenta")),
        ("linpart", ("rollout", "gradient_attention")),
        ("particlenet", ("integrated_momenta", "smoothgrad_momenta", "rollout", "gradient_attention")),
    ],
)
def test_unsupported_methods_are_refused_and_the_others_work(name, missing, tagger, jets, monkeypatch):
    monkeypatch.setattr(gradients, "STEPS", 4)
    task = make_task(tagger(name), jets[1:2])  # a single particle, too
    for method in METHODS:
        if method in missing:
            with pytest.raises(PartError, match=r"\.$"):
                attribute(task, method)
        else:
            assert np.isfinite(attribute(task, method).values).all()


def test_curves_begin_and_end_where_they_must(tagger, jets):
    task = make_task(tagger("part"), jets[2:3], TARGET)
    orders = np.stack((np.arange(11), np.arange(11)[::-1]))
    result = faithfulness_curves(task, orders)
    full_value = torch.tensor(task.value).sigmoid()
    np.testing.assert_allclose(result.deletion[:, 0], full_value, atol=1e-5)
    np.testing.assert_allclose(result.insertion[:, -1], full_value, atol=1e-5)
    # What one order removes first, the other adds last.
    np.testing.assert_allclose(result.deletion[0], result.insertion[1][::-1], atol=1e-6)
    with torch.no_grad():
        alone = task.value_of_subset(torch.eye(11)[[0]]).sigmoid()
    np.testing.assert_allclose(result.insertion[0, 0], alone, atol=1e-6)


def test_area_of_a_sum_is_best_for_its_own_order(tagger, jets):
    full_task = make_task(tagger("part"), jets[2:3], TARGET)
    added = Additive(full_task.tagger, full_task.x, full_task.v, TARGET, full_task.pt)
    best, worst = descending_order(added.weights), descending_order(-added.weights)
    result = faithfulness_curves(added, np.stack((best, worst)))
    assert result.deletion_area[0] < result.deletion_area[1]
    assert result.insertion_area[0] > result.insertion_area[1]
    remaining = [added.weights[best[round(t * 10) :]].sum() for t in FRACTIONS]
    np.testing.assert_allclose(result.deletion[0], 1 / (1 + np.exp(-np.array(remaining))), atol=1e-6)


def test_infidelity_of_a_sum(tagger, jets):
    """It is 0 for the sum's own weights at any scale, between 0 and 1 for those of one particle, and 1 for zeros."""
    full_task = make_task(tagger("part"), jets[2:3], TARGET)
    added = Additive(full_task.tagger, full_task.x, full_task.v, TARGET, full_task.pt)
    one = np.where(np.arange(11) == 10, added.weights, 0)
    result = infidelity(added, np.stack((added.weights, 1e-3 * added.weights, one, 0 * one)))
    np.testing.assert_allclose(result[:2], 0, atol=1e-5)
    assert 0.01 < result[2] < 1
    assert result[3] == pytest.approx(1, abs=1e-5)


def test_sensitivity_in_closed_form(tagger, jets):
    """An attribution of 100 plus one input moves by at most the radius over its length."""
    task = make_task(tagger("part"), jets[2:3], TARGET)
    assert sensitivity(task, lambda jet: np.ones(len(jet))) == 0
    result = sensitivity(task, lambda jet: 100 + jet.x[0, :, 0].numpy())
    assert 0 < result <= 0.02 / (100 - np.abs(task.x[0, :, 0].numpy()).max())


def test_agreement_is_spearmans():
    a, b = np.array([1.0, 5.0, 2.0, 9.0]), np.array([10.0, 20.0, 15.0, 16.0])
    result = agreement([a, b, -a, np.zeros(4)])
    assert result[0, 1] == pytest.approx(1 - 6 * 2 / (4 * 15))  # ranks differ by 0, 1, 0, 1
    assert result[0, 2] == pytest.approx(-1)
    assert np.isnan(result[0, 3])
    tied = agreement([np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 2.0])])
    assert tied[0, 1] == pytest.approx(np.sqrt(3) / 2)
