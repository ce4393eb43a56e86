"""The page Compare without a browser."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import canvases, captions, no_exception, open_page, run_until, sentences, state_of, texts
from helpers.jets import COUNTS, write_jets
from streamlit.testing.v1 import AppTest

import part
from app.pages.compare.state import CompareState
from app.services import comparison, files, head_matching
from app.services.jets import batches
from part.analysis.statistics.metrics import measure
from part.comparison.match_heads import match_heads
from part.comparison.result import Comparison
from part.comparison.samples import MemorySample
from part.jets.datasets import JETCLASS

ROOT = Path(__file__).parents[2]
JETS = 40


@pytest.fixture(scope="module", autouse=True)
def many_jets(jets_folder):
    write_jets(jets_folder / "many.root", [5 + i % 9 for i in range(JETS)], seed=5)


@pytest.fixture
def visit():
    """Open Compare at a URL."""

    return lambda **params: open_page("compare", **({"file": "many.root", "model": ["alpha", "beta"]} | params))


def finish(app: AppTest) -> AppTest:
    """Run the comparison, and the page until the result is there."""
    return run_until(app, lambda app: 'class="models"' in texts(app) or app.error)


def result(models: tuple[str, ...], jets: int = JETS) -> Comparison:
    file = files.find("many.root")
    return comparison.find(file, np.arange(jets), comparison.comparable_models(models, file)).result


def test_the_numbers_are_those_of_the_library(visit, models_folder, jets_folder):
    app = finish(visit())
    assert sentences(app) == []
    jets = part.read_jets(jets_folder / "many.root")
    comparison_result = result(("alpha", "beta"))
    for m, name in enumerate(("alpha", "beta")):
        p = part.load_model(models_folder / f"{name}.safetensors").predict(jets)
        np.testing.assert_allclose(comparison_result.probabilities[m], p, atol=1e-5)
        accuracy = measure(p, np.arange(JETS) % 10, JETCLASS)["accuracy"]
        assert f"<td>{accuracy:.4f} " in texts(app)
    content = json.loads(comparison.export(comparison_result, "many.root", np.arange(JETS), "json"))
    assert content["models"][1]["accuracy"] == comparison_result.quality[1]["accuracy"]


def test_a_finished_comparison_is_shown_at_once_to_the_next_visitor(visit):
    finish(visit())
    app = visit()
    assert 'class="models"' in texts(app)
    assert not [button for button in app.button if button.key == "run"]


def test_models_are_shown_with_times_only_once_they_were_timed_in_turns(visit):
    app = finish(visit())
    assert "Per jet of 64 [ms]" in texts(app)
    assert "passes in turns with 68 % of them" in captions(app)
    file = files.find("many.root")
    job = comparison.find(file, np.arange(JETS), comparison.comparable_models(("alpha", "beta"), file))
    timed = job.result
    untimed = [replace(c, single_passes=(), batch_passes=(), conditions=None) for c in timed.costs]
    job.result = timed.with_costs(untimed)  # as in results that ship
    try:
        app = visit()
        assert "Per jet of 64 [ms]" not in texts(app)
        assert "Accuracy and size" in texts(app)
        app.button(key="time_models").click().run()
        app = run_until(app, lambda app: "passes in turns" in captions(app))
        assert sentences(app) == []
        assert "Per jet of 64 [ms]" in texts(app)
        assert not job.result.costs[0].is_timed  # the comparison is the same as before
    finally:
        job.result = timed


@pytest.mark.parametrize("section", ["overview", "roc", "confusion", "disagreement", "attention"])
def test_every_section_can_be_shown_of_four_models(visit, section):
    app = finish(visit(model=["alpha", "beta", "gamma", "kin"], section=section, against="4"))
    assert sentences(app) == []
    assert state_of(app, CompareState).section == section
    assert app.query_params.get("section", ["overview"]) in (section, [section])
    assert app.get("plotly_chart")


def test_heads_are_matched_on_request_and_open_side_by_side(visit):
    app = visit(section="heads", layer="2", head="2")
    app = finish(app)
    app = no_exception(app.button(key="match_heads").click().run())
    app = run_until(app, lambda app: len(app.get("plotly_chart")) == 2 or app.error)
    assert sentences(app) == []
    assert "A click opens Explore with both models and the head beside its match; Back returns." in captions(app)
    file = files.find("many.root")
    models = comparison.comparable_models(("alpha", "beta"), file)
    matches = head_matching.find(file, np.arange(JETS), models).result
    jets = part.read_jets(files.find("many.root").path)
    expected = match_heads(models, MemorySample(jets, JETCLASS))
    np.testing.assert_array_equal(matches.matchings[1].match, expected.matchings[1].match)
    np.testing.assert_allclose(matches.matchings[1].similarity, expected.matchings[1].similarity, atol=1e-6)


def test_models_without_heads_say_so_where_heads_are_matched(visit):
    app = finish(visit(model=["pfn-full", "alpha"], section="heads"))
    assert "pfn-full has no heads to match" in texts(app)
    assert not [button for button in app.button if button.key == "match_heads"]


@pytest.mark.slow
def test_fewer_jets_are_another_comparison(visit):
    finish(visit())
    app = visit(jets="30")
    assert [button for button in app.button if button.key == "run"]
    finish(app)
    assert len(result(("alpha", "beta"), 30)) == 30


def test_filters_choose_the_jets(visit):
    app = visit(**{"class": ["Hbb", "Hcc"]})
    assert "the first 8 of 8 jets that pass" in texts(app)
    finish(app)
    file = files.find("many.root")
    entries = np.flatnonzero(np.isin(np.arange(JETS) % 10, (1, 2)))
    comparison_result = comparison.find(file, entries, comparison.comparable_models(("alpha", "beta"), file)).result
    assert comparison_result.truth.tolist() == [1, 2] * 4
    assert comparison_result.signals == ()


def test_one_model_is_compared_with_a_shipped_one(visit):
    app = visit(model="alpha")
    assert sentences(app) == []
    assert "alpha alone is chosen, so it is beside part-full." in captions(app)
    assert not app.button(key="run").disabled


def test_a_model_in_bf16_is_compared_with_itself(visit):
    app = visit(model="alpha@bf16")
    assert "so it is beside alpha." in captions(app)


def test_one_model_without_a_comparable_one_is_not_enough(visit, monkeypatch):
    monkeypatch.setattr(comparison, "FIRST_MODEL", "part-top")  # which has other classes
    app = visit(model="alpha")
    assert sentences(app) == []
    assert "two to four models" in captions(app)
    assert app.button(key="run").disabled


def test_jets_that_lack_what_a_model_needs_give_one_sentence(visit):
    app = finish(visit(file="bare.root", model=["kin", "alpha"]))
    (sentence,) = sentences(app)
    assert "part_charge" in sentence
    assert [button for button in app.button if button.key == "run"]


@pytest.mark.slow
def test_jets_without_labels_are_compared_without_quality(visit, jets_folder, models_folder):
    from helpers.jets import write_model

    write_model(models_folder / "kin2.safetensors", 8, "kin", embed=(32,), pair_embed=(8,), layers=3, heads=4)
    app = finish(visit(file="bare.root", model=["kin", "kin2"]))
    assert sentences(app) == []
    assert "no labels" in texts(app)
    assert "Accuracy" not in texts(app)
    app = visit(file="bare.root", model=["kin", "kin2"], section="disagreement")
    assert "partscope_table" in canvases(app)


def test_a_cancelled_comparison_leaves_nothing(visit, monkeypatch):
    monkeypatch.setattr(
        "app.services.comparison.run_on_model_thread", lambda function, *values: time.sleep(0.2) or function(*values)
    )
    app = visit(jets="11")
    app.button(key="run").click().run()
    app.button(key="cancel").click().run()
    app = visit(jets="11")
    assert [button for button in app.button if button.key == "run"]
    file = files.find("many.root")
    assert comparison.find(file, np.arange(11), comparison.comparable_models(("alpha", "beta"), file)) is None


def test_models_and_file_are_shared_with_explore():
    app = open_page("explore", file="many.root", model=["alpha", "gamma"], jet="3")
    app.switch_page("app/pages/compare/page.py").run()
    no_exception(app)
    selection = state_of(app)
    assert (selection.file, selection.models, selection.jet) == ("many.root", ("alpha", "gamma"), 3)
    assert app.query_params["model"] == ["alpha", "gamma"]


def test_the_jets_of_a_batch_are_those_of_their_entries():
    file = files.find("toys.root")
    entries = np.array([1, 4, 5, 8, 11])
    seen = {}
    for rows, jets in batches(file, entries, 2):
        assert len(jets) <= 2
        seen |= {int(row): len(jet["part_px"]) for row, jet in zip(rows, jets, strict=True)}
    assert seen == {row: COUNTS[entry] for row, entry in enumerate(entries)}
