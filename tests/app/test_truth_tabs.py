"""The tabs Truth and Physics of Attribution, and the prongs of a single jet, without a browser."""

import json

import numpy as np
import pytest
from helpers.app_driver import can_run, open_page, run_until, sentences, texts
from helpers.jet_samples import write_tree
from helpers.jets import write_jets
from helpers.truth import with_partons
from streamlit.testing.v1 import AppTest

import part
from app.services import files, studies
from part.analysis.physics.study import PhysicsStudy
from part.analysis.study import study_jets
from part.analysis.truth.study import TruthStudy
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

METHODS = ("occlusion", "rollout")


@pytest.fixture(scope="module", autouse=True)
def small(jets_folder, models_folder):
    """Short jets with partons, and a model without attention."""
    jets = part.read_jets(write_jets(jets_folder / "plain.root", [9, 14, 8, 12, 10], seed=2))
    known = with_partons(jets, known=np.array([True, True, False, True, True]))
    write_tree(jets_folder / "partons.root", {name: known[name] for name in known.fields})
    save_checkpoint(models_folder / "sum.safetensors", build(PFNConfig(phi=(8,), f=(8,))), FULL, JETCLASS, {})


@pytest.fixture
def page():
    defaults = {"file": "partons.root", "model": "alpha", "jet": "1", "compared": list(METHODS), "layer": "2"}
    return lambda **params: open_page("attribution", **(defaults | params))


def finish(app: AppTest) -> AppTest:
    assert can_run(app)
    return run_until(app, lambda app: not any(button.key in ("run", "cancel") for button in app.button))


def exported(app: AppTest, study: str, **options) -> list[dict]:
    file = files.find("partons.root")
    task = studies.task("alpha", study, file, np.arange(5), target_class="", contrast_class="", **options)
    return json.loads(studies.export(task, "partons.root", "json"))["rows"]


@pytest.mark.filterwarnings("ignore:Left out of the comparison with the truth")
def test_the_truth_gives_the_numbers_of_the_library(page, models_folder, jets_folder):
    app = page(tab="truth", match="kt", on="leading prong")
    assert "falls on the constituents of each prong" in texts(app)
    finish(app)
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) == 6
    (caption,) = (caption.value for caption in app.caption if "means over" in caption.value)
    assert caption.startswith("Of leading prong: means over 4 jets")
    assert "1 without known prongs are left out" in caption
    rows = exported(app, "truth", methods=METHODS, match="kt")
    model = part.load_model(models_folder / "alpha.safetensors")
    jets = part.read_jets(jets_folder / "partons.root")
    expected = study_jets(TruthStudy(METHODS, match="kt"), model, jets).rows()
    assert [row["source"] for row in rows] == [row["source"] for row in expected]
    for name in ("share", "auc", "overlap"):
        values = [[row[name] or 0 for row in table] for table in (rows, expected)]
        np.testing.assert_allclose(*values, rtol=1e-3, atol=1e-3, err_msg=name)


def test_jets_without_truth_say_so(page):
    app = page(file="plain.root", tab="truth", model="sum", compared="occlusion")
    app.button(key="run").click().run()
    app = run_until(app, lambda app: any("None of 5" in sentence for sentence in sentences(app)))
    assert any("None of 5 jets can be compared with the truth" in sentence for sentence in sentences(app))


def test_physics_gives_the_numbers_of_the_library(page, models_folder, jets_folder):
    app = finish(page(tab="physics", quantity="ΔR", observable="C2"))
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) == 6
    assert "Heads: attention received and ΔR" in texts(app)
    rows = exported(app, "physics", methods=METHODS, of_heads="entropy")
    model = part.load_model(models_folder / "alpha.safetensors")
    expected = study_jets(PhysicsStudy(METHODS), model, part.read_jets(jets_folder / "partons.root")).rows()
    assert [(row["source"], row["quantity"]) for row in rows] == [(row["source"], row["quantity"]) for row in expected]
    np.testing.assert_allclose([row["rho"] for row in rows], [row["rho"] for row in expected], atol=0.05)


@pytest.mark.filterwarnings("ignore:Left out of the comparison with the truth")
def test_a_model_without_attention_shows_its_methods(page):
    app = finish(page(tab="truth", model="sum", compared="occlusion"))
    assert len(app.get("plotly_chart")) == 3
    assert not [widget for widget in app.number_input if widget.key == "choose_layer"]
    app = finish(page(tab="physics", model="sum", compared="occlusion"))
    assert len(app.get("plotly_chart")) == 2


def test_methods_are_chosen_and_kept_in_the_url(page):
    app = page(tab="truth", compared="magic")
    (chosen,) = (widget for widget in app.multiselect if widget.key == "choose_compared")
    assert chosen.value == ["smoothgrad", "occlusion", "rollout", "gradient_attention"]
    assert "Shapley" not in chosen.options
    chosen.set_value(["rollout"]).run()
    assert app.query_params["compared"] in ("rollout", ["rollout"])


def test_one_jet_shows_the_shares_of_its_prongs(page):
    app = page(method="rollout")
    assert len(app.get("plotly_chart")) == 3
    assert "Share of each prong" in texts(app)
    assert len(page(method="rollout", jet="2").get("plotly_chart")) == 2  # its partons are not known
    assert len(page(method="rollout", file="plain.root").get("plotly_chart")) == 2
    assert len(page(method="occlusion", model="sum").get("plotly_chart")) == 3
