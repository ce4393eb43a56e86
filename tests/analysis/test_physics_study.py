"""The study `physics`: constructed attention of known ρ, direct calculations, batches, and what is not known."""

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from helpers.attribution import tagger_loader
from helpers.jets import COUNTS, write_jets

import part
from part.analysis.attribution.importance import ParticleImportance
from part.analysis.physics.heads import ABLATION, head_numbers, log_odds
from part.analysis.physics.observables import OF_JETS, OF_PARTICLES, jet_observables, particle_quantities
from part.analysis.physics.study import PhysicsStudy, correlations_over, correlations_within
from part.analysis.sparsity.measures import entropy
from part.analysis.statistics.ranks import spearman
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies import physics as charts
from part.inference.forward import CachedForward

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long
STUDY = PhysicsStudy(methods=("rollout",), pt_edges=(0, 300, float("inf")), draws=40)
PT, DR, KT, Z, D0 = range(len(OF_PARTICLES))


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def result(load, jets):
    return study_jets(STUDY, load("part"), jets)


def source(result, name: str) -> int:
    return [str(source) for source in result.sources].index(name)


def test_quantities_of_particles_are_those_of_kinematics(jets):
    jet = jets[6:7]
    quantities = {name: values[0] for name, values in particle_quantities(jet).items()}
    px, py, d0, error = (ak.to_numpy(jet[f"part_{name}"][0]) for name in ("px", "py", "d0val", "d0err"))
    np.testing.assert_allclose(quantities["pT"], np.hypot(px, py), rtol=1e-6)
    np.testing.assert_allclose(quantities["kT"], quantities["pT"] * quantities["ΔR"])
    track = error > 0
    np.testing.assert_allclose(quantities["|d0|/σ"][track], np.abs(d0[track] / error[track]), rtol=1e-6)
    assert np.isnan(quantities["|d0|/σ"][~track]).all()
    index = ak.to_numpy(part.jets.subjet_index(jet, 3)[0])
    for k in range(3):
        own = index == k
        axis = np.hypot(px[own].sum(), py[own].sum())
        np.testing.assert_allclose(quantities["z"][own], np.hypot(px, py)[own] / axis, rtol=1e-5)


def test_attention_that_follows_a_quantity_has_a_correlation_of_one(jets):
    """Attention that rises or falls with kT has ρ = 1 or -1; equal attention has none."""
    quantities = particle_quantities(jets)
    kt = quantities["kT"]
    mask = np.isfinite(kt)
    order = np.nan_to_num(kt)
    importance = np.stack([np.sqrt(order), 1 / (1 + order) * mask, 0.2 * mask], 1)
    rho = correlations_within(importance, quantities, mask)
    several = np.array(COUNTS) > 2
    np.testing.assert_allclose(rho[several, 0, KT], 1)
    np.testing.assert_allclose(rho[several, 1, KT], -1)
    assert np.isnan(rho[~several]).all()
    assert np.isnan(rho[:, 2]).all()


def test_attention_balanced_in_a_quantity_has_a_correlation_of_zero():
    """Strong at both ends and weak in the middle, or the reverse."""
    quantity = np.array([[1.0, 2, 3, 4, 5, np.nan]])
    importance = np.array([[[5.0, 1, 0, 1, 5, 0], [0, 1, 2, 1, 0, 9]]])
    rho = correlations_within(importance, {"q": quantity}, np.array([[True] * 5 + [False]]))
    np.testing.assert_allclose(rho, 0, atol=1e-12)


def test_within_jets_the_mean_is_over_jets(load, jets, result):
    importance, mask = ParticleImportance(load("part"), ("rollout",))(jets)
    assert str(result.sources[1]) == "layer 1, head 2"
    quantities = particle_quantities(jets)
    for o, name in enumerate(OF_PARTICLES):
        counted = mask & np.isfinite(quantities[name])
        rho = spearman(importance[:, 1], np.nan_to_num(quantities[name]), counted)
        assert result.of_particles.value[0, 1, o] == pytest.approx(np.nanmean(rho), rel=1e-4)
        assert result.of_particles.jets[0, 1, o] == np.isfinite(rho).sum()
    assert result.of_particles.value[0, source(result, "pT"), PT] == pytest.approx(1)
    assert (result.of_particles.low <= result.of_particles.value + 1e-9)[0].all()


def test_over_jets_the_number_of_a_head_is_correlated_with_observables(load, jets, result):
    numbers = head_numbers(load("part"), jets, "entropy")
    trace = load("part").trace(jets[:1]).jet(0)
    np.testing.assert_allclose(numbers[0], entropy(trace.pattern).mean(-1), rtol=1e-4)
    observables = jet_observables(jets)
    assert tuple(observables) == result.observables == OF_JETS
    complete = np.isfinite(np.stack(list(observables.values()))).all(0) & np.isfinite(numbers).all((1, 2))
    for o, values in enumerate(observables.values()):
        expected = spearman(numbers[complete, 1, 0], values[complete], np.ones(complete.sum(), bool))
        assert result.of_heads.value[0, 1, 0, o] == pytest.approx(expected, abs=1e-9)
    assert (result.of_heads.jets[0] == complete.sum()).all()


