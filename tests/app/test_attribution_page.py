"""The page Attribution without a browser."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import can_run, no_exception, open_page, run_until, texts
from helpers.jets import write_jets
from streamlit.testing.v1 import AppTest

import part
from app.services import attribution, files, studies
from app.services.models import load_tagger
from part.analysis.attribution.methods import attribute
from part.analysis.attribution.sample_study import AttributionStudy
from part.analysis.attribution.target import requested_target
from part.analysis.attribution.task import make_task
from part.analysis.study import study_jets
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def small(jets_folder, models_folder):
    """Short jets, and a model without attention."""
    write_jets(jets_folder / "short.root", [4, 6, 5, 7], seed=2)
    model = build(PFNConfig(phi=(8,), f=(8,)))
    save_checkpoint(models_folder / "sum.safetensors", model, FULL, JETCLASS, {})


@pytest.fixture
def page():
    return lambda **params: open_page("attribution", **({"file": "short.root", "model": "alpha", "jet": "1"} | params))


def finish(app: AppTest) -> AppTest:
    """Run the tab's study, and the page until the result is there."""
    assert can_run(app)
    return run_until(app, lambda app: not any(button.key in ("run", "cancel") for button in app.button))


@pytest.mark.parametrize("method", ["integrated", "integrated_momenta", "occlusion", "rollout", "gradient_attention"])
def test_quick_methods_are_shown_at_once_and_as_in_the_library(page, method, models_folder, jets_folder):
    app = page(method=method, explained="Tbqq", versus="QCD")
    assert len(app.get("plotly_chart")) == 2
    assert "against q/g" in texts(app)
    model = part.load_model(models_folder / "alpha.safetensors")
    jet = part.read_jets(jets_folder / "short.root", 1, 2)
    expected = attribute(make_task(model, jet, requested_target(model, "Tbqq", "QCD")), method)
    shown = attribution.attribute_jet(
        files.find("short.root"), 1, load_tagger("alpha", files.find("short.root")), "Tbqq", "QCD", method
    )
    np.testing.assert_allclose(shown.values, expected.values, atol=2e-5)


def test_a_click_on_a_method_is_kept_in_the_url(page):
    app = page()
    app.button(key="method_rollout").click().run()
    assert no_exception(app).query_params["method"] in ("rollout", ["rollout"])
    assert "Rollout" in texts(app)


def test_what_a_model_does_not_support_is_grey_with_its_reason(page):
    app = page(model="sum")
    grey = {button.key: button.help for button in app.button if button.key.startswith("method_") and button.disabled}
    reason = "sum has no attention to follow: a PFN has no attention between particles."
    assert grey["method_rollout"] == reason
    assert grey["method_integrated_momenta"] == "sum sees four-momenta only through its inputs."
    assert "method_occlusion" not in grey
    assert any(reason in caption.value for caption in app.caption)
    assert len(page(model="sum", method="rollout").get("plotly_chart")) == 2  # of another method


def test_inputs_are_shown_by_those_methods_that_have_them(page):
    app = page(tab="inputs", method="shapley")
    assert len(app.get("plotly_chart")) == 1
    assert next(button for button in app.button if button.key == "method_shapley").disabled


def test_nonsense_in_the_url_falls_back(page):
    app = page(method="magic", explained="Hxx", versus="QCD", tab="nothing")
    assert len(app.get("plotly_chart")) == 2
    assert not app.error


def test_run_computes_all_attributions_of_the_jet(page):
    app = page(tab="jet", method="shapley")
    assert "Run draws the Shapley values" in texts(app)
    finish(app)
    assert len(app.get("plotly_chart")) == 2
    assert any("The values sum to" in caption.value for caption in app.caption)
    assert len(page(tab="methods").get("plotly_chart")) == 5  # not computed again


def test_a_sample_gives_the_numbers_of_the_library(page, models_folder, jets_folder):
    app = finish(page(tab="sample", model="sum", explained="Hbb"))
    assert len(app.get("plotly_chart")) == 7
    file = files.find("short.root")
    task = studies.task("sum", "attribution", file, np.arange(4), target_class="Hbb")
    content = json.loads(studies.export(task, "short.root", "json"))
    jets = part.read_jets(jets_folder / "short.root")
    model = part.load_model(models_folder / "sum.safetensors")
    expected = study_jets(AttributionStudy(target_class="Hbb"), model, jets).rows()
    assert [row["method"] for row in content["rows"]] == [row["method"] for row in expected]
    for row, other in zip(content["rows"], expected, strict=True):
        assert row["deletion_area"] == pytest.approx(other["deletion_area"], abs=1e-5)
