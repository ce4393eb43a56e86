"""The study of edges: the same numbers for any batches and processes, and what it says of them."""

import json
import pickle

import awkward as ak
import numpy as np
import pytest
from helpers.attribution import tagger_loader
from helpers.jets import write_jets

import part
from part.analysis.circuits.edges import study as edges_study
from part.analysis.circuits.edges.result import EdgesResult
from part.analysis.circuits.edges.study import EdgesStudy
from part.analysis.circuits.edges.wiring import Wiring, flows
from part.analysis.results import result_bytes
from part.analysis.stored_results import dumps, loads
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.matplotlib import figure_bytes
from part.figures.matplotlib.charts import draw_chart
from part.figures.plotly.charts import draw_chart as draw_plotly
from part.figures.studies import study_charts
from part.jets.labels import labels
from part.models.config import ParTConfig

SMALL = EdgesStudy("Tbqq", "QCD", steps=2, exact=6)


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    counts = [3 + 5 * i % 9 for i in range(40)]
    return part.read_jets(write_jets(tmp_path_factory.mktemp("jets") / "jets.root", counts, seed=2))


@pytest.fixture(scope="module")
def result(load, jets):
    return study_jets(SMALL, load("part"), jets)


def assert_same(first: EdgesResult, second: EdgesResult) -> None:
    arrays = second.arrays()
    for name, values in first.arrays().items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(arrays[name], values, rtol=1e-3, atol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(arrays[name], values, err_msg=name)


def test_batches_and_the_order_of_jets_change_nothing(load, jets, result, monkeypatch):
    monkeypatch.setattr(EdgesStudy, "batch_size", 3)
    monkeypatch.setattr(edges_study, "PAIRS_AT_ONCE", 1)
    assert_same(result, study_jets(SMALL, load("part"), jets[::-1]))


def test_merged_sums_are_those_of_all_jets(load, jets, result):
    tagger, earlier = load("part"), []
    jets = ak.with_field(jets, np.arange(len(jets)), "entry")
    truth = labels(jets, tagger.dataset)
    whole = SMALL.accumulator(tagger)
    for number in range(SMALL.n_passes):
        if number:
            whole.next_pass()
        for rows in (slice(0, 15), slice(15, None)):
            worker = SMALL.accumulator(tagger)
            for sums in earlier:
                worker.merge(pickle.loads(pickle.dumps(sums)))
                worker.next_pass()
            worker.add(jets[rows], truth[rows])
            whole.merge(pickle.loads(pickle.dumps(worker.sums)))
        earlier.append(whole.sums)
    assert_same(result, whole.result())


def test_the_strongest_edges_come_first_with_exact_values(result, load):
    assert result.pairs == 4
    n = len(Wiring(load("part").config).edges)
    assert len(result.edges) == result.n_edges == n
    size = np.abs(result.score.value)
    assert (np.diff(size) <= 1e-4 * size[0]).all()
    assert result.measured[:6].all()
    assert 6 < result.measured.sum() <= 12
    assert result.correlation(True) > 0.5
    np.testing.assert_allclose(result.compared.value[result.measured], result.score.value[result.measured], rtol=1e-4)
    assert "correlate with their scores with r = " in result.remark
    senders = np.bincount(result.edges[:, 0], result.score.value, len(result.nodes))
    np.testing.assert_allclose(result.node_scores.value, senders, atol=1e-6)
    assert np.isfinite(result.node_effects.value[:-1]).all()
    assert result.flow.sum() == pytest.approx(size.sum())
    assert 0 < result.matched <= 1


def test_flows_add_up_edges_by_layer():
    wiring = Wiring(ParTConfig(layers=2, heads=2, embed=(16,), class_layers=1))
    groups, flow = flows(wiring, np.ones(len(wiring.edges)))
    assert groups == ("pair features", "embedding", "1", "2", "class 1", "logits")
    assert flow[0].tolist() == [0, 0, 8, 8, 0, 0]
    assert flow[1].tolist() == [0, 0, 7, 7, 4, 0]
    assert flow[-2, -1] == 3
    assert np.tril(flow, -1).sum() == 0


def test_few_edges_are_kept_and_stored_in_little(load, jets, monkeypatch):
    monkeypatch.setattr(edges_study, "KEPT", 10)
    few = study_jets(SMALL, load("part"), jets)
    assert 10 <= len(few.edges) <= 22
    assert few.measured.sum() > 6
    again = loads(json.loads(dumps(few)))
    assert again.nodes == few.nodes
    np.testing.assert_array_equal(again.edges, few.edges)
    assert len(dumps(few)) < 6000


@pytest.mark.parametrize("corruption", ["subjet", "identities", "soft"])
def test_corruptions_without_donors_need_one_pass_less(load, jets, corruption):
    study = EdgesStudy(corruption=corruption, method="gradient", exact=0)
    assert study.n_passes == 1
    found = study_jets(study, load("part"), jets)
    assert found.pairs == 4
    assert np.abs(found.score.value[0]) > 1e-5
    assert not found.measured.any()
    assert "no exact values" in found.remark.lower()
    assert list(study_charts("edges", found)) == ["graph", "flow"]


def test_a_control_matters_less_than_another_jet(load, jets, result):
    control = study_jets(EdgesStudy(corruption="soft", exact=0), load("part"), jets)
    assert np.abs(control.node_scores.value).sum() < np.abs(result.node_scores.value).sum()


@pytest.mark.parametrize("name", ["part", "global", "mean", "nobias", "linpart", "pairattn"])
def test_all_models_have_charts_that_are_drawn(load, jets, name):
    found = study_jets(EdgesStudy(steps=1, exact=3), load(name), jets)
    charts = study_charts("edges", found)
    assert set(charts) >= {"graph", "exact", "effects", "flow"}
    assert ("class_effects" in charts) == (name not in ("global", "mean"))
    for chart in charts.values():
        assert draw_plotly(chart, "dark", 300).layout.height == 300
        assert figure_bytes(draw_chart(chart), "pdf", {}).startswith(b"%PDF")


def test_a_single_pair_and_more_exact_edges_than_there_are_can_be_drawn(load, jets):
    truth = labels(jets, load("part").dataset)
    rows = [*np.flatnonzero(truth == 8)[:1], *np.flatnonzero(truth == 0)[:1]]
    found = study_jets(EdgesStudy(steps=1, exact=1000), load("part"), jets[rows])
    assert found.pairs == 1
    assert found.measured.all()
    assert "others" not in found.remark
    for chart in study_charts("edges", found).values():
        assert "nan" not in chart.sentence
        draw_plotly(chart, "light", 300)
        figure_bytes(draw_chart(chart), "svg", {})
    for kind in ("json", "csv", "npz"):
        assert result_bytes(found, kind, {})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "other"}, "no method 'other'; choose one of integrated, gradient"),
        ({"steps": 0}, "steps is 0; expected 1 to 100"),
        ({"exact": -1}, "exact is -1; expected 0 to 1000"),
    ],
)
def test_options_that_cannot_be_are_refused(options, sentence):
    with pytest.raises(PartError, match=sentence):
        EdgesStudy(**options)