def test_heads_that_follow_an_observable_are_found_with_their_interval():
    rng = np.random.default_rng(0)
    observable = rng.normal(size=(300, 1))
    heads = np.concatenate((observable**3, -observable, rng.normal(size=(300, 1))), 1)
    value, low, high = correlations_over(heads, observable, rng.poisson(1.0, (300, 200)).astype(float))
    np.testing.assert_allclose(value[:2, 0], [1, -1])
    np.testing.assert_allclose((low[:2, 0], high[:2, 0]), ([1, -1], [1, -1]))
    assert low[2, 0] < 0 < high[2, 0]
    assert high[2, 0] - low[2, 0] == pytest.approx(2 * 1.96 / 300**0.5, rel=0.25)  # of ρ = 0


def test_ablation_is_the_change_of_the_log_odds(load, jets):
    tagger = load("part")
    numbers = head_numbers(tagger, jets[:3], ABLATION)
    assert numbers.shape == (3, 2, 2)
    forward = CachedForward(tagger, jets[:3])

    def without(name, tensor):
        if name == "blocks.1.head_output":
            tensor = tensor.clone()
            tensor[:, 0] = 0
        return tensor

    logits = tagger.logits(forward.batch, tap=without).cpu().numpy().astype(float)
    unchanged = tagger.logits(forward.batch, tap=lambda _, tensor: tensor).cpu().numpy().astype(float)
    predicted = unchanged.argmax(1)

    def odds(z):
        others = np.where(np.arange(10) == predicted[:, None], -np.inf, z)
        return z[np.arange(3), predicted] - np.log(np.exp(others).sum(1))

    np.testing.assert_allclose(numbers[:, 1, 0], np.abs(odds(logits) - odds(unchanged)), rtol=1e-3, atol=1e-5)


def test_log_odds_of_a_confident_prediction_keep_their_digits():
    probabilities = np.array([[1.0, 1e-12, 1e-12]])
    assert log_odds(probabilities, np.array([0])) == pytest.approx(-np.log(2e-12))


@pytest.mark.parametrize("size", [1, 5])
def test_batches_and_the_order_of_jets_change_nothing(load, jets, result, size, monkeypatch):
    monkeypatch.setattr(PhysicsStudy, "batch_size", size)
    other = study_jets(STUDY, load("part"), jets[::-1]).arrays()
    for name, values in result.arrays().items():
        if values.dtype.kind == "f" and name.startswith("particles"):
            np.testing.assert_allclose(other[name], values, atol=0.02, err_msg=name)  # ranks of rounded numbers
    np.testing.assert_array_equal(other["heads_jets"], result.arrays()["heads_jets"])


def test_bins_are_of_the_jets_they_say(load, jets, result):
    low = ak.to_numpy(jets["jet_pt"]) < 300
    alone = study_jets(replace(STUDY, pt_edges=(0, float("inf"))), load("part"), jets[low])
    np.testing.assert_allclose(result.of_particles.value[1], alone.of_particles.value[0], atol=0.02)
    np.testing.assert_array_equal(result.of_particles.jets[1], alone.of_particles.jets[0])


def test_a_single_jet_has_no_interval(load, jets):
    result = study_jets(STUDY, load("part"), jets[:1])
    assert np.isfinite(result.of_particles.value[0]).any()
    assert np.isnan(result.of_particles.low).all()
    assert np.isnan(result.of_heads.value).all()


def test_jets_without_displacement_have_the_other_quantities(jets):
    few = jets[:1]
    bare = ak.zip({name: few[name] for name in few.fields if "d0" not in name}, depth_limit=1)
    assert np.isnan(particle_quantities(bare)["|d0|/σ"]).all()
    assert np.isfinite(particle_quantities(bare)["kT"]).all()


def test_a_model_without_attention_has_the_methods_alone(load, jets):
    result = study_jets(replace(STUDY, methods=("occlusion",)), load("pfn"), jets[:3])
    assert result.of_heads is None
    assert list(charts.charts(result)) == ["methods", "methods_by_pt"]
    assert {row["source"] for row in result.rows()} == {"Occlusion", "pT"}


def test_rows_and_charts_show_the_numbers(result):
    rows = result.rows()
    assert all(list(row) == list(rows[0]) for row in rows)
    row = next(row for row in rows if (row["source"], row["quantity"]) == ("layer 2, head 1", "kT"))
    assert row["rho"] == result.of_particles.value[0, 2, KT]
    assert row["rho_low"] <= row["rho"] <= row["rho_high"]
    every = charts.charts(result)
    np.testing.assert_array_equal(every["received_kT"].values.ravel(), result.of_particles.value[0, :4, KT])
    np.testing.assert_array_equal(every["heads_tau21"].values, result.of_heads.value[0, ..., OF_JETS.index("τ21")])
    assert charts.received_by_pt(result, (1, 0)).series[KT].name == "kT"
    assert charts.head_bars(result, (1, 0)).series[0].x == OF_JETS


@pytest.mark.parametrize("bad", [{"of_heads": "size"}, {"draws": 1}, {"pt_edges": (1.0,)}])
def test_options_out_of_range_are_refused(bad):
    with pytest.raises(PartError, match="expected"):
        PhysicsStudy(**bad)


def test_the_interval_is_that_of_other_samples(load, tmp_path):
    """The bootstrap of half of the jets holds the correlation in the other half, for most heads and quantities."""
    jets = part.read_jets(write_jets(tmp_path / "many.root", [12] * 80, seed=5))
    halves = [study_jets(replace(STUDY, draws=200), load("part"), jets[i::2]).of_particles for i in (0, 1)]
    error = (halves[0].high - halves[0].low)[0, :4] / 2 / 1.96
    pull = (halves[0].value - halves[1].value)[0, :4] / error / 2**0.5
    assert (np.abs(pull) < 3).mean() > 0.9
    assert np.abs(pull).mean() > 0.2
