"""The page Circuits without a browser: edges between components."""

import numpy as np
import pytest
from helpers.app_driver import captions, open_page, run_until, sentences, state_of
from helpers.jets import write_jets

import part
from app.components.study.head_click import _choose_in_graph
from app.pages.circuits.state import MOST_SHOWN, SHOWN, CircuitsState
from app.services import circuits, files, studies
from app.services.circuits import CORRUPTION_TITLES
from app.services.figures import chart_file
from app.services.jets import load_sample
from app.services.models import load_tagger
from part.analysis.circuits.corruptions import CORRUPTIONS
from part.analysis.circuits.edges.study import EdgesStudy
from part.analysis.study import study_jets
from part.figures.graph import Graph, GraphEdge, GraphNode
from part.figures.studies.edges import graph as edge_graph
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

JETS = 20
FACTS = '<table class="facts">'


@pytest.fixture(scope="module", autouse=True)
def more(jets_folder, models_folder):
    write_jets(jets_folder / "few.root", [5 + i % 6 for i in range(JETS)], seed=4)
    features = part.load_model(models_folder / "alpha.safetensors").features
    save_checkpoint(models_folder / "flow.safetensors", build(PFNConfig()), features, JETCLASS, {})


def visit(**params):
    return open_page("circuits", **({"file": "few.root", "model": "alpha", "corrupted": "subjet"} | params))


def finish(app, charts: int):
    return run_until(app, lambda app: len(app.get("plotly_chart")) >= charts or app.error)


def test_the_numbers_are_those_of_the_library(models_folder, jets_folder):
    app = finish(visit(), 4)
    assert sentences(app) == []
    tagger, jets = part.load_model(models_folder / "alpha.safetensors"), part.read_jets(jets_folder / "few.root")
    expected = study_jets(EdgesStudy(corruption="subjet"), tagger, jets)
    task = studies.task("alpha", "edges", files.find("few.root"), np.arange(JETS), corruption="subjet")
    np.testing.assert_allclose(task.result.score.value, expected.score.value, rtol=1e-3, atol=1e-5)
    assert f"{expected.pairs} pairs of a clean jet and the jet with" in captions(app).replace("\\\\", "")
    assert circuits.graph_json(task.result).startswith(b"{")
    assert {"SVG", "PDF", "Graph as JSON"} <= {button.proto.label for button in app.get("download_button")}
    assert chart_file(edge_graph(task.result), "Edges", "svg").startswith(b"<?xml")


def test_pairs_and_the_number_of_edges_are_chosen_and_in_the_link():
    app = visit(explained="Hbb", versus="Hcc", strongest="30")
    assert app.selectbox(key="choose_target_class").value == "Hbb"
    assert app.selectbox(key="choose_contrast_class").value == "Hcc"
    assert app.selectbox(key="choose_corruption").options == [c.title for c in CORRUPTIONS.values()]
    assert app.slider(key="choose_shown").value == 30
    app.slider(key="choose_shown").set_value(MOST_SHOWN).run()
    assert state_of(app, CircuitsState).shown == MOST_SHOWN
    app.selectbox(key="choose_corruption").select("soft").run()
    assert state_of(app, CircuitsState).corruption == "soft"
    assert "Hcc" not in app.selectbox(key="choose_target_class").options


@pytest.mark.parametrize("params", [{"corrupted": "none"}, {"explained": "*"}, {"explained": "QCD"}, {"versus": "x"}])
def test_a_link_to_pairs_that_cannot_be_shows_others(params):
    app = visit(**params)
    assert not app.exception
    assert app.selectbox(key="choose_corruption").value in CORRUPTION_TITLES
    classes = [app.selectbox(key=f"choose_{name}_class").value for name in ("target", "contrast")]
    assert classes[0] != classes[1]


def test_a_model_without_a_residual_stream_says_so():
    app = visit(model="flow")
    assert any("no edges: a PFN has no residual stream" in element.proto.body for element in app.get("html"))
    assert app.button(key="run").disabled


