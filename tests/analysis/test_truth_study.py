"""The study `truth` on jets whose prongs are known: closed forms, batches, the nulls, and what is left out."""

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from helpers.attribution import few_jets, tagger_loader
from helpers.truth import with_partons

from part.analysis.attribution.importance import ParticleImportance, Source, chosen_methods
from part.analysis.attribution.methods import attribute
from part.analysis.attribution.task import make_task
from part.analysis.study import study_jets
from part.analysis.truth.overlap import GROUPS
from part.analysis.truth.prongs import find_prongs
from part.analysis.truth.single_jet import jet_prongs
from part.analysis.truth.study import TruthStudy
from part.errors import PartError
from part.figures.studies import truth as charts
from part.jets import kinematics, subjet_index
from part.jets.notices import JetWarning

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long
STUDY = TruthStudy(methods=("rollout", "occlusion"), match="kt", pt_edges=(0, 300, float("inf")))
ANY, LEADING, SECOND, THIRD, FURTHER, NONE, B, *_ = range(len(GROUPS))


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def sample(jets):
    """Short jets with two prongs each, but for one of a single particle."""
    return with_partons(jets[ak.num(jets["part_px"]) < 50])


@pytest.fixture(scope="module")
def result(load, sample):
    return study_jets(STUDY, load("part"), sample)


def row_of(result, name: str) -> int:
    return [str(source) for source in result.sources].index(name)


def test_sources_are_heads_means_methods_and_pt(load):
    names = [str(source) for source in ParticleImportance(load("part"), ("rollout",)).sources]
    assert names[:2] == ["layer 1, head 1", "layer 1, head 2"]
    assert names[4] == "class layer 1, head 1"
    assert names[-4:] == ["mean of heads", "mean of class heads", "Rollout", "pT"]
    assert Source("head", 1, 0).columns() == {"source": "layer 2, head 1", "kind": "head", "layer": 2, "head": 1}


@pytest.mark.parametrize("name", ["part", "global", "pairattn", "linpart", "pfn"])
def test_importance_is_that_of_the_trace_and_of_the_methods(load, tmp_path, name):
    tagger, jets = load(name), few_jets(tmp_path)
    importance = ParticleImportance(tagger, ("occlusion",))
    values, mask = importance(jets)
    assert values.shape == (3, len(importance.sources), 11)
    np.testing.assert_allclose(values.sum(-1), 1, rtol=1e-5)
    assert not (values * ~mask[:, None]).any()
    trace = tagger.trace(jets)
    for r, source in enumerate(importance.sources):
        if source.kind == "head":
            rows = trace.pattern[2, source.layer, source.head]
            np.testing.assert_allclose(values[2, r], (rows / rows.sum(-1, keepdims=True)).mean(0), rtol=1e-4)
        if source.kind == "class head":
            row = trace.class_pattern[2, source.layer, source.head, 1:]
            np.testing.assert_allclose(values[2, r], row / row.sum(), rtol=1e-4)
        if source.kind == "method":
            sizes = np.abs(attribute(make_task(tagger, jets[2:]), "occlusion").values)
            np.testing.assert_allclose(values[2, r], sizes / sizes.sum(), rtol=1e-3, atol=1e-5)
    assert (name in ("part", "global", "pairattn")) == bool(importance.heads)
    heads = [r for r, source in enumerate(importance.sources) if source.kind == "head"]
    if heads:
        mean = [str(source) for source in importance.sources].index("mean of heads")
        np.testing.assert_allclose(values[:, heads].mean(1), values[:, mean], rtol=1e-6)


def test_prongs_that_are_subjets_hold_the_subjets(sample):
    """Where both subjets are near the axis, each constituent is in the prong that is its own subjet."""
    prongs = find_prongs(sample, "kt")
    prong, n_prongs = prongs.index, prongs.count
    subjets = ak.to_numpy(ak.fill_none(ak.pad_none(subjet_index(sample, 2), prong.shape[1]), -1))
    both = n_prongs == 2
    assert both.sum() >= 7
    np.testing.assert_array_equal(prong[both], subjets[both])


