"""The page Sparsity without a browser."""

import time
from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import calm, open_page, run_until, sentences
from helpers.jets import COUNTS, write_jets
from streamlit.testing.v1 import AppTest

import part
from app.services import files, sparsity
from app.services import studies as studying
from part.analysis.study import study_jets
from part.jets.schema import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import PFNConfig

ROOT = Path(__file__).parents[2]
JETS = 12


@pytest.fixture(scope="module", autouse=True)
def more(jets_folder, models_folder):
    write_jets(jets_folder / "few.root", [5 + i % 6 for i in range(JETS)], seed=4)
    features = part.load_model(models_folder / "alpha.safetensors").features
    save_checkpoint(models_folder / "flow.safetensors", build(PFNConfig()), features, JETCLASS, {})


@pytest.fixture
def look():
    """Open Sparsity at a URL."""

    return lambda **params: open_page("sparsity", **({"file": "few.root", "model": "alpha"} | params))


def finish(app: AppTest, charts: int) -> AppTest:
    """Run what the tab studies, and the page until it shows so many charts."""
    return run_until(app, lambda app: len(app.get("plotly_chart")) >= charts or app.error)


def found(study, model: str = "alpha"):
    return studying.task(model, study, files.find("few.root"), np.arange(JETS)).job.result


def test_the_numbers_are_those_of_the_library(look, models_folder, jets_folder):
    app = finish(look(measure="gini"), 2)
    assert sentences(app) == []
    tagger = part.load_model(models_folder / "alpha.safetensors")
    expected = study_jets(sparsity.Sparsity(), tagger, part.read_jets(jets_folder / "few.root"))
    shown = found(sparsity.Sparsity()).trained.of("gini")
    np.testing.assert_allclose(shown.value, expected.trained.of("gini").value, rtol=1e-5)
    np.testing.assert_allclose(shown.error, expected.trained.of("gini").error, rtol=1e-4)


@pytest.mark.parametrize(
    ("tab", "charts"),
    [("heads", 4), ("weights", 2), ("groups", 3), ("places", 5), ("components", 4), ("topk", 4)],
)
def test_every_tab_can_be_shown_of_two_models(look, tab, charts):
    app = finish(look(model=["alpha", "beta"], tab=tab, measure="inter_subjet", layer="2"), charts)
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) == charts
    assert app.session_state["selection"].tab == tab


def test_the_slider_cuts_the_jet(look):
    app = look(tab="topk", jet="3", k="2", studied="9")
    slider = app.slider(key="choose_k")
    assert (slider.value, slider.max) == (2, 8)
    assert len(app.get("plotly_chart")) == 2  # the jet needs no Run
    slider.set_value(5).run()
    assert calm(app).session_state["selection"].k == 5
    assert app.query_params["k"] in ("5", ["5"])


def test_a_jet_of_one_constituent_has_nothing_to_cut(look):
    app = look(file="toys.root", tab="topk", jet=str(COUNTS.index(1)))
    assert not [slider for slider in app.slider if slider.key == "choose_k"]
    assert any("one constituent" in element.proto.body for element in app.get("html"))


def test_a_model_without_attention_says_so_and_leaves_the_others(look):
    app = finish(look(model=["flow", "alpha"]), 2)
    (sentence,) = sentences(app)
    assert sentence == "flow has no sparsity of attention: a PFN has no attention between particles."
    app = look(model="flow", tab="topk")
    assert "flow has no top-k attention" in sentences(app)[0]
    assert app.button(key="run").disabled


def test_jets_that_lack_what_a_model_needs_give_one_sentence(look):
    app = look(file="bare.root", model="kin", tab="places")
    app = finish(app, 4)
    assert sentences(app) == []  # a file without species has no leptons to look at, and says so
    assert any("lepton" in element.proto.body for element in app.get("html"))
    app = look(file="bare.root", model="alpha")
    app.button(key="run").click().run()
    for _ in range(200):
        if sentences(app):
            break
        time.sleep(0.1)
        app.run()
    assert "part_charge" in sentences(app)[0]
