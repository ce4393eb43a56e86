"""The page Circuits without a browser: edges between components."""

import numpy as np
import pytest
from helpers.app_driver import captions, open_page, run_until, sentences, state_of
from helpers.jets import write_jets

import part
from app.components.study.head_click import _open_node
from app.pages.circuits.state import MOST_SHOWN, CircuitsState
from app.services import circuits, files, studies
from app.services.circuits import CORRUPTION_TITLES
from part.analysis.circuits.corruptions import CORRUPTIONS
from part.analysis.circuits.edges.study import EdgesStudy
from part.analysis.study import study_jets
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

JETS = 20


@pytest.fixture(scope="module", autouse=True)
def more(jets_folder, models_folder):
    write_jets(jets_folder / "few.root", [5 + i % 6 for i in range(JETS)], seed=4)
    features = part.load_model(models_folder / "alpha.safetensors").features
    save_checkpoint(models_folder / "flow.safetensors", build(PFNConfig()), features, JETCLASS, {})


def visit(**params):
    return open_page("circuits", **({"file": "few.root", "model": "alpha", "corruption": "subjet"} | params))


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


def test_pairs_and_the_number_of_edges_are_chosen_and_in_the_link():
    app = visit(explained="Hbb", versus="Hcc", edges="30")
    assert app.selectbox(key="choose_target_class").value == "Hbb"
    assert app.selectbox(key="choose_contrast_class").value == "Hcc"
    assert app.selectbox(key="choose_corruption").options == [c.title for c in CORRUPTIONS.values()]
    assert app.slider(key="choose_shown").value == 30
    app.slider(key="choose_shown").set_value(MOST_SHOWN).run()
    assert state_of(app, CircuitsState).shown == MOST_SHOWN
    app.selectbox(key="choose_corruption").select("soft").run()
    assert state_of(app, CircuitsState).corruption == "soft"
    assert "Hcc" not in app.selectbox(key="choose_target_class").options


@pytest.mark.parametrize("params", [{"corruption": "none"}, {"explained": "*"}, {"explained": "QCD"}, {"versus": "x"}])
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


@pytest.mark.parametrize(("curve", "index", "opened"), [(3, 1, (4, 2)), (2, 1, None), (3, 0, None)])
def test_a_click_on_a_node_opens_its_head(monkeypatch, curve, index, opened):
    """A head, an edge, and a node that is no head."""
    selection = type("Selection", (), {"points": [{"curve_number": curve, "point_index": index}]})
    state = {"graph": type("State", (), {"selection": selection})}
    monkeypatch.setattr("app.components.study.head_click.st.session_state", state)
    _open_node("graph", 3, [None, (4, 2)])
    choices = state.get("to_explore")
    assert (choices and (choices["layer"], choices["head"])) == opened
