"""Attributions against closed forms, axioms and identities."""

from itertools import permutations

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jets import write_jets
from helpers.models import randomise

import part
from part.analysis.attribution import methods as m
from part.analysis.attribution.attention import roll, rollout
from part.analysis.attribution.explained import Explained, Target, chosen_target, explain
from part.analysis.attribution.faithfulness import FRACTIONS, agreement, curves, infidelity, order_of, sensitivity
from part.errors import PartError
from part.jets.features import complete, make_batch
from part.jets.schema import FULL, JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import LinParTConfig, ParTConfig, ParticleNetConfig, PCNNConfig, PFNConfig

TARGET = Target(8, 0)
SMALL = {"embed": (16,), "pair_embed": (8,), "layers": 2, "heads": 2}
CONFIGS = {
    "part": ParTConfig(**SMALL),
    "nobias": ParTConfig("ParTNoBias", **SMALL),
    "pairattn": ParTConfig("PairAttn", **SMALL),
    "global": ParTConfig(global_token=True, class_layers=0, **SMALL),
    "linpart": LinParTConfig(slots=4, **SMALL),
    "particlenet": ParticleNetConfig(widths=(8, 8), edge_layers=2, neighbours=4, hidden=8),
    "pfn": PFNConfig(phi=(16,), f=(16,)),
    "pcnn": PCNNConfig(stem=8, stages=(8, 8), units=1, hidden=8),
}


@pytest.fixture(scope="module")
def jets(tmp_path_factory) -> ak.Array:
    return part.read_jets(write_jets(tmp_path_factory.mktemp("jets") / "few.root", [9, 1, 11], seed=3))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("models"), {}

    def of(name: str):
        if name not in made:
            torch.manual_seed(0)
            path = save_checkpoint(folder / f"{name}.safetensors", randomise(build(CONFIGS[name])), FULL, JETCLASS, {})
            made[name] = part.load_model(path)
        return made[name]

    return of


def without(jet: ak.Array, gone: int) -> ak.Array:
    """The jet without a constituent; what the file says of the jet, and of angles to its axis, stays."""
    jet = complete(jet)
    keep = ak.Array([np.arange(len(jet["part_px"][0])) != gone])
    return ak.zip({f: jet[f][keep] if f.startswith("part_") else jet[f] for f in jet.fields}, depth_limit=1)


def test_targets_do_not_see_a_common_shift_and_a_contrast_changes_sign():
    logits = torch.randn(4, 10)
    for target in (Target(3), Target(3, 5)):
        torch.testing.assert_close(target(logits + 7), target(logits), atol=1e-5, rtol=0)
    torch.testing.assert_close(Target(3, 5)(logits), -Target(5, 3)(logits))
    p = logits.softmax(1)[:, 3]
    torch.testing.assert_close(Target(3)(logits), (p / (1 - p)).log(), atol=1e-5, rtol=1e-5)


def test_an_unknown_class_is_refused_by_name(tagger):
    with pytest.raises(PartError, match="no class 'Hxx'; choose one of QCD"):
        chosen_target(tagger("pfn"), "Hxx", "")
    with pytest.raises(PartError, match="needs two classes"):
        chosen_target(tagger("pfn"), "QCD", "QCD")
    with pytest.raises(PartError, match="both its classes"):
        chosen_target(tagger("pfn"), "", "QCD")


@pytest.mark.parametrize("name", CONFIGS)
def test_occlusion_is_the_jet_without_the_particle(name, tagger, jets):
    jet, model = jets[:1], tagger(name)
    explained = explain(model, jet, TARGET)
    expected = [TARGET(model.logits(make_batch(without(jet, i), model.features))) for i in range(len(explained))]
    found = m.occlusion(explained).values
    np.testing.assert_allclose(found, explained.value - torch.cat(expected).numpy(), atol=2e-5)


def test_shapley_values_close_and_are_exact_for_a_sum(tagger, jets):
    explained = explain(tagger("part"), jets[2:3], TARGET)
    found = m.shapley(explained, 3)
    assert found.completeness_error == pytest.approx(0, abs=1e-5)
    assert (found.error > 0).all()
    added = Additive(tagger("part"), explained.x, explained.v, TARGET)
    exact = m.shapley(added, 2)
    np.testing.assert_allclose(exact.values, added.weights, atol=1e-5)
    np.testing.assert_allclose(exact.error, 0, atol=1e-5)


class Additive(Explained):
    """A target that is a sum over the particles that stay."""

    @property
    def weights(self) -> np.ndarray:
        return np.linspace(-1, 2, len(self))

    @property
    def value(self) -> float:
        return float(self.weights.sum())

    @property
    def of_nothing(self) -> float:
        return 0.0

    def of_kept(self, kept: torch.Tensor) -> torch.Tensor:
        return kept @ torch.tensor(self.weights, dtype=torch.float32)


