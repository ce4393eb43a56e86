"""The page Sparsity without a browser."""

import time
from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import notes, open_page, run_until, sentences, state_of
from helpers.jets import COUNTS, write_jets
from streamlit.testing.v1 import AppTest

import part
from app.pages.sparsity.state import SparsityState
from app.services import files, studies
from part.analysis.sparsity.study import SparsityStudy
from part.analysis.study import study_jets
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

ROOT = Path(__file__).parents[2]
JETS = 12


@pytest.fixture(scope="module", autouse=True)
def more(jets_folder, models_folder):
    write_jets(jets_folder / "few.root", [5 + i % 6 for i in range(JETS)], seed=4)
    features = part.load_model(models_folder / "alpha.safetensors").features
    save_checkpoint(models_folder / "flow.safetensors", build(PFNConfig()), features, JETCLASS, {})


@pytest.fixture
def visit():
    """Open Sparsity at a URL."""

    return lambda **params: open_page("sparsity", **({"file": "few.root", "model": "alpha"} | params))


def finish(app: AppTest, charts: int) -> AppTest:
    """Run what the tab studies, and the page until it shows so many charts."""
    return run_until(app, lambda app: len(app.get("plotly_chart")) >= charts or app.error)


def result(study: str, model: str = "alpha"):
    return studies.task(model, study, files.find("few.root"), np.arange(JETS)).result


def test_the_numbers_are_those_of_the_library(visit, models_folder, jets_folder):
    app = finish(visit(measure="gini"), 2)
    assert sentences(app) == []
    tagger = part.load_model(models_folder / "alpha.safetensors")
    expected = study_jets(SparsityStudy(), tagger, part.read_jets(jets_folder / "few.root"))
    shown = result("sparsity").trained.statistic("gini")
    np.testing.assert_allclose(shown.value, expected.trained.statistic("gini").value, rtol=1e-5)
    np.testing.assert_allclose(shown.error, expected.trained.statistic("gini").error, rtol=1e-4)


@pytest.mark.parametrize(
    ("tab", "charts"),
    [("heads", 4), ("weights", 2), ("groups", 3), ("places", 5), ("components", 4), ("topk", 4)],
)
def test_every_tab_can_be_shown_of_two_models(visit, tab, charts):
    app = finish(visit(model=["alpha", "beta"], tab=tab, measure="inter_subjet", layer="2"), charts)
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) == charts
    assert state_of(app, SparsityState).tab == tab


def test_the_slider_restricts_the_attention_of_the_jet(visit):
    app = visit(tab="topk", jet="3", k="2", studied="9")
    slider = app.slider(key="choose_k")
    assert (slider.value, slider.max) == (2, 8)
    assert len(app.get("plotly_chart")) == 2  # the jet needs no Run
    slider.set_value(5).run()
    assert state_of(app, SparsityState).k == 5
    assert app.query_params["k"] in ("5", ["5"])


def test_a_jet_of_one_constituent_has_nothing_to_cut(visit):
    app = visit(file="toys.root", tab="topk", jet=str(COUNTS.index(1)))
    assert not [slider for slider in app.slider if slider.key == "choose_k"]
    assert any("one constituent" in element.proto.body for element in app.get("html"))


def test_a_model_without_attention_says_so_and_leaves_the_others(visit):
    app = finish(visit(model=["flow", "alpha"]), 2)
    assert sentences(app) == []
    (sentence,) = notes(app)
    assert sentence == "flow has no sparsity of attention: a PFN has no attention between particles."
    app = visit(model="flow", tab="topk")
    assert "flow has no top-k attention" in notes(app)[0]
    assert app.button(key="run").disabled


def test_jets_that_lack_what_a_model_needs_give_one_sentence(visit):
    app = visit(file="bare.root", model="kin", tab="places")
    app = finish(app, 3)
    assert sentences(app) == []  # a file without species has no leptons to look at, and says so
    for word in ("lepton", "species"):
        assert any(word in element.proto.body for element in app.get("html"))
    app = visit(file="bare.root", model="alpha")
    app.button(key="run").click().run()
    for _ in range(200):
        if sentences(app):
            break
        time.sleep(0.1)
        app.run()
    assert "part_charge" in sentences(app)[0]