def test_models_and_jets_that_have_no_edges_say_so(load, jets):
    with pytest.raises(PartError, match="has no edges: a PFN has no residual stream"):
        study_jets(EdgesStudy(), load("pfn"), jets)
    with pytest.raises(PartError, match="part-int8 has no edges: it computes in int8"):
        EdgesStudy().check(part.load_model("part-int8"))
    with pytest.raises(PartError, match="no corruption 'x'"):
        study_jets(EdgesStudy(corruption="x"), load("part"), jets)
    with pytest.raises(PartError, match="share the class"):
        study_jets(EdgesStudy("QCD", "QCD"), load("part"), jets)
    without = jets[[name for name in jets.fields if not name.startswith("label_")]]
    with pytest.raises(PartError, match="need jets with labels"):
        study_jets(EdgesStudy(), load("part"), without)
    only_qcd = jets[np.asarray(jets["label_QCD"]) == 1]
    with pytest.raises(PartError, match="no Tbqq jets among these; expected some to make pairs of"):
        study_jets(EdgesStudy(exact=0), load("part"), only_qcd)
    only_top = jets[np.asarray(jets["label_Tbqq"]) == 1]
    with pytest.raises(PartError, match="no QCD jets among these"):
        study_jets(EdgesStudy(), load("part"), only_top)