def test_sampled_errors_cover_the_exact_shapley_values(tagger, jets):
    """Of a jet of four particles all 24 orders can be counted."""
    whole = explain(tagger("part"), jets[:1], TARGET)
    four = Explained(whole.tagger, whole.x[:, :4], whole.v[:, :4], TARGET)
    with torch.no_grad():
        value = {
            bits: float(four.of_kept(torch.tensor([[bits >> i & 1 for i in range(4)]]).float())) for bits in range(16)
        }
    exact = np.zeros(4)
    for order in permutations(range(4)):
        bits = 0
        for i in order:
            exact[i] += (value[bits | 1 << i] - value[bits]) / 24
            bits |= 1 << i
    found = m.shapley(four, 60)
    assert (np.abs(found.values - exact) < 4.5 * found.error).all()
    assert found.error.max() < np.abs(exact).max()


@pytest.mark.parametrize("method", ["integrated", "integrated_momenta"])
def test_integrated_gradients_are_complete(method, tagger, jets, monkeypatch):
    monkeypatch.setattr(m, "STEPS", 100)
    explained = explain(tagger("part"), jets[2:3], TARGET)
    found = m.attribute(explained, method)
    assert abs(found.total) > 1e-3
    assert abs(found.completeness_error) < 0.02 * abs(found.total)
    np.testing.assert_allclose(found.parts.sum(1), found.values, atol=1e-6)
    baseline = torch.zeros_like(explained.x) if method == "integrated" else m.SQUEEZE * explained.deviations
    with torch.no_grad():
        there = (explained.of_inputs if method == "integrated" else explained.of_deviations)(baseline)
    assert found.total == pytest.approx(explained.value - float(there), abs=1e-5)


def test_deviations_lead_back_to_the_four_momenta(tagger, jets):
    explained = explain(tagger("part"), jets[2:3], TARGET)
    torch.testing.assert_close(explained._momenta(explained.deviations), explained.v, rtol=1e-6, atol=0)


def test_gradients_of_momenta_see_neither_a_rotation_nor_a_boost(tagger, jets):
    """All particles turned by one φ, or boosted to another y, have the same pair features."""
    explained = explain(tagger("part"), jets[2:3], TARGET)
    point = explained.deviations.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(explained.of_deviations(point).sum(), point)
    each = gradient[0].abs().sum(0)
    assert (each > 1e-3).all()
    assert (gradient[0].sum(0)[1:].abs() < 1e-3 * each[1:]).all()


def test_momenta_need_gradients_only_when_they_are_asked_for(tagger, jets):
    explained = explain(tagger("part"), jets[:1], TARGET)
    assert not explained.tagger.model.pair_embed(explained.v, torch.ones(1, 9, dtype=torch.bool)).requires_grad
    v = explained.v.clone().requires_grad_()
    bias = explained.tagger.model.pair_embed(v, torch.ones(1, 9, dtype=torch.bool))
    plain = explained.tagger.model.pair_embed(explained.v, torch.ones(1, 9, dtype=torch.bool))
    assert torch.equal(bias, plain)
    (gradient,) = torch.autograd.grad(bias.sum(), v)
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0


def test_smoothgrad_without_noise_is_input_times_gradient(tagger, jets, monkeypatch):
    explained = explain(tagger("part"), jets[:1], TARGET)
    monkeypatch.setattr(m, "NOISE", 0.0)
    x = explained.x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(explained.of_inputs(x).sum(), x)
    found = m.smoothgrad(explained, 2)
    np.testing.assert_allclose(found.parts, (gradient * explained.x)[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(found.error, 0, atol=1e-6)


def test_smoothgrad_is_the_same_each_time_and_leaves_random_numbers_alone(tagger, jets):
    explained = explain(tagger("part"), jets[:1], TARGET)
    state = torch.random.get_rng_state()
    first, second = m.smoothgrad(explained).values, m.smoothgrad(explained).values
    assert np.array_equal(first, second)
    assert torch.equal(state, torch.random.get_rng_state())


def test_rollout_in_closed_form():
    """The token looks at two particles alike, which look at the first: by hand."""
    particles = np.array([[1.0, 0, 0], [0, 1, 0], [0, 1, 0]])
    token = np.array([[0, 0.5, 0.5], [0, 1, 0], [0, 0, 1.0]])
    np.testing.assert_allclose(roll([particles, token]), [0.25 + 0.125, 0.125])


@pytest.mark.parametrize("name", ["part", "nobias", "pairattn", "global"])
def test_rollout_and_gradients_of_attention(name, tagger, jets):
    explained = explain(tagger(name), jets[2:3], TARGET)
    shares = rollout(explained)
    assert (shares > 0).all()
    assert shares.sum() <= 1 - 0.5**2  # the token asks in two layers, of class attention or of all
    found = m.attribute(explained, "gradient_attention").values
    assert (found >= 0).all()
    assert found.max() > 0
    other = m.attribute(explain(tagger(name), jets[2:3], Target(0, 8)), "gradient_attention").values
    assert np.abs(found - other).max() > 0.1 * found.max()


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("part", ()),
        ("nobias", ("integrated_momenta", "smoothgrad_momenta")),
        ("linpart", ("rollout", "gradient_attention")),
        ("particlenet", ("integrated_momenta", "smoothgrad_momenta", "rollout", "gradient_attention")),
    ],
)
def test_what_a_model_cannot_have_is_told_and_the_rest_works(name, missing, tagger, jets, monkeypatch):
    monkeypatch.setattr(m, "STEPS", 4)
    explained = explain(tagger(name), jets[1:2])  # a single particle, too
    for method in m.METHODS:
        if method in missing:
            with pytest.raises(PartError, match=r"\.$"):
                m.attribute(explained, method)
        else:
            assert np.isfinite(m.attribute(explained, method).values).all()