def test_the_share_of_pt_is_that_of_the_subjets(result, sample):
    prongs = find_prongs(sample, "kt")
    prong, n_prongs = prongs.index, prongs.count
    pt = ak.to_numpy(ak.fill_none(ak.pad_none(kinematics.pt(sample["part_px"], sample["part_py"]), prong.shape[1]), 0))
    shares = (pt * (prong == 0)).sum(1) / pt.sum(1)
    mean, r = result.means["share"], row_of(result, "pT")
    assert mean.value[0, r, LEADING] == pytest.approx(shares.mean(), rel=1e-5)
    assert mean.error[0, r, LEADING] == pytest.approx(shares.std(ddof=1) / len(shares) ** 0.5, rel=1e-4)
    second = (pt * (prong == 1)).sum(1) / pt.sum(1)
    assert mean.value[0, r, SECOND] == pytest.approx(second[n_prongs == 2].mean(), rel=1e-5)


def test_shares_add_up_and_none_is_the_rest_of_any(result):
    share = result.means["share"].value[0]
    np.testing.assert_allclose(share[:, ANY], 1 - share[:, NONE])
    np.testing.assert_allclose(share[:, ANY], share[:, B])  # all prongs are b quarks
    assert np.isnan(share[:, THIRD]).all()  # no jet has a third prong
    assert charts.present_groups(result) == (ANY, LEADING, SECOND, NONE, B)


def test_bins_are_of_the_jets_they_say(load, sample, result):
    pt = ak.to_numpy(sample["jet_pt"])
    low = study_jets(replace(STUDY, pt_edges=(0, float("inf"))), load("part"), sample[pt < 300])
    np.testing.assert_allclose(result.means["share"].value[1], low.means["share"].value[0], rtol=1e-4)
    np.testing.assert_allclose(result.shuffled_interval[0][1], low.shuffled_interval[0][0], rtol=1e-4)
    assert result.means["pt"].value[1] == pytest.approx(pt[pt < 300].mean(), rel=1e-5)


@pytest.mark.parametrize("size", [1, 5])
def test_batches_and_the_order_of_jets_change_nothing(load, sample, result, size, monkeypatch):
    monkeypatch.setattr(TruthStudy, "batch_size", size)
    other = study_jets(STUDY, load("part"), sample[::-1]).arrays()
    for name, values in result.arrays().items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(other[name], values, rtol=1e-3, atol=2e-5, err_msg=name)


def test_shuffled_prongs_agree_with_the_null_and_its_interval(load, sample):
    """Prongs at random constituents: the share of every head scatters around the null as its interval says."""
    tagger = load("part")
    values, mask = ParticleImportance(tagger, ())(sample)
    rng = np.random.default_rng(0)
    prong = find_prongs(sample, "kt").index
    result = study_jets(replace(STUDY, methods=("rollout",)), tagger, sample)
    means = []
    for _ in range(400):
        key = np.where(mask, rng.random(mask.shape), 2)
        shuffled = np.take_along_axis(prong, np.argsort(np.argsort(key, 1), 1), 1)
        means.append((values[:, 0] * (shuffled == 0) * mask).sum(1).mean())
    low, high = (end[0, 0, LEADING] for end in result.shuffled_interval)
    error = (high - low) / 2 / 1.96
    assert np.mean(means) == pytest.approx(result.means["shuffled"].value[0, LEADING], abs=4 * error / 20)
    assert np.std(means) == pytest.approx(error, rel=0.15)


