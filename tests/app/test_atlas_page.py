"""The page Atlas without a browser."""

import numpy as np
import pytest
from helpers.app_driver import captions, open_page, run_until, sentences, state_of
from helpers.jets import write_jets

import part
from app.pages.atlas.state import AtlasState
from app.services import files, studies
from part.analysis.atlas.hypotheses import HYPOTHESES
from part.analysis.atlas.study import AtlasStudy
from part.analysis.circuits.study import DirectStudy
from part.analysis.study import study_jets
from part.figures.studies import atlas as charts
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

JETS = 12


@pytest.fixture(scope="module", autouse=True)
def more(jets_folder, models_folder):
    write_jets(jets_folder / "few.root", [5 + i % 6 for i in range(JETS)], seed=4)
    features = part.load_model(models_folder / "alpha.safetensors").features
    save_checkpoint(models_folder / "flow.safetensors", build(PFNConfig()), features, JETCLASS, {})


def visit(**params):
    return open_page("atlas", **({"file": "few.root", "model": "alpha"} | params))


def finish(app, charts: int):
    return run_until(app, lambda app: len(app.get("plotly_chart")) >= charts or app.error)


def test_the_numbers_are_those_of_the_library(models_folder, jets_folder):
    app = finish(visit(), 3)
    assert sentences(app) == []
    tagger, jets = part.load_model(models_folder / "alpha.safetensors"), part.read_jets(jets_folder / "few.root")
    expected = study_jets(AtlasStudy(), tagger, jets)
    shown = studies.task("alpha", "atlas", files.find("few.root"), np.arange(JETS)).result
    np.testing.assert_allclose(shown.effects.share, expected.effects.share, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(shown.best, expected.best)
    assert any(caption.value.startswith(f"{JETS} jets.") for caption in app.caption)


def test_the_head_of_the_class_token_is_another_one():
    app = finish(visit(layer="3", head="2"), 3)
    layer = app.number_input(key="choose_layer")
    assert (layer.value, layer.max) == (3, 3)  # of three layers
    app.toggle(key="choose_of_class_token").set_value(True).run()
    assert state_of(app, AtlasState).of_class_token
    assert (app.number_input(key="choose_layer").value, app.number_input(key="choose_layer").max) == (2, 2)
    assert sentences(app) == []


def test_a_hypothesis_is_shown_for_all_heads():
    app = finish(visit(tab="hypotheses", hypothesis="nearest"), 3)
    assert sentences(app) == []
    assert app.selectbox(key="choose_hypothesis").value == "nearest"
    app.selectbox(key="choose_hypothesis").select("itself").run()
    assert state_of(app, AtlasState).hypothesis == "itself"
    assert "vertices" not in app.selectbox(key="choose_hypothesis").options
    assert HYPOTHESES["nearest"].title in app.selectbox(key="choose_hypothesis").options


def test_jets_link_to_explore_with_the_head():
    app = finish(visit(layer="2", head="3"), 3)
    result = studies.task("alpha", "atlas", files.find("few.root"), np.arange(JETS)).result
    source = charts.source_index(result, "head", 1, 2)
    hypothesis = charts.shown_hypothesis(result, source)
    links = [element.proto for element in app.get("page_link")]
    entries = [*result.best[source, hypothesis], *result.worst[source, hypothesis]]
    assert [link.label for link in links] == [f"jet {entry}" for entry in entries]
    assert all("layer=2" in link.query_string and "head=3" in link.query_string for link in links)


def test_a_model_without_attention_says_so():
    app = visit(model="flow")
    assert any("atlas of heads" in element.proto.body for element in app.get("html"))
    assert app.button(key="run").disabled


def test_shares_of_logits_are_those_of_the_library(models_folder, jets_folder):
    app = finish(visit(tab="logits", explained="label_Tbqq"), 3)
    assert sentences(app) == []
    tagger, jets = part.load_model(models_folder / "alpha.safetensors"), part.read_jets(jets_folder / "few.root")
    expected = study_jets(DirectStudy("label_Tbqq"), tagger, jets).shares["heads"].value
    task = studies.task("alpha", "direct", files.find("few.root"), np.arange(JETS), target_class="label_Tbqq")
    np.testing.assert_allclose(task.result.shares["heads"].value, expected, rtol=1e-3, atol=1e-6)


def test_the_particles_of_the_chosen_jet_have_shares_before_anything_is_run():
    app = visit(tab="logits", explained="label_Tbqq", jet="3")
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) >= 2
    assert "Particles add" in captions(app)
    assert not visit(model="flow", tab="logits").get("plotly_chart")
