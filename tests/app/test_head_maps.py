"""Maps of heads that open a head in Explore, and the chosen head over the selected jets there."""

import json
from types import SimpleNamespace

import numpy as np
import plotly.graph_objects as go
import pytest
import streamlit as st
from helpers.app_driver import captions, no_exception, run_until, sentences, state_of, texts
from helpers.jets import write_model

import part
from app.components.study import head_click
from app.pages.explore.state import ExploreState
from app.services import files, head_measures
from app.services.figures import mosaic_pixels, plotly_chart, view_jet
from app.services.library import View
from app.services.models import load_tagger
from app.state.selection import JetSelection
from part.figures.charts import Grid, HeadMap

TOYS = {"file": "toys.root", "model": "alpha"}


def marks(chart: HeadMap) -> go.Scatter:
    figure = head_click._with_marks(plotly_chart(chart, "light", 300), chart, "Click: a tip")
    return next(trace for trace in figure.data if trace.type == "scatter")


def test_each_head_has_a_mark_that_says_what_its_cell_says():
    values = np.arange(6.0).reshape(2, 3)
    chart = HeadMap("map", "nats", values, values / 10)
    found = marks(chart)
    assert list(zip(found.y, found.x, strict=True)) == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    np.testing.assert_array_equal(found.customdata, np.stack((values.ravel(), values.ravel() / 10), 1))
    assert "<br>Click: a tip<extra>" in found.hovertemplate
    assert found.hovertemplate.startswith("Layer %{y}, head %{x}: <b>%{customdata[0]:.4~g}</b> ± %{customdata[1]:.2~g}")
    figure = head_click._with_marks(plotly_chart(chart, "light", 300), chart, "Click: a tip")
    assert list(figure.layout.xaxis.range) == [0.5, 3.5]
    assert list(figure.layout.yaxis.range) == [2.5, 0.5]


def test_columns_that_are_no_heads_have_no_mark():
    chart = HeadMap("map", "", np.zeros((2, 3)), columns=("1", "2", "all"))
    assert list(marks(chart).x) == ["1", "2", "1", "2"]
    assert head_click._heads(chart) == [0, 1]


@pytest.mark.parametrize("title", ["a grid", "a map"])
def test_only_maps_of_heads_can_be_clicked(monkeypatch, title):
    calls = []
    monkeypatch.setattr(st, "plotly_chart", lambda figure, **options: calls.append("on_select" in options))
    chart = Grid(title, "", np.zeros((1, 1)), ("a",), ("b",)) if title == "a grid" else HeadMap(title, "", np.eye(2))
    head_click.draw_figure(plotly_chart(chart, "light", 300), chart, "key")
    head_click.draw_figure(plotly_chart(chart, "light", 300), HeadMap("", "", np.eye(2), of_class_token=True), "class")
    assert calls == [title == "a map", False]  # Explore has no such head to choose


def test_a_click_chooses_the_head_and_opens_explore(monkeypatch):
    state = {"map": SimpleNamespace(selection=SimpleNamespace(point_indices=[5]))}
    monkeypatch.setattr(st, "session_state", state)
    head_click._open("map", [0, 1, 2], head_click.Opens(head_click._over_jets))
    assert state["to_explore"] == {"layer": 1, "head": 2, "other_head": None, "sample": True}


def test_explore_shows_a_head_over_the_selection_and_the_jets_it_is_sharpest_in(visit):
    app = visit(sample="True", layer="2", head="3", averaged="12", jet="1")
    app = run_until(app, lambda app: any(str(b.key).startswith("sharpest_") for b in app.button))
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) == 3
    assert "L2 H3 is sharpest in" in texts(app)
    button = next(b for b in app.button if str(b.key).startswith("sharpest_") and b.key != "sharpest_1")
    app = no_exception(button.click().run())
    assert state_of(app).jet == int(button.key.removeprefix("sharpest_"))
    assert state_of(app, JetSelection).sample


def test_two_classes_have_a_difference(visit):
    app = visit(sample="True", averaged="30", of="Hbb", minus="QCD")
    app = run_until(app, lambda app: len(app.get("plotly_chart")) == 6)
    assert sentences(app) == []
    assert "minus" in texts(app)


def test_a_model_without_attention_says_that_it_has_no_mean(visit):
    app = visit(sample="True", model="pfn-full", file="jetclass_like.root")
    assert "has no mean attention" in texts(app) + captions(app)


