"""The tabs Features and Similarity of the page Circuits without a browser."""

from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from helpers.app_driver import open_page, run_until, sentences, state_of
from helpers.jets import write_jets

import part
from app.components.study.point_click import PointClick, draw_points
from app.pages.circuits.state import CircuitsState
from app.services import files, studies
from app.services.figures import plotly_chart
from app.services.library import dictionary_charts
from part.analysis.similarity.study import SimilarityStudy
from part.analysis.study import study_jets

JETS = 12


@pytest.fixture(scope="module", autouse=True)
def few(jets_folder):
    write_jets(jets_folder / "few.root", [5 + i % 6 for i in range(JETS)], seed=4)


def visit(**params):
    return open_page("circuits", **params)


def finish(app, charts: int):
    return run_until(app, lambda app: len(app.get("plotly_chart")) >= charts or app.error)


def test_similarity_is_that_of_the_library(models_folder, jets_folder):
    app = finish(visit(tab="similarity", file="few.root", model="alpha"), 2)
    assert sentences(app) == []
    tagger, jets = part.load_model(models_folder / "alpha.safetensors"), part.read_jets(jets_folder / "few.root")
    expected = study_jets(SimilarityStudy(), tagger, jets)
    shown = studies.task("alpha", "similarity", files.find("few.root"), np.arange(JETS)).result
    for kind, values in expected.value.items():
        np.testing.assert_allclose(shown.value[kind], values, rtol=1e-4, atol=1e-5)


def test_a_model_without_a_dictionary_says_how_to_train_one():
    app = visit(tab="dictionary", file="few.root", model="alpha")
    assert any("python -m part dictionary" in element.proto.body for element in app.get("html"))
    assert app.button(key="run").disabled


@pytest.fixture
def shipped_files(monkeypatch):
    """Have what comes with the project."""
    for name in ("PARTSCOPE_DATA", "PARTSCOPE_CHECKPOINTS", "PARTSCOPE_RUNS"):
        monkeypatch.delenv(name, raising=False)


def test_the_shipped_dictionary_is_shown_and_its_features_lead_to_explore(shipped_files):
    app = visit(tab="dictionary")
    assert sentences(app) == []
    result = studies.task("part-full", "dictionary", files.find("jetclass_like.root"), np.arange(500)).result
    chosen = app.selectbox(key="choose_feature").value
    assert chosen == max(np.flatnonzero(result.name >= 0), key=lambda m: result.importance[m])
    other = int(np.flatnonzero((result.frequency > 0) & (np.arange(result.features) != chosen))[0])
    app.selectbox(key="choose_feature").select_index(
        [int(text.split()[0]) for text in app.selectbox(key="choose_feature").options].index(other + 1)
    ).run()
    assert state_of(app, CircuitsState).feature == other
    links = [element.proto for element in app.get("page_link") if "particle=" in element.proto.query_string]
    entries, particles = result.entries[other], result.particles[other]
    expected = [f"jet {e}, {p + 1}" for e, p in zip(entries, particles, strict=True) if e >= 0]
    assert [link.label for link in links] == expected
    assert f"particle={particles[0] + 1}" in links[0].query_string


def test_layers_are_compared_with_those_of_a_shipped_model(shipped_files):
    app = visit(tab="similarity", model="part-top")
    assert list(app.selectbox(key="choose_other").options) == ["itself", "part-top-finetuned"]
    app.selectbox(key="choose_other").select("part-top-finetuned").run()
    assert state_of(app, CircuitsState).other == "part-top-finetuned"


def test_a_feature_that_there_is_not_is_said(shipped_files):
    app = visit(tab="dictionary", feature="9999")
    assert any("There is no feature 9999" in element.proto.body for element in app.get("html"))


def test_a_click_on_a_point_chooses_its_feature_and_the_tip_has_units(shipped_files, monkeypatch):
    result = studies.task("part-full", "dictionary", files.find("jetclass_like.root"), np.arange(500)).result
    chart, clicked, drawn = dictionary_charts.features(result, 49), [], []
    for number, series in enumerate(chart.series):
        labels = [f"feature {dictionary_charts.feature_at(result, 49, number, p) + 1}" for p in range(len(series.y))]
        assert [label.partition(":")[0] for label in series.labels] == labels
    selection = SimpleNamespace(points=[{"curve_number": 1, "point_index": 4}])
    monkeypatch.setattr(st, "session_state", {"features": SimpleNamespace(selection=selection)})
    monkeypatch.setattr(st, "plotly_chart", lambda figure, on_select, **_: drawn.append(figure) or on_select())
    click = PointClick(lambda series, point: clicked.append((series, point)), "Click to choose it")
    draw_points(plotly_chart(chart, "light", 300), "features", {}, click)
    assert clicked == [(1, 4)]
    for trace in drawn[0].data:
        assert "share of particles: <b>%{x" in trace.hovertemplate
        assert "mean weight [standard deviations]: <b>%{y" in trace.hovertemplate
        assert "Click to choose it" in trace.hovertemplate
