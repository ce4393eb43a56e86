"""The page Intervention without a browser, on random jets and untrained models."""

from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import can_run, open_page, run_until, texts
from helpers.jets import write_jets
from streamlit.testing.v1 import AppTest

import part
from app.pages.intervention.ablate import REPLACEMENT_TITLES
from app.pages.intervention.patch import COMPONENTS, CORRUPTIONS
from app.services import files, library, studies
from app.services.edits import EDITS
from app.services.models import load_tagger
from part.analysis.intervention.importance import ImportanceStudy
from part.analysis.study import study_jets

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


def test_the_page_offers_all_that_the_library_has():
    assert set(REPLACEMENT_TITLES) == set(library.REPLACEMENTS)
    assert set(COMPONENTS) == set(library.COMPONENTS)
    assert set(CORRUPTIONS) == set(library.CORRUPTIONS)


@pytest.mark.parametrize("tab", ["ablate", "patch", "edit", "lens"])
def test_the_jet_is_shown_at_once(visit, tab):
    app = visit(tab=tab)
    assert "Jet 0" in texts(app)
    assert not app.error
    assert len(app.get("plotly_chart")) == {"ablate": 2, "patch": 1, "edit": 2, "lens": 1}[tab]


@pytest.mark.parametrize("target", ["attention", "all bias", "photons", "particle"])
def test_the_chart_names_what_is_ablated(visit, target):
    names = {"attention": "attention, layer 2", "all bias": "bias, everywhere", "particle": "constituent 3"}
    page = texts(visit(tab="ablate", target=target, layer="2", particle="3"))
    assert f"This jet without {names.get(target, target)}" in page


@pytest.mark.parametrize(("tab", "charts"), [("ablate", 6), ("patch", 2), ("edit", 2), ("lens", 3)])
def test_run_studies_the_sample(visit, tab, charts):
    app = finish(visit(tab=tab, patched="head"))
    assert not app.error
    assert len(app.get("plotly_chart")) == charts


@pytest.mark.slow
def test_the_numbers_are_those_of_the_library(visit, jets_folder):
    finish(visit(tab="ablate", studied="19"))  # which no other test studies
    file = files.find("many.root")
    model = load_tagger("alpha", file)
    jets = part.read_jets(jets_folder / "many.root", 0, 19)
    expected = study_jets(ImportanceStudy(), model, jets)
    result = studies.task("alpha", "importance", file, np.arange(19)).result
    for name, values in expected.arrays().items():
        if values.dtype.kind == "f":
            # Rounding moves some draws of the bootstrap past others, and p-values count those.
            allowed = 0.03 if name.startswith("p_") else 1e-5
            np.testing.assert_allclose(result.arrays()[name], values, atol=allowed, err_msg=name)


def test_too_few_jets_for_probes_give_one_sentence(visit):
    app = finish(visit(tab="probes"))
    assert "at least 50 jets" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("edit", EDITS)
def test_each_edit_can_be_shown(visit, edit):
    assert not visit(tab="edit", edit=edit).error
