"""The studies `sparsity` and `components` on toy jets: the numbers of a direct calculation, whatever the batches."""

import awkward as ak
import numpy as np
import pytest
from helpers.jets import COUNTS, write_jets, write_model

import part
from part.analysis.sparsity.components import BINS, FEATURES, ComponentsStudy, Scatter, particle_features
from part.analysis.sparsity.measures import entropy
from part.analysis.sparsity.results import NAMES, QUANTITIES
from part.analysis.sparsity.study import SparsityStudy
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies import components as component_charts
from part.figures.studies import sparsity as charts
from part.inference.activations import head_outputs, normalised_patterns
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.linpart import LinParTConfig
from part.models.pfn import PFNConfig

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long
SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2}
STUDY = SparsityStudy(k=3, n_edges=(2, 20, 40, 129), pt_edges=(0, 300, float("inf")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sparsity")
    write_jets(folder / "jets.root", COUNTS)
    write_model(folder / "alpha.safetensors", **SMALL)
    write_model(folder / "token.safetensors", **SMALL, class_layers=0, global_token=True, gate="head")
    write_model(folder / "kin.safetensors", 2, "kin", **SMALL)
    write_jets(folder / "bare.root", COUNTS[4:8], momenta_only=True)
    features = part.load_model(folder / "alpha.safetensors", "cpu").features
    save_checkpoint(folder / "pfn.safetensors", build(PFNConfig()), features, JETCLASS, {})
    slots = build(LinParTConfig(**SMALL, slots=4))
    save_checkpoint(folder / "slots.safetensors", slots, features, JETCLASS, {})
    return folder


@pytest.fixture(scope="module")
def jets(folder):
    return part.read_jets(folder / "jets.root")


def load(folder, name="alpha"):
    return part.load_model(folder / f"{name}.safetensors", "cpu")


@pytest.fixture(scope="module")
def result(folder, jets):
    return study_jets(STUDY, load(folder), jets)


def test_patterns_are_the_traced_ones(folder, jets):
    tagger = load(folder)
    pattern, mask = normalised_patterns(tagger, jets[:4])
    trace = tagger.trace(jets[:4])
    np.testing.assert_allclose(pattern, trace.pattern, atol=1e-6)
    np.testing.assert_array_equal(mask, trace.mask)


def test_without_the_global_token_rows_still_add_up(folder, jets):
    pattern, mask = normalised_patterns(load(folder, "token"), jets[:2])
    assert pattern.shape[-2:] == mask.shape[1:] * 2
    np.testing.assert_allclose(pattern.sum(-1)[0, 0, 0][mask[0]], 1, rtol=1e-5)
    given, _ = head_outputs(load(folder, "token"), jets[:2])
    assert given.shape == (2, 2, 2, mask.shape[1], 8)


def test_entropy_is_the_mean_over_queries_then_jets(folder, jets, result):
    tagger = load(folder)
    means = []
    for i in range(len(jets)):
        trace = tagger.trace(jets[i : i + 1]).jet(0)
        if len(trace.mask) > 1:
            means.append(entropy(trace.pattern).mean(-1))
    mean = result.trained.statistic("entropy")
    np.testing.assert_allclose(mean.value, np.mean(means, 0), rtol=1e-4)
    np.testing.assert_allclose(mean.error, np.std(means, 0, ddof=1) / len(means) ** 0.5, rtol=1e-3)
    assert (mean.jets == len(jets) - 1).all()  # one jet has a single particle


@pytest.mark.parametrize("size", [1, 5])
def test_batches_and_the_order_of_jets_change_nothing(folder, jets, result, size, monkeypatch):
    monkeypatch.setattr(SparsityStudy, "batch_size", size)
    reversed_order = study_jets(STUDY, load(folder), jets[::-1])
    for name, values in result.arrays().items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(reversed_order.arrays()[name], values, rtol=1e-3, atol=2e-5, err_msg=name)


def test_groups_are_of_the_jets_they_say(folder, jets, result):
    """Class 5 has one jet, of 45 constituents, the only of its class; it alone gives the class's mean."""
    alone = study_jets(STUDY, load(folder), jets[5:6]).trained
    for name in NAMES:
        expected = alone.statistic(name).value
        np.testing.assert_allclose(result.trained.statistic(name, "class").value[5], expected, rtol=1e-4, atol=1e-6)
    counts = np.minimum(COUNTS, 128)
    inside = [((counts >= low) & (counts < high)).sum() for low, high in ((2, 20), (20, 40), (40, 129))]
    np.testing.assert_array_equal(result.trained.statistic("gini", "n").jets[:, 0, 0], inside)
    assert result.trained.statistic("gini", "pt").jets.sum() == 4 * (len(COUNTS) - 1)


def test_what_depends_on_weights_alone_survives_the_shuffle(result):
    for name, quantity in QUANTITIES.items():
        excess = result.trained.statistic(name, kind="excess").value
        assert bool(np.abs(excess).max() > 1e-6) is quantity.depends_on_keys, name


def test_untrained_weights_are_another_model_that_the_seed_decides(folder, result, jets):
    tagger = load(folder)
    twin, same, other = (tagger.reinitialised(seed) for seed in (0, 0, 1))
    assert twin.name == "alpha-untrained"
    assert twin.sha256 == same.sha256 != other.sha256
    np.testing.assert_array_equal(twin.predict(jets[:2]), same.predict(jets[:2]))
    itself = study_jets(SparsityStudy(**{**vars(STUDY), "untrained": False}), twin, jets)
    np.testing.assert_allclose(
        itself.trained.statistic("gini").value, result.untrained.statistic("gini").value, rtol=1e-6
    )
    assert itself.untrained is None
    assert itself.rows()[0]["untrained"] is None


def test_histograms_hold_all_weights(result):
    for mean in (result.trained.linear, result.trained.decades, result.untrained.linear):
        np.testing.assert_allclose(mean.value.sum(-1), 1, rtol=1e-6)


def test_the_table_has_a_row_for_each_number_of_a_head(result):
    rows = result.rows()
    assert len(rows) == len(NAMES) * 4
    assert all(list(row) == list(rows[0]) for row in rows)
    row = next(r for r in rows if (r["quantity"], r["layer"], r["head"]) == ("topk", 2, 1))
    assert row["value"] == result.trained.statistic("topk").value[1, 0]


@pytest.mark.parametrize("name", ["pfn", "slots"])
@pytest.mark.parametrize("study", [STUDY, ComponentsStudy()])
def test_models_without_attention_between_particles_are_refused(folder, jets, name, study):
    with pytest.raises(PartError, match=r"^(pfn|slots) has no .*\.$"):
        study_jets(study, load(folder, name), jets)


def test_options_out_of_range_are_refused():
    with pytest.raises(PartError, match="expected k of at least 1"):
        SparsityStudy(k=0)
    with pytest.raises(PartError, match="threshold is 1 "):
        SparsityStudy(threshold=1.0)


def test_charts_show_the_numbers(result):
    all_charts = charts.charts(result)
    np.testing.assert_array_equal(all_charts["gini"].values, result.trained.statistic("gini").value)
    np.testing.assert_array_equal(all_charts["gini_untrained"].values, result.untrained.statistic("gini").value)
    assert "gini_shuffled" not in all_charts
    assert all_charts["effective_number_by_class"].rows[0] == JETCLASS.titles[0]
    plot = charts.by_group({"alpha": result}, "inter_subjet", "n", 0, 1)
    assert [series.name for series in plot.series] == ["untrained weights", "shuffled keys", "alpha"]
    np.testing.assert_allclose(plot.series[-1].y, result.trained.statistic("inter_subjet", "n").value[:, 0, 1])


def test_the_first_component_is_that_of_all_particles_at_once(folder, jets):
    tagger = load(folder)
    result = study_jets(ComponentsStudy(), tagger, jets)
    given, mask = head_outputs(tagger, jets)
    vectors = np.moveaxis(given, 3, 1)[mask][:, 1, 0].astype(float)
    values, axes = np.linalg.eigh(np.cov(vectors.T, bias=True))
    assert result.explained_variance[1, 0] == pytest.approx(values[-1] / values.sum(), rel=1e-5)
    features = particle_features(jets)
    scores = (vectors - vectors.mean(0)) @ axes[:, -1]
    correlations = np.array([np.corrcoef(scores, f)[0, 1] for f in features.T])
    np.testing.assert_allclose(result.correlation[1, 0], correlations * np.sign(correlations[0]), atol=1e-5)
    inside = np.digitize(features[:, 0], BINS["ln pT"]) == 3
    jet = np.repeat(np.arange(len(jets)), mask.sum(1))
    means = [scores[inside & (jet == j)].mean() for j in range(len(jets)) if (inside & (jet == j)).any()]
    expected = np.sign(correlations[0]) * np.mean(means) / scores.std()
    assert result.profiles["ln pT"].value[1, 0, 2] == pytest.approx(expected, rel=1e-4)
    assert (result.particles, result.jets) == (mask.sum(), len(jets))


def test_the_error_of_a_correlation_is_that_of_drawing_jets(folder, tmp_path):
    """The reference is a bootstrap over jets with the component held fixed."""
    jets = part.read_jets(write_jets(tmp_path / "many.root", [10] * 150, seed=3))
    tagger = load(folder)
    result = study_jets(ComponentsStudy(), tagger, jets)
    given, _ = head_outputs(tagger, jets)
    vectors = given[:, 0, 1].reshape(-1, 8).astype(float)
    axis = np.linalg.eigh(np.cov(vectors.T))[1][:, -1]
    scores, feature = (vectors @ axis).reshape(150, 10), particle_features(jets)[:, 1].reshape(150, 10)
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, 150, 150) for _ in range(600)]
    correlations = [np.corrcoef(scores[d].ravel(), feature[d].ravel())[0, 1] for d in drawn]
    assert result.error[0, 1, 1] == pytest.approx(np.std(correlations), rel=0.15)


