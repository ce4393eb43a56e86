"""Attention between collections of tokens: the shares of brute force, and what shuffled keys expect."""

import numpy as np
import pytest
from helpers.own_models import write_own_model
from helpers.own_training import write_own_jets

import part
from part.analysis.sparsity.study import SparsityStudy
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies import sparsity as charts
from part.figures.studies import study_charts

pytestmark = pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return part.load_model(write_own_model(tmp_path_factory.mktemp("models") / "two.safetensors", "vertices"))


@pytest.fixture(scope="module")
def jets(tmp_path_factory, tagger):
    path = write_own_jets(tmp_path_factory.mktemp("jets") / "own.root", n=40)
    return part.read_jets(path, config=tagger.data_config)


@pytest.fixture(scope="module")
def result(tagger, jets):
    return study_jets(SparsityStudy(), tagger, jets)


def shares_by_brute_force(tagger, jets, a: int, b: int) -> np.ndarray:
    """Return for each jet that has both (J, L, H) the share of the attention of a's tokens that b's others receive."""
    shares = []
    trace = tagger.trace(jets)
    for jet in map(trace.jet, range(len(jets))):
        from_a, to_b = np.flatnonzero(jet.kind == a), np.flatnonzero(jet.kind == b)
        if not len(from_a) or len(to_b) < (2 if a == b else 1):
            continue
        weights = jet.pattern.astype(np.float64)
        others = weights * (1 - np.eye(weights.shape[-1]))
        shares.append(others[:, :, from_a][..., to_b].sum((-2, -1)) / others[:, :, from_a].sum((-2, -1)))
    return np.stack(shares)


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_shares_are_the_mean_over_jets_that_have_both(tagger, jets, result, a, b):
    each = shares_by_brute_force(tagger, jets, a, b)
    mean = result.trained.collections
    np.testing.assert_allclose(mean.value[0, :, :, a, b], each.mean(0), atol=1e-5)
    np.testing.assert_allclose(mean.error[0, :, :, a, b], each.std(0, ddof=1) / len(each) ** 0.5, atol=1e-5)
    assert (mean.jets[0, :, :, a, b] == len(each)).all()
    row = next(row for row in result.rows() if row["quantity"] == f"{('pf', 'sv')[a]} to {('pf', 'sv')[b]}")
    assert row["value"] == pytest.approx(each.mean(0)[0, 0], abs=1e-5)
    assert row["excess"] == pytest.approx(row["value"] - row["shuffled"], abs=1e-5)


def test_shuffled_keys_receive_by_their_number(jets, result):
    kinds = [np.asarray(kind) for kind in jets["part_kind"]]
    counts = np.array([[(kind == c).sum() for c in (0, 1)] for kind in kinds])
    counts = counts[(counts > 0).all(1)]
    expected = (counts[:, 1] / (counts.sum(1) - 1)).mean()
    np.testing.assert_allclose(result.trained.collections.value[1, ..., 0, 1], expected, atol=1e-6)


def test_the_chart_has_the_intervals_of_the_chosen_head(result):
    bars = charts.between_collections(result, 1, 2)
    assert bars.series[0].x == ("pf → pf", "pf → sv", "sv → pf", "sv → sv")
    mean = result.trained.collections
    np.testing.assert_allclose(bars.series[0].y, mean.value[0, 1, 2].ravel())
    np.testing.assert_allclose(bars.series[0].high - bars.series[0].y, 1.96 * mean.error[0, 1, 2].ravel(), rtol=1e-3)
    assert {series.name for series in bars.series[1:]} == {"shuffled keys", "untrained weights"}
    names = study_charts("sparsity", result)
    assert {"pf_to_pf", "pf_to_sv", "sv_to_pf", "sv_to_sv"} <= set(names)
    assert result.arrays()["trained_collections"].shape == (3, 3, 4, 2, 2)


def test_a_model_of_one_collection_has_none(tmp_path, tmp_path_factory):
    tagger = part.load_model(write_own_model(tmp_path / "one.safetensors"))
    jets = part.read_jets(write_own_jets(tmp_path / "own.root", n=10), config=tagger.data_config)
    result = study_jets(SparsityStudy(untrained=False), tagger, jets)
    assert result.collections == ()
    assert not any(" to " in row["quantity"] for row in result.rows())
    with pytest.raises(PartError, match="one takes one collection"):
        charts.between_collections(result, 0, 0)


def test_of_many_classes_those_with_the_most_jets_have_bars(tmp_path):
    labels = {"type": "custom", "value": {"truth": "np.floor(fj_energy / 20)"}}
    tagger = part.load_model(write_own_model(tmp_path / "wide.safetensors", classes=60, changes={"labels": labels}))
    jets = part.read_jets(write_own_jets(tmp_path / "own.root", n=120), config=tagger.data_config)
    result = study_jets(SparsityStudy(untrained=False), tagger, jets)
    counts = np.bincount(np.asarray(jets["truth"]), minlength=60)
    drawn, n_present = charts.classes_drawn(result, "entropy")
    assert n_present == (counts > 0).sum() > len(drawn) == 16
    assert counts[drawn].min() >= np.delete(counts, drawn).max()
    bars = charts.by_class({"wide": result}, "entropy", 0, 0)
    assert bars.series[0].x == tuple(f"class {index}" for index in drawn)
    assert bars.title.endswith(f"16 of {n_present} classes")
