"""The page Intervention without a browser, on made-up jets and untrained models."""

from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import can_run, open_page, run_until, texts
from helpers.jets import write_jets
from streamlit.testing.v1 import AppTest

import part
from app.services import files, intervention
from app.services import studies as studying
from app.services.models import tagger
from app.state import selection as session

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def many_jets(jets_folder):
    write_jets(jets_folder / "many.root", [5 + i % 5 for i in range(60)], seed=5)


@pytest.fixture
def visit():
    return lambda **params: open_page(
        "intervention", **({"file": "many.root", "model": "alpha", "studied": "20"} | params)
    )


def finish(app: AppTest) -> AppTest:
    assert can_run(app)
    return run_until(app, lambda app: not any(button.key == "cancel" for button in app.button))


def test_the_choices_of_the_url_are_those_of_the_library():
    assert intervention.INSTEAD == session.INSTEAD
    assert set(intervention.PARTS) == set(session.PATCHED)
    assert intervention.CORRUPTIONS == session.CORRUPTIONS
    assert tuple(intervention.EDITS) == session.EDITS
    chosen = session.Selection(target="photons", instead="mean", patched="head", donor=3, corruption="flavour")
    assert session.from_url({k: v if isinstance(v, list) else [v] for k, v in session.to_url(chosen).items()}) == chosen


@pytest.mark.parametrize("tab", ["ablate", "patch", "edit", "lens"])
def test_the_jet_is_shown_at_once(visit, tab):
    app = visit(tab=tab)
    assert "Jet 0" in texts(app)
    assert not app.error
    assert len(app.get("plotly_chart")) == {"ablate": 2, "patch": 1, "edit": 2, "lens": 1}[tab]


@pytest.mark.parametrize("target", ["attention", "all bias", "photons", "particle"])
def test_what_is_taken_away_is_said(visit, target):
    words = {"attention": "attention, layer 2", "all bias": "bias, everywhere", "particle": "constituent 3"}
    said = texts(visit(tab="ablate", target=target, layer="2", particle="3"))
    assert f"This jet without {words.get(target, target)}" in said


@pytest.mark.parametrize(("tab", "charts"), [("ablate", 6), ("patch", 2), ("edit", 2), ("lens", 3)])
def test_run_studies_the_sample(visit, tab, charts):
    app = finish(visit(tab=tab, patched="head"))
    assert not app.error
    assert len(app.get("plotly_chart")) == charts


def test_the_page_and_the_library_find_the_same(visit, jets_folder):
    finish(visit(tab="ablate", studied="19"))  # which no other test has asked for
    file = files.find("many.root")
    model = tagger("alpha", file)
    jets = part.read_jets(jets_folder / "many.root", 0, 19)
    expected = intervention.study_jets(intervention.Importance(), model, jets)
    job = studying.task("alpha", intervention.Importance(), file, np.arange(19)).job
    for name, values in expected.arrays().items():
        if values.dtype.kind == "f":
            # Rounding moves some draws of the bootstrap past others, and p-values count those.
            allowed = 0.03 if name.startswith("p_") else 1e-5
            np.testing.assert_allclose(job.result.arrays()[name], values, atol=allowed, err_msg=name)


def test_too_few_jets_for_probes_are_refused_in_a_sentence(visit):
    app = finish(visit(tab="probes"))
    assert "at least 50 jets" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("edit", session.EDITS)
def test_each_edit_is_made(visit, edit):
    assert not visit(tab="edit", edit=edit).error
