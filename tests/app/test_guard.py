"""What nobody foresaw stops the place where it happens alone, and the server's log has the traceback under a number."""

import logging
import re

import pytest
from helpers.app_driver import open_page
from streamlit.testing.v1 import AppTest

from app.services import failures, jobs
from app.services.failures import sentence_on
from part.errors import PartError


def failing(*args, **kwargs):
    raise KeyError("an unforeseen detail")


def number_in(text: str) -> str:
    [number] = re.findall(r"error ([0-9a-f]{8})", text.replace("\\", ""))
    return number


def test_bad_input_keeps_its_own_words(caplog):
    assert sentence_on(PartError("No jets at x.")) == "No jets at x."
    assert not caplog.records


def test_another_error_is_logged_under_the_number_that_is_shown(caplog):
    try:
        failing()
    except KeyError as error:
        sentence = sentence_on(error)
    assert "an unforeseen detail" not in sentence
    [record] = [record for record in caplog.records if record.name == "partscope"]
    assert record.levelno == logging.ERROR
    assert number_in(sentence) in record.getMessage()
    assert "an unforeseen detail" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("explore", "app.services.jets.load_sample.__wrapped__"),
        ("explore", "app.pages.explore.cards.view_jet"),
        ("performance", "app.services.benchmarks.machine"),
        ("train", "app.services.runs.list_runs"),
        ("train", "app.services.runs.published_values"),
    ],
)
def test_a_page_that_fails_says_so_in_its_place(monkeypatch, caplog, page, place):
    if place.endswith("__wrapped__"):
        monkeypatch.setattr("app.state.find_file.load_sample", failing)
    else:
        monkeypatch.setattr(place, failing)
    app = AppTest.from_file(open_page.__globals__["ROOT"] / "streamlit_app.py", default_timeout=60)
    app._page_hash = open_page.__globals__["calc_hash"](page)
    app.query_params["file"], app.query_params["model"] = "toys.root", "alpha"
    app.run()
    assert not app.exception
    [sentence] = [error.value for error in app.error if failures.BEGINNING in error.value]
    assert number_in(sentence) in caplog.text
    assert "an unforeseen detail" not in sentence


def test_the_rest_of_a_page_is_there(monkeypatch):
    monkeypatch.setattr("app.pages.explore.cards.view_jet", failing)  # in the fragment beside the sidebar
    app = AppTest.from_file(open_page.__globals__["ROOT"] / "streamlit_app.py", default_timeout=60).run()
    assert [error for error in app.error if failures.BEGINNING in error.value]
    assert app.sidebar.selectbox
    assert app.sidebar.multiselect


def test_a_callback_that_fails_leaves_the_page(monkeypatch):
    app = open_page("performance", file="toys.root", model="alpha")
    monkeypatch.setattr("app.services.benchmarks.start", failing)
    app.button(key="run").click().run()
    assert not app.exception
    assert [error for error in app.error if failures.BEGINNING in error.value]
    assert app.sidebar.multiselect


def test_a_job_that_fails_keeps_a_sentence(caplog):
    job = jobs.start(("test of the guard",), "job", failing)
    for _ in range(100):
        if job.error or job.wait_for_cancel(0.05):
            break
    assert isinstance(job.error, PartError)
    assert number_in(str(job.error)) in caplog.text
