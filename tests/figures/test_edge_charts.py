"""The graph of edges, and the charts of what one edge carries between two jets."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader
from helpers.jets import write_jets

import part
from part.analysis.circuits.corruptions import find_corruption
from part.analysis.circuits.edges.one_pair import edge_on_pair
from part.analysis.circuits.edges.result import KEPT
from part.analysis.circuits.edges.study import EdgesStudy
from part.analysis.circuits.edges.wiring import CHANNELS, Wiring
from part.analysis.circuits.pairs import make_pairs
from part.analysis.study import study_jets
from part.figures.about import explain
from part.figures.charts import Graph, Grid, Plane, Plot
from part.figures.jet_view import view_jet
from part.figures.matplotlib import figure_bytes
from part.figures.matplotlib.charts import draw_chart
from part.figures.plotly.charts import draw_chart as draw_plotly
from part.figures.sentences.edges import facts
from part.figures.studies.edge_on_pair import CLASS_TOKEN, MOST_CELLS, by_particle, charts
from part.figures.studies.edges import edge_title, graph

WEIGHTS = torch.zeros(10)
WEIGHTS[8], WEIGHTS[0] = 1.0, -1.0
N = 15  # constituents


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def result(load, tmp_path_factory):
    path = tmp_path_factory.mktemp("jets") / "j.root"
    jets = part.read_jets(write_jets(path, [4 + i % 5 for i in range(40)], seed=7))
    return study_jets(EdgesStudy("Tbqq", "QCD", steps=1, exact=6), load("part"), jets)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    jet = part.read_jets(write_jets(tmp_path_factory.mktemp("pair") / "j.root", [N], seed=2))
    return make_pairs(jet, find_corruption("identities"))


def measured(tagger, pair, sender, receiver, channel):
    names = [node.name for node in Wiring(tagger.config).nodes]
    found = edge_on_pair(tagger, pair, WEIGHTS, (names.index(sender), names.index(receiver), channel))
    return found, view_jet(tagger, pair.clean)


def test_the_graph_shows_the_strongest_edges_and_says_how_many_it_leaves_out(result):
    drawn = graph(result, 5)
    assert isinstance(drawn, Graph)
    assert len(drawn.edges) == 5
    assert drawn.n_left_out == result.n_edges - 5
    assert f"{drawn.n_left_out} others left out" in drawn.legend
    assert [edge.value for edge in drawn.edges] == result.score.value[:5].tolist()
    assert all(drawn.nodes[e.sender].x < drawn.nodes[e.receiver].x for e in graph(result, 999).edges)
    places = [(node.x, node.y) for node in drawn.nodes]
    assert len(set(places)) == len(places)
    heads = [node.head for node in drawn.nodes if node.head]
    assert heads == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert "exact" in drawn.edges[0].text
    figure = draw_plotly(drawn, "light", 400)
    assert figure.data[-1].name == "nodes"
    assert len(figure.data[-1].x) == len(result.nodes)
    assert figure.data[-2].name == "edges"
    x, y, numbers = drawn.handles()
    assert figure.data[-2].x.tolist() == x.tolist()
    assert set(numbers) == set(range(5))
    for number, edge in enumerate(drawn.edges):
        curve = np.column_stack(drawn.curve(edge)).tolist()
        assert all([a, b] in curve for a, b in zip(x[numbers == number], y[numbers == number], strict=True))
    for edge in drawn.edges:
        x, y = drawn.curve(edge)
        assert x[0] == drawn.nodes[edge.sender].x
        assert x[-1] == pytest.approx(drawn.nodes[edge.receiver].x)
        assert np.isfinite(y).all()


def test_the_graph_can_be_that_of_heads(result):
    drawn = graph(result, 999, "heads")
    kinds = {node.name: node.kind for node in result.nodes}
    ends = [drawn.nodes[end].name for edge in drawn.edges for end in (edge.sender, edge.receiver)]
    assert {kinds[name] for name in ends} == {"head", "class head"}
    assert len(drawn.edges) < len(graph(result, 999).edges)
    assert draw_plotly(graph(result, 0), "light", 300).data[-1].name == "nodes"  # also without any edge


def test_the_graph_can_be_that_of_pair_features(result):
    drawn = graph(result, 999, "features")
    assert {edge.channel for edge in drawn.edges} == {"bias"}
    assert len(drawn.edges) == sum(channel == CHANNELS.index("bias") for channel in result.edges[:KEPT, 2])


def test_a_marked_edge_stands_out_also_if_it_is_not_among_the_strongest(result):
    for marked, place in ((2, 2), (20, 5)):
        drawn = graph(result, 5, marked=marked)
        assert drawn.marked == place
        assert drawn.marked_edge is not None
        assert drawn.marked_edge.key == result.edge_key(marked)
        assert result.edge_index(drawn.marked_edge.key) == marked
        opacities = [drawn.opacity(edge, 0.5) for edge in drawn.edges]
        assert np.argmax(opacities) == place
        x, _ = drawn.curve(drawn.marked_edge)
        assert draw_plotly(drawn, "light", 300).data[0].x.tolist() == x.tolist()
        assert figure_bytes(draw_chart(drawn), "svg", {}).startswith(b"<?xml")
    assert result.edge_index("L9H9-logits-input") is None


@pytest.mark.parametrize(
    ("name", "edge", "kinds"),
    [
        ("part", ("embedding", "L1H2", "q"), {"attention": Grid, "by_particle": Plane}),
        ("part", ("L1H2", "L2H1", "v"), {"by_particle": Plane}),
        ("part", ("L2H2", "class L1H1", "k"), {"attention": Plane, "by_particle": Plane}),
        ("part", ("class FFN 1", "logits", "input"), {}),
        ("global", ("embedding", "L1H2", "k"), {"attention": Grid, "by_particle": Plane}),
        ("linpart", ("embedding", "L1H2", "q"), {"attention": Grid, "by_particle": Plane}),
    ],
)
def test_what_an_edge_carries_is_drawn_and_explained(load, pair, name, edge, kinds):
    found, view = measured(load(name), pair, *edge)
    drawn = charts(found, view, edge[1])
    assert {key: type(chart) for key, chart in drawn.items()} == kinds
    for chart in drawn.values():
        assert explain(chart.about)
        assert chart.sentence.endswith(".")
        assert "nan" not in chart.sentence
        assert draw_plotly(chart, "dark", 400).layout.height == 400
        assert figure_bytes(draw_chart(chart), "pdf", {}).startswith(b"%PDF")
    if "by_particle" in drawn:
        np.testing.assert_array_equal(drawn["by_particle"].values, found.by_particle)


def test_cells_are_the_constituents_whose_attention_moves_most(load, pair):
    found, view = measured(load("global"), pair, "embedding", "L1H2", "k")
    chart = charts(found, view, "L1H2")["attention"]
    change = found.after - found.before
    assert chart.values.shape == (MOST_CELLS, MOST_CELLS)
    names = [CLASS_TOKEN, *(view.constituents.numbered(i) for i in range(N))]
    rows = [names.index(name) for name in chart.rows]
    np.testing.assert_array_equal(chart.values, change[np.ix_(rows, rows)])
    moved = np.abs(change).sum(0) + np.abs(change).sum(1)
    assert sorted(moved[rows]) == sorted(np.sort(moved)[-MOST_CELLS:])
    assert f"The {1 + N - MOST_CELLS} other constituents are left out." in chart.sentence
    share = 50 * np.abs(change).sum(1).mean()
    assert f"Of all attention {share:.3g} % moves." in chart.sentence


def test_jets_without_momenta_have_bars(load, pair):
    found, view = measured(load("part"), pair, "L1H2", "L2H1", "v")
    unknown = replace(view.constituents, pt=np.full(N, np.nan))
    assert not unknown.has_momenta
    chart = by_particle(found, replace(view, constituents=unknown))
    assert isinstance(chart, Plot)
    assert np.abs(chart.series[0].y).max() == np.abs(found.by_particle).max()


def test_the_facts_of_an_edge(load, pair, result):
    i = next(i for i in range(KEPT) if result.edge_names(i)[2] == "bias")
    sender, receiver, _ = result.edge_names(i)
    alone = facts(result, i)
    assert alone["enters"] == f"the interaction bias of {receiver}"
    assert alone["score"].endswith(f"logit, {result.pairs} pairs")
    assert "in this jet" not in "".join(alone.values())
    found, _ = measured(load("part"), pair, sender, receiver, "bias")
    here = facts(result, i, found)
    assert here["its direct effect"] == "none: no edge to the logits"
    assert here[f"total effect of {sender}"].endswith("in this jet")
    assert f"{sender} → {receiver}, bias: " in edge_title(result, result.edge_key(i))
    last = next(i for i in range(KEPT) if result.edge_names(i)[1] == "logits")
    assert facts(result, last)["enters"] == "the logits"
    found, _ = measured(load("part"), pair, *result.edge_names(last))
    assert facts(result, last, found)["its direct effect"].endswith("logit, in this jet")