def test_jets_without_partons_are_left_out_and_counted(load, sample, result):
    some = np.arange(len(sample)) % 3 > 0
    tagger, part_known = load("part"), with_partons(sample, known=some)
    with pytest.warns(JetWarning, match=rf"Left out of the comparison with the truth: {(~some).sum()} jets"):
        partly = study_jets(STUDY, tagger, part_known)
    assert (partly.jets, partly.left_out) == (len(sample), (~some).sum())
    alone = study_jets(STUDY, tagger, sample[some])
    np.testing.assert_allclose(partly.means["share"].value, alone.means["share"].value, rtol=1e-3, atol=1e-5)
    assert partly.rows()[0]["left_out"] == (~some).sum()


def test_jets_without_any_truth_end_in_one_sentence(load, jets):
    with pytest.raises(
        PartError, match=r"^None of 3 jets can be compared with the truth: .*parton_\* or aux_genpart_\*"
    ):
        study_jets(STUDY, load("part"), jets[[0, 1, 4]])


def test_a_model_without_attention_is_compared_by_its_methods(load, sample):
    result = study_jets(TruthStudy(methods=("occlusion",)), load("pfn"), sample)
    assert [source.kind for source in result.sources] == ["method", "pt"]
    assert not any("excess" in name for name in charts.charts(result))
    assert chosen_methods(load("pfn"), ()) == ("integrated", "smoothgrad", "occlusion")
    with pytest.raises(PartError, match="no attention to follow"):
        study_jets(STUDY, load("pfn"), sample)


def test_rows_say_all_numbers(result):
    rows = result.rows()
    assert all(list(row) == list(rows[0]) for row in rows)
    r = row_of(result, "Rollout")
    row = next(
        row for row in rows if (row["source"], row["pt_low"], row["particles"]) == ("Rollout", None, "leading prong")
    )
    assert row["share"] == result.means["share"].value[0, r, LEADING]
    assert row["excess"] == pytest.approx(row["share"] - row["shuffled"])
    assert row["shuffled_low"] <= row["shuffled"] <= row["shuffled_high"]
    assert row["auc"] == result.means["auc"].value[0, r, LEADING]
    assert not [row for row in rows if row["particles"] == "third prong"]


def test_charts_show_the_numbers(result):
    every = charts.charts(result)
    excess = result.means["excess"].value[0, :4, LEADING].reshape(2, 2)
    np.testing.assert_array_equal(every["leading_prong_excess"].values, excess)
    auc = result.means["auc"].value[0, :4, LEADING].reshape(2, 2)
    np.testing.assert_array_equal(every["leading_prong_auc"].values, auc - 0.5)
    bars = charts.shares(result, LEADING, (1, 0))
    assert bars.series[0].x[:2] == ("layer 2, head 1", "mean of heads")
    assert bars.series[0].y[0] == result.means["share"].value[0, 2, LEADING]
    assert charts.by_pt(result, LEADING, (1, 0)).series[1].name == "layer 2, head 1"


@pytest.mark.parametrize("bad", [{"match": "nearest"}, {"k": -1}, {"pt_edges": (500,)}, {"pt_edges": (500, 400)}])
def test_options_out_of_range_are_refused(bad):
    with pytest.raises(PartError, match="expected"):
        TruthStudy(**bad)


def test_one_jet_has_the_shares_of_the_sample(sample):
    jet = sample[:1]
    prong = find_prongs(jet, "kt").index
    on_leading = (prong[0] == 0).astype(float)
    shares = jet_prongs(jet, {"leading": on_leading, "uniform": np.ones(len(on_leading))}, "kt")
    assert shares.groups == ("leading prong, b", "second prong, b", "no prong")
    np.testing.assert_allclose(shares.shares["leading"], [1, 0, 0])
    np.testing.assert_allclose(shares.shares["uniform"], shares.expected)
    np.testing.assert_allclose(shares.shuffled_intervals["uniform"][0], shares.expected)
    low, high = shares.shuffled_intervals["leading"]
    assert low[0] < shares.expected[0] < high[0] < 1
    assert np.isnan(shares.auc["leading"])  # all constituents belong to a prong
    assert jet_prongs(with_partons(jet, known=np.array([False])), {"uniform": on_leading}) is None