def test_int8_has_no_gradients(tagger, jets, monkeypatch):
    monkeypatch.setattr(m, "int8_form", lambda model: "dynamic")
    assert m.supported(tagger("part")) == ("occlusion", "shapley", "rollout")
    with pytest.raises(PartError, match="int8, which has no gradients"):
        m.attribute(explain(tagger("part"), jets[:1]), "integrated")


def test_curves_begin_and_end_where_they_must(tagger, jets):
    explained = explain(tagger("part"), jets[2:3], TARGET)
    orders = np.stack((np.arange(11), np.arange(11)[::-1]))
    found = curves(explained, orders)
    whole = torch.tensor(explained.value).sigmoid()
    np.testing.assert_allclose(found.deletion[:, 0], whole, atol=1e-5)
    np.testing.assert_allclose(found.insertion[:, -1], whole, atol=1e-5)
    # What the one takes out first the other puts back last.
    np.testing.assert_allclose(found.deletion[0], found.insertion[1][::-1], atol=1e-6)
    with torch.no_grad():
        alone = explained.of_kept(torch.eye(11)[[0]]).sigmoid()
    np.testing.assert_allclose(found.insertion[0, 0], alone, atol=1e-6)


def test_area_of_a_sum_is_best_for_its_own_order(tagger, jets):
    whole = explain(tagger("part"), jets[2:3], TARGET)
    added = Additive(whole.tagger, whole.x, whole.v, TARGET)
    best, worst = order_of(added.weights), order_of(-added.weights)
    found = curves(added, np.stack((best, worst)))
    assert found.deletion_area[0] < found.deletion_area[1]
    assert found.insertion_area[0] > found.insertion_area[1]
    kept = [added.weights[best[round(t * 10) :]].sum() for t in FRACTIONS]
    np.testing.assert_allclose(found.deletion[0], 1 / (1 + np.exp(-np.array(kept))), atol=1e-6)


def test_infidelity_of_a_sum(tagger, jets):
    """Its own weights, at any scale, tell all; those of one particle not all; none nothing."""
    whole = explain(tagger("part"), jets[2:3], TARGET)
    added = Additive(whole.tagger, whole.x, whole.v, TARGET)
    one = np.where(np.arange(11) == 10, added.weights, 0)
    found = infidelity(added, np.stack((added.weights, 1e-3 * added.weights, one, 0 * one)))
    np.testing.assert_allclose(found[:2], 0, atol=1e-5)
    assert 0.01 < found[2] < 1
    assert found[3] == pytest.approx(1, abs=1e-5)


def test_sensitivity_in_closed_form(tagger, jets):
    """An attribution that is 100 plus one input moves by at most the radius over its length."""
    explained = explain(tagger("part"), jets[2:3], TARGET)
    assert sensitivity(explained, lambda jet: np.ones(len(jet))) == 0
    found = sensitivity(explained, lambda jet: 100 + jet.x[0, :, 0].numpy())
    assert 0 < found <= 0.02 / (100 - np.abs(explained.x[0, :, 0].numpy()).max())


def test_agreement_is_spearmans():
    a, b = np.array([1.0, 5.0, 2.0, 9.0]), np.array([10.0, 20.0, 15.0, 16.0])
    found = agreement([a, b, -a, np.zeros(4)])
    assert found[0, 1] == pytest.approx(1 - 6 * 2 / (4 * 15))  # ranks differ by 0, 1, 0, 1
    assert found[0, 2] == pytest.approx(-1)
    assert np.isnan(found[0, 3])
    tied = agreement([np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 2.0])])
    assert tied[0, 1] == pytest.approx(np.sqrt(3) / 2)
