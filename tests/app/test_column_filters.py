"""Filters on columns in the sidebar: from the URL and by widgets, said, exported, and reset with another file."""

import json

import awkward as ak
import numpy as np
import pytest
from helpers.app_driver import in_url, no_exception, open_page, run_until, sentences, state_of, texts
from helpers.jets import write_jets

import part
from app.services import columns, studies
from app.state.filters import ColumnFilter, few_values, parse_filter, slider_limits

JETS = 24


@pytest.fixture(scope="module", autouse=True)
def own_columns(jets_folder):
    jets = part.read_jets(write_jets(jets_folder / "plain.root", [4 + i % 5 for i in range(JETS)], seed=3))
    number = np.arange(JETS)
    own = {
        "jet_sdmass": np.where(number < 4, np.nan, 10.0 * number),
        "n_vertices": number % 3,
        "weight": number.astype(np.float32) / 100,
    }
    table = {name: jets[name] for name in jets.fields} | own
    ak.to_parquet(ak.zip(table, depth_limit=1), jets_folder / "columns.parquet")


def visit(**params):
    return open_page("explore", **({"file": "columns.parquet", "model": "alpha"} | params))


def captions(app) -> str:
    return " ".join(element.value.replace("\\", "") for element in app.caption)


def widget(app, kind: str, key: str):
    return next(element for element in getattr(app, kind) if element.key == key)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("jet_sdmass", ColumnFilter("jet_sdmass")),
        ("jet_sdmass:80:120.5", ColumnFilter("jet_sdmass", 80, 120.5)),
        ("jet_sdmass:-inf:-1e-05", ColumnFilter("jet_sdmass", high=-1e-5)),
        ("n:in:1,2", ColumnFilter("n", chosen=(1, 2))),
    ],
)
def test_the_text_of_a_filter_is_read_back(text, chosen):
    assert parse_filter(text) == chosen
    assert parse_filter(chosen.text) == chosen


def test_what_makes_no_sense_is_a_name():
    assert parse_filter("a:b:c") == ColumnFilter("a:b:c")
    assert parse_filter("a:2:1") == ColumnFilter("a")
    assert parse_filter("a:in:nan") == ColumnFilter("a")


def test_a_filter_takes_both_ends_and_nothing_that_is_not_finite():
    values = np.array([1, 2, 3, np.nan, np.inf, -np.inf])
    assert ColumnFilter("a", 1, 2).passes(values).tolist() == [True, True, False, False, False, False]
    assert ColumnFilter("a").passes(values).tolist() == [True] * 3 + [False] * 3
    assert ColumnFilter("a", chosen=(3,)).passes(values).tolist() == [False, False, True, False, False, False]


def test_sliders_have_round_ends_and_ignore_far_outliers():
    low, high, step = slider_limits(np.array([3.3, 47.2, np.nan]))
    assert low - 1e-9 <= 3.3 < 47.2 <= high + 1e-9
    assert (high - low) / step < 501
    values = np.append(np.linspace(0, 1, 1000), -999)
    assert slider_limits(values)[0] >= -0.1
    assert few_values(np.array([0, 1, np.nan, 2])) == (0, 1, 2)
    assert few_values(np.array([0.5, 1])) == few_values(np.arange(20)) == ()


def test_no_column_is_read_before_one_is_chosen(monkeypatch):
    columns.values.clear()
    monkeypatch.setattr("app.services.columns.read_column", lambda *args: pytest.fail("reads a column"))
    app = visit()
    assert {"jet_sdmass [GeV]", "n_vertices", "weight"} <= set(app.selectbox(key="choose_filter_column").options)


def test_filters_of_the_url_choose_the_jets_and_are_said():
    app = visit(where=["jet_sdmass:80:120", "n_vertices:in:0,2"])
    state = state_of(app)
    assert state.filters == ("jet_sdmass:80:120", "n_vertices:in:0,2")
    # Of the entries 8 to 12, 10 has one vertex modulo 3.
    assert "4 of 24 jets pass" in captions(app)
    assert "4 jets have no finite jet_sdmass, and do not pass" in captions(app)
    assert state.jet == 8
    app.button(key="next").click().run()
    assert state_of(app).jet == 9


def test_a_column_is_chosen_limited_and_removed_by_widgets():
    app = visit()
    app.selectbox(key="choose_filter_column").set_value("weight").run()
    assert in_url(app, "where") == ["weight"]
    slider = widget(app, "slider", "filter_weight")
    assert slider.value == pytest.approx((0, 0.23))
    slider.set_value((0.05, 0.105)).run()
    assert in_url(app, "where") == ["weight:0.05:0.105"]
    widget(app, "slider", "filter_weight").set_value((0.05, 0.23)).run()
    assert in_url(app, "where") == ["weight:0.05:inf"]
    app.selectbox(key="choose_filter_column").set_value("n_vertices").run()
    widget(app, "multiselect", "filter_n_vertices").set_value([1.0]).run()
    assert state_of(app).filters == ("weight:0.05:inf", "n_vertices:in:1")
    app.button(key="remove_filter_weight").click().run()
    assert state_of(app).filters == ("n_vertices:in:1",)
    assert "8 of 24 jets pass" in captions(no_exception(app))


def test_a_derived_number_is_a_filter_too():
    app = visit(where="multiplicity:in:4")
    assert "5 of 24 jets pass" in captions(app)


def test_another_file_resets_them_and_an_unknown_column_gives_one_sentence():
    app = visit(where="weight:0.05:0.105")
    app.selectbox(key="choose_file").set_value("toys.root").run()
    assert state_of(app).filters == ()
    assert sentences(app) == []
    app = visit(where=["nonsense:1:2", "weight:0.05:0.105"])
    (sentence,) = sentences(app)
    assert "columns.parquet: there is no column nonsense" in sentence
    assert state_of(app).filters == ("weight:0.05:0.105",)


def test_a_study_says_the_filters_of_its_jets():
    params = {"file": "columns.parquet", "model": "alpha", "tab": "sample", "studied": "6"}
    app = run_until(
        open_page("sparsity", **params, where="weight:0.05:0.105"),
        lambda app: any(button.key == "export" for button in app.get("popover")) or "that pass with" in texts(app),
    )
    assert "the first 6 of 6 jets that pass with weight 0.05 to 0.105" in texts(app)


def test_an_exported_study_has_the_filters(monkeypatch):
    from types import SimpleNamespace

    task = SimpleNamespace(
        result=SimpleNamespace(rows=lambda: [{"x": 1}], arrays=dict),
        study="study",
        name="alpha",
        model=SimpleNamespace(sha256="0"),
        entries=np.arange(2),
        is_precomputed=False,
        job=None,
    )
    content = json.loads(studies.export(task, "columns.parquet", "json", ("class Hbb", "weight 0.05 to 0.105")))
    assert content["filters"] == ["class Hbb", "weight 0.05 to 0.105"]
    assert "filters" not in json.loads(studies.export(task, "columns.parquet", "json"))