NODES = GraphNode("E", "E", "", 0, 0), GraphNode("L5H3", "3", "", 1, 1, (4, 2)), GraphNode("logits", "out", "", 2, 0)
LINES = GraphEdge(0, 1, 0.2, "q", "", "first"), GraphEdge(1, 2, 0.1, "input", "", "second")
GRAPH = Graph("", "", NODES, LINES, ((0, ""),))


@pytest.mark.parametrize(
    ("curve", "index", "opened", "edge"),
    [(3, 1, (4, 2), []), (2, 1, None, ["first"]), (2, 5, None, ["second"]), (3, 0, None, []), (1, 0, None, [])],
)
def test_a_click_on_a_node_opens_its_head_and_one_on_an_edge_chooses_it(monkeypatch, curve, index, opened, edge):
    """A head, edges, a node that is no head, and a line."""
    selection = type("Selection", (), {"points": [{"curve_number": curve, "point_index": index}]})
    state, chosen = {"graph": type("State", (), {"selection": selection})}, []
    monkeypatch.setattr("app.components.study.head_click.st.session_state", state)
    _choose_in_graph("graph", 4, GRAPH, chosen.append)
    choices = state.get("to_explore")
    assert (choices and (choices["layer"], choices["head"])) == opened
    assert chosen == edge


def test_an_edge_of_a_link_is_shown_with_what_it_carries_and_can_be_released():
    app = finish(visit(), 4)
    edge = app.selectbox(key="choose_edge")
    assert edge.value == ""
    assert len(edge.options) == 1 + SHOWN
    task = studies.task("alpha", "edges", files.find("few.root"), np.arange(JETS), corruption="subjet")
    key = next(key for i in range(SHOWN) if (key := task.result.edge_key(i)).endswith("-q"))
    app = visit(edge=key, jet="3")
    assert sentences(app) == []
    assert app.selectbox(key="choose_edge").value == key
    facts = next(element.proto.body for element in app.get("html") if FACTS in element.proto.body)
    assert "the query of" in facts
    assert "in this jet" in facts
    assert len(app.get("plotly_chart")) == 3  # the graph, the attention, the jet by its constituents
    app.selectbox(key="choose_edge").select("").run()
    assert state_of(app, CircuitsState).edge == ""
    assert not any(FACTS in element.proto.body for element in app.get("html"))


def test_an_edge_that_there_is_not_is_said():
    app = finish(visit(), 4)
    app = visit(edge="L9H9-logits-input")
    assert app.selectbox(key="choose_edge").value == ""
    assert any("There is no edge L9H9-logits-input among the" in element.proto.body for element in app.get("html"))


def test_the_graph_shows_pair_features_and_heads_on_request():
    app = finish(visit(between="features"), 4)
    options = app.selectbox(key="choose_edge").options[1:]
    assert options
    assert all(", bias: " in option for option in options)


@pytest.mark.parametrize("corruption", ["soft", "identities", "class"])
def test_the_corrupted_jet_is_drawn_before_anything_is_run(corruption):
    app = visit(corrupted=corruption, explained="Hbb", versus="Hcc", jet="4")
    assert sentences(app) == []
    lines = [element.proto.body for element in app.get("html") if 'class="pair"' in element.proto.body]
    assert len(lines) == 2
    assert CORRUPTIONS[corruption].about in captions(app).replace("\\", "")


def test_a_jet_does_not_take_its_own_place_and_other_classes_are_said():
    file, model = files.find("few.root"), load_tagger("alpha", files.find("few.root"))
    truth = load_sample(file).truth
    entry = int(np.flatnonzero(truth == 0)[0])
    pair = circuits.jet_pair(file, entry, model, "alpha", np.arange(JETS), "Hbb", "QCD", "class")
    assert pair.donor != entry
    assert truth[pair.donor] == 0
    assert not pair.is_of_class
    assert pair.n_changed is None
    same = circuits.jet_pair(file, entry, model, "alpha", np.arange(JETS), "Hbb", "QCD", "soft")
    assert same.n_changed == 1
    assert same.donor is None
    split = circuits.jet_pair(file, entry, model, "alpha", np.arange(JETS), "Hbb", "QCD", "collinear")
    assert split.n_changed == 2