def test_bars_in_the_mosaic_show_a_measure_of_each_head(visit):
    app = visit(marked="entropy")
    assert sentences(app) == []
    file, tagger = files.find("toys.root"), load_tagger("alpha", files.find("toys.root"))
    jet_view = view_jet(file, 0, tagger, "alpha")
    marks = head_measures.head_marks("jet", tagger, jet_view, "entropy", "")
    title, values = marks.measure
    weights = jet_view.trace.pattern[1, 2].astype(float)
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    assert values[1, 2] == pytest.approx(-(weights * logs).sum(-1).mean(), rel=1e-4)
    content = mosaic_pixels("k", None, "light", jet_view, View("mosaic"), marks)
    header = json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])
    assert header["measure"]["title"] == title == "entropy [nats]"
    lengths = np.reshape(header["measure"]["lengths"], values.shape)
    assert (lengths.min(), lengths.max()) == (0, 1)
    assert np.unravel_index(lengths.argmax(), values.shape) == np.unravel_index(values.argmax(), values.shape)
    assert head_measures.head_measure("jet", tagger, jet_view, "nothing") is None


def header_of(content: bytes) -> dict:
    return json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])


@pytest.mark.parametrize("arrangement", ["layers", "all"])
def test_heads_are_arranged_by_a_measure_and_keep_their_numbers(visit, arrangement):
    app = visit(marked="entropy", arranged=arrangement, layer="2", head="1")
    assert sentences(app) == []
    file, tagger = files.find("toys.root"), load_tagger("alpha", files.find("toys.root"))
    jet_view = view_jet(file, 0, tagger, "alpha")
    marks = head_measures.head_marks("jet", tagger, jet_view, "entropy", arrangement)
    values = marks.measure[1]
    shown = values.ravel()[list(marks.order)].reshape(values.shape)
    assert sorted(marks.order) == list(range(values.size))
    assert (np.diff(shown, axis=1) <= 0).all()
    assert arrangement == "layers" or (np.diff(shown.ravel()) <= 0).all()
    layer, head = divmod(marks.order[0], values.shape[1])
    assert marks.tile(layer, head, values.shape[1]) == (0, 0)
    plain = mosaic_pixels("plain", None, "light", jet_view, View("mosaic"))
    arranged = mosaic_pixels(f"in {arrangement}", None, "light", jet_view, View("mosaic"), marks)
    size = len(jet_view.constituents) ** 2
    first = marks.order[0] * size
    pixels, moved = (content[4 + int.from_bytes(content[:4], "little") :] for content in (plain, arranged))
    assert moved[:size] == pixels[first : first + size]
    assert header_of(arranged)["order"] == list(marks.order)
    row, column = marks.tile(1, 0, values.shape[1])
    assert f".st-key-card0 {{ --partscope-layer: {row}; --partscope-head: {column}; }}" in texts(app)


def test_the_bias_share_of_a_head_is_that_of_the_study(visit):
    file, tagger = files.find("toys.root"), load_tagger("alpha", files.find("toys.root"))
    jet_view = view_jet(file, 0, tagger, "alpha")
    title, values = head_measures.head_measure("bias", tagger, jet_view, "bias_share")
    scores, bias = jet_view.trace["scores_qk"][1, 0], jet_view.trace["bias"][1, 0]
    shares = [np.var(array, axis=-1).mean() for array in (bias, scores + bias)]
    assert title == "bias share"
    assert values[1, 0] == pytest.approx(shares[0] / shares[1], rel=1e-4)


def test_models_may_show_heads_of_their_own_side_by_side(visit):
    app = visit(model=["alpha", "beta"], layer="1", head="2", others="2:1")
    assert sentences(app) == []
    assert ".st-key-card0 { --partscope-layer: 0; --partscope-head: 1; }" in texts(app)
    assert ".st-key-card1 { --partscope-layer: 1; --partscope-head: 0; }" in texts(app)
    app = no_exception(app.number_input(key="choose_head").set_value(1).run())
    assert state_of(app).other_head is None


def test_names_of_heads_are_those_of_the_atlas_that_the_model_comes_with():
    file = files.find("jetclass_like.root")
    tagger = load_tagger("part-full", file)
    names = head_measures.head_names(tagger)
    result = head_measures.known_result(tagger, "AtlasStudy")
    assert len(names) == tagger.config.layers * tagger.config.heads
    assert names == tuple(result.label(i) for i in range(len(names)))
    assert any("null" in name for name in names)
    view = view_jet(file, 8, tagger, "part-full")
    marks = head_measures.head_marks("jet", tagger, view, "", "")
    assert header_of(mosaic_pixels("named", None, "light", view, View("mosaic"), marks))["names"] == list(names)
    assert "importance" in head_measures.offered(tagger, view)


def test_a_model_without_an_atlas_has_no_names(tmp_path):
    tagger = part.load_model(write_model(tmp_path / "new.safetensors", seed=99))
    assert head_measures.head_names(tagger) == ()


def test_arranging_heads_takes_a_measure_where_none_is_chosen(visit):
    app = visit()
    arranged = app.selectbox(key="choose_arranged")
    assert not arranged.disabled
    app = no_exception(arranged.set_value("layers").run())
    state = state_of(app, ExploreState)
    assert (state.arranged, state.marked) == ("layers", "entropy")
    app = visit(model="pfn-full", file="jetclass_like.root")
    assert "there are no heads to arrange" in captions(app)
