"""The page Compare without a browser."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import calm, open_page, run_until, sentences, texts
from helpers.jets import COUNTS, write_jets
from streamlit.testing.v1 import AppTest

import part
from app.services import comparison as comparing
from app.services import files
from app.services import jets as samples
from part.analysis.statistics.metrics import measure
from part.jets.schema import JETCLASS

ROOT = Path(__file__).parents[2]
JETS = 40


@pytest.fixture(scope="module", autouse=True)
def many_jets(jets_folder):
    write_jets(jets_folder / "many.root", [5 + i % 9 for i in range(JETS)], seed=5)


@pytest.fixture
def compare():
    """Open Compare at a URL."""

    return lambda **params: open_page("compare", **({"file": "many.root", "model": ["alpha", "beta"]} | params))


def finish(app: AppTest) -> AppTest:
    """Run the comparison and the page until it is there."""
    return run_until(app, lambda app: 'class="models"' in texts(app) or app.error)


def result(models: tuple[str, ...], jets: int = JETS) -> comparing.Comparison:
    file = files.find("many.root")
    return comparing.find(file, np.arange(jets), comparing.models_of(models, file)).result


def test_the_numbers_are_those_of_the_library(compare, models_folder, jets_folder):
    app = finish(compare())
    assert sentences(app) == []
    jets = part.read_jets(jets_folder / "many.root")
    found = result(("alpha", "beta"))
    for m, name in enumerate(("alpha", "beta")):
        p = part.load_model(models_folder / f"{name}.safetensors").predict(jets)
        np.testing.assert_allclose(found.probabilities[m], p, atol=1e-5)
        accuracy = measure(p, np.arange(JETS) % 10, JETCLASS)["accuracy"]
        assert f"<td>{accuracy:.4f} " in texts(app)
    told = json.loads(comparing.export(found, "many.root", np.arange(JETS), "json"))
    assert told["models"][1]["accuracy"] == found.quality[1]["accuracy"]


def test_what_was_found_is_shown_at_once_to_the_next(compare):
    finish(compare())
    app = compare()
    assert 'class="models"' in texts(app)
    assert not [button for button in app.button if button.key == "run"]


@pytest.mark.parametrize("section", ["overview", "roc", "confusion", "disagreement", "attention"])
def test_every_section_can_be_shown_of_four_models(compare, section):
    app = finish(compare(model=["alpha", "beta", "gamma", "kin"], section=section, against="4"))
    assert sentences(app) == []
    assert app.session_state["selection"].section == section
    assert app.query_params.get("section", ["overview"]) in (section, [section])
    assert app.get("plotly_chart")


def test_fewer_jets_are_another_comparison(compare):
    finish(compare())
    app = compare(jets="30")
    assert [button for button in app.button if button.key == "run"]
    finish(app)
    assert len(result(("alpha", "beta"), 30)) == 30


def test_filters_choose_the_jets(compare):
    app = compare(**{"class": ["Hbb", "Hcc"]})
    assert "the first 8 of 8 jets that pass" in texts(app)
    finish(app)
    file = files.find("many.root")
    entries = np.flatnonzero(np.isin(np.arange(JETS) % 10, (1, 2)))
    found = comparing.find(file, entries, comparing.models_of(("alpha", "beta"), file)).result
    assert found.truth.tolist() == [1, 2] * 4
    assert found.signals == ()


def test_one_model_is_not_enough(compare):
    app = compare(model="alpha")
    assert "two to four models" in sentences(app)[0]
    assert app.button(key="run").disabled


def test_jets_that_lack_what_a_model_needs_give_one_sentence(compare):
    app = finish(compare(file="bare.root", model=["kin", "alpha"]))
    (sentence,) = sentences(app)
    assert "part_charge" in sentence
    assert [button for button in app.button if button.key == "run"]


def test_jets_without_labels_are_compared_as_far_as_that_goes(compare, jets_folder, models_folder):
    from helpers.jets import write_model

    write_model(models_folder / "kin2.safetensors", 8, "kin", embed=(32,), pair_embed=(8,), layers=3, heads=4)
    app = finish(compare(file="bare.root", model=["kin", "kin2"]))
    assert sentences(app) == []
    assert "no labels" in texts(app)
    assert "Accuracy" not in texts(app)
    app = compare(file="bare.root", model=["kin", "kin2"], section="disagreement")
    assert [e for e in app.get("bidi_component") if e.proto.component_name == "partscope_jets"]


def test_a_cancelled_comparison_leaves_nothing(compare, monkeypatch):
    monkeypatch.setattr("app.services.comparison.run", lambda function, *values: time.sleep(0.2) or function(*values))
    app = compare(jets="11")
    app.button(key="run").click().run()
    app.button(key="cancel").click().run()
    app = compare(jets="11")
    assert [button for button in app.button if button.key == "run"]
    file = files.find("many.root")
    assert comparing.find(file, np.arange(11), comparing.models_of(("alpha", "beta"), file)) is None


def test_models_and_file_are_shared_with_explore(visit):
    app = visit(file="many.root", model=["alpha", "gamma"], jet="3")
    app.switch_page("app/pages/compare/page.py").run()
    calm(app)
    selection = app.session_state["selection"]
    assert (selection.file, selection.models, selection.jet) == ("many.root", ("alpha", "gamma"), 3)
    assert app.query_params["model"] == ["alpha", "gamma"]


def test_the_jets_of_a_block_are_those_of_their_places():
    file = files.find("toys.root")
    entries = np.array([1, 4, 5, 8, 11])
    seen = {}
    for rows, jets in samples.blocks(file, entries, 2):
        assert len(jets) <= 2
        seen |= {int(row): len(jet["part_px"]) for row, jet in zip(rows, jets, strict=True)}
    assert seen == {place: COUNTS[entry] for place, entry in enumerate(entries)}