def test_missing_features_are_left_out(folder):
    jets = part.read_jets(folder / "bare.root")
    result = study_jets(ComponentsStudy(), load(folder, "kin"), jets)
    assert np.isfinite(result.correlation[..., :2]).all()
    assert np.isnan(result.correlation[..., FEATURES.index("charge")]).all()
    assert result.rows()[0]["r charge"] is None
    sparse = study_jets(STUDY, load(folder, "kin"), jets)
    assert np.isnan(sparse.trained.statistic("to_leptons").value).all()
    assert len(component_charts.charts(result)) == 1 + 3 * SMALL["layers"]


def test_the_covariance_of_batches_is_that_of_all():
    vectors = np.random.default_rng(0).normal(100, 1, (40, 2, 3))
    scatter = Scatter()
    for size in np.split(vectors, [1, 15]):
        scatter.add(size)
    np.testing.assert_allclose(scatter.mean, vectors.mean(0))
    for i in range(2):
        np.testing.assert_allclose(scatter.covariance[i], np.cov(vectors[:, i].T, bias=True), rtol=1e-9)


def test_constituents_that_no_model_sees_are_left_out(jets):
    seen = np.minimum(ak.to_numpy(ak.num(jets["part_px"])), 128).sum()
    assert len(particle_features(jets)) == seen
