"""Compare against columns of the jets, on slices of them, and one model on two samples."""

import csv
import io
import json
import time

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.app_driver import can_run, captions, in_url, open_page, run_until, sentences, state_of, texts
from helpers.jets import write_jets

import part
from app.pages.compare import header
from app.pages.compare.context import CompareContext
from app.pages.compare.state import CompareState
from app.services import columns, comparison, comparison_columns, files, head_matching
from app.state.context import PageContext
from app.state.resolve import resolve
from app.state.selection import JetSelection
from part.comparison.columns import quality_in_bins
from part.comparison.sculpting import measure_sculpting
from part.jets.datasets import JETCLASS

JETS = 400
MODELS = ["alpha", "beta"]


@pytest.fixture(scope="module", autouse=True)
def own_columns(jets_folder):
    jets = part.read_jets(write_jets(jets_folder / "plain.root", [4 + i % 5 for i in range(JETS)], seed=3))
    number = np.arange(JETS)
    own = {"jet_sdmass": np.where(number % 20 == 3, np.nan, 0.5 * number), "n_vertices": number % 3}
    table = {name: jets[name] for name in jets.fields} | own
    ak.to_parquet(ak.zip(table, depth_limit=1), jets_folder / "first.parquet")
    ak.to_parquet(ak.zip(table, depth_limit=1)[::2], jets_folder / "second.parquet")
    bare = {name: table[name] for name in table if not name.startswith("label")}
    ak.to_parquet(ak.zip(bare, depth_limit=1), jets_folder / "unlabelled.parquet")


def visit(**params):
    return open_page("compare", **({"file": "first.parquet", "model": MODELS} | params))


def finish(app):
    return run_until(app, lambda app: 'class="models"' in texts(app) or app.error)


def context(**choices) -> CompareContext:
    """Return what the page shows with these choices of its state."""
    selection = JetSelection(file="first.parquet", models=tuple(MODELS))
    return CompareContext.create(PageContext(resolve(selection), CompareState(**choices)))


def test_no_column_is_read_before_one_is_shown(monkeypatch):
    app = finish(visit(section="overview"))
    columns.values.clear()
    monkeypatch.setattr("app.services.columns.read_column", lambda *args: pytest.fail("reads a column"))
    app = visit(section="overview")
    assert app.get("plotly_chart")


@pytest.mark.parametrize(("section", "first", "charts"), [("columns", "pt", 3), ("sculpting", "mass", 2)])
def test_a_section_begins_with_a_column_of_its_own(section, first, charts):
    app = finish(visit(section=section))
    assert sentences(app) == []
    assert app.selectbox(key="choose_column").value == first
    assert len(app.get("plotly_chart")) == charts
    assert state_of(app, CompareState).column == ""


def test_accuracy_efficiency_and_rejection_are_drawn_against_a_column():
    app = finish(visit(section="columns"))
    app.selectbox(key="choose_column").set_value("jet_sdmass").run()
    assert in_url(app, "by") == ["jet_sdmass"]
    assert len(app.get("plotly_chart")) == 3
    assert "Left out: 20 jets without a finite jet_sdmass" in captions(app)
    assert all(title in texts(app) for title in ("Accuracy", "Efficiency of H→bb", "Background rejection, H→bb"))
    app.selectbox(key="choose_signal").set_value("Tbqq").run()
    assert state_of(app, CompareState).signal == "Tbqq"
    assert "at 50 %" in texts(app)


def test_sculpting_is_drawn_for_each_model():
    app = finish(visit(section="sculpting", by="jet_sdmass", at="0.3"))
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) == 2
    shown = context()
    result = shown.job.result
    values = comparison_columns.values(shown.file, shown.entries, shown.models, "jet_sdmass")
    at = comparison_columns.point(result, "", 0.3)
    found = measure_sculpting(result, "jet_sdmass", values, at).divergence
    for name, one in zip(MODELS, found, strict=True):
        told = "fewer than 20 jets, no JSD" if one is None else f"JSD {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
        assert f"{name}: {told}" in texts(app)


def test_a_slice_is_shown_alone_and_taken_back():
    finish(visit(section="columns", by="jet_sdmass"))
    app = visit(section="columns", by="jet_sdmass", slice="jet_sdmass:50:99.5")
    # Entries 100 to 199, of which five have no mass.
    assert "Slice: 95 of 400 jets, jet_sdmass 50 to 99.5" in captions(app)
    shown, own = context(slice="jet_sdmass:50:99.5").sliced(context().job.result)
    entries = np.arange(100, 200)
    assert shown.shown_entries.tolist() == entries[entries % 20 != 3].tolist()
    assert f"<td>{own.quality[0]['accuracy']:.4f} " in texts(app)
    app.button(key="no_slice").click().run()
    assert state_of(app, CompareState).slice == ""
    app.slider(key="slice_ends").set_value((50.0, 80.0)).run()
    assert in_url(app, "slice") == ["jet_sdmass:50:80"]
    app = visit(slice="jet_sdmass:1000:2000")
    assert sentences(app) == ["The slice holds no jets; expected at least one."]


def test_a_slice_follows_the_classes_that_count_as_one():
    merged = "higgs=Hbb,Hcc"
    finish(visit())
    finish(visit(as_one=merged))
    plain, own = context(slice="n_vertices:in:1"), context(slice="n_vertices:in:1", merged=(merged,))
    assert plain.sliced(plain.job.result)[1].probabilities.shape[2] == 10
    shown = own.sliced(own.job.result)[1]
    assert shown.probabilities.shape[2] == len(shown.dataset.classes) == 9


def test_the_exports_have_the_column():
    finish(visit(by="jet_sdmass"))
    chosen = context(column="jet_sdmass", bins=4, slice="n_vertices:in:1")
    result = chosen.job.result
    table = pq.read_table(io.BytesIO(header._content(chosen, result, "parquet")))
    entries = np.asarray(table["entry"])
    assert entries.tolist() == np.flatnonzero(np.arange(JETS) % 3 == 1).tolist()
    np.testing.assert_array_equal(table["jet_sdmass"], np.where(entries % 20 == 3, np.nan, 0.5 * entries))
    unknown = pq.read_table(io.BytesIO(header._content(context(column="nonsense"), result, "parquet")))
    assert unknown.column_names[:2] == ["entry", "label"]
    content = json.loads(header._content(chosen, result, "json"))
    assert content["slice"] == {"of": "n_vertices 1", "jets": len(entries), "of_jets": JETS}
    rows = list(csv.DictReader(io.StringIO(comparison_columns.table_bytes(header._rows(chosen, result)).decode())))
    assert [row["measure"] for row in rows] == [row["measure"] for row in content["columns"]]
    shown, own = chosen.sliced(result)
    quality = quality_in_bins(own, "jet_sdmass", shown.column("jet_sdmass"), 4)
    accuracy = [float(row["value"]) for row in rows if row["measure"] == "accuracy"]
    assert accuracy == pytest.approx(quality.accuracy.value.ravel().tolist(), rel=1e-5)


def test_the_exports_have_the_matches_of_heads_once_they_are_known():
    finish(visit())
    chosen = context()
    result = chosen.job.result
    assert "heads" not in json.loads(header._content(chosen, result, "json"))
    job = head_matching.start(chosen.file, chosen.entries, chosen.models)
    while job.is_running:
        time.sleep(0.05)
    content = json.loads(header._content(chosen, result, "json"))
    assert content["heads"] == job.result.summary()


def test_a_column_that_is_not_there_is_said():
    app = finish(visit(section="columns", by="nonsense"))
    assert "There is no column nonsense here" in texts(app)


def test_one_model_is_compared_on_two_samples():
    app = visit(model="alpha")
    assert "alpha alone is chosen" in captions(app)
    app.selectbox(key="choose_other_file").set_value("second.parquet").run()
    assert in_url(app, "second") == ["second.parquet"]
    app = finish(app)
    assert sentences(app) == []
    assert "alpha: 400 jets of first.parquet and 200 of second.parquet" in captions(app)
    assert not can_run(app)
    file = files.find("second.parquet")
    p = part.load_model(comparison.load_tagger("alpha", file).path).predict(part.read_jets(file.path))
    right = (p.argmax(1) == np.arange(0, JETS, 2) % 10).mean()
    assert f"{right:.3g} <small>[" in texts(app)
    assert len(app.get("plotly_chart")) == 1
    app.selectbox(key="choose_shown_class").set_value("Hcc").run()
    title = JETCLASS.titles[2]
    assert f"Score {title} of {title} jets" in texts(app)


def test_filters_are_for_both_samples():
    app = visit(model="alpha", second="second.parquet", where="n_vertices:in:0")
    app = finish(app)
    assert "alpha: 134 jets of first.parquet and 67 of second.parquet" in captions(app)
    app = visit(model="alpha", second="toys.root", where="n_vertices:in:0")
    assert "toys.root: there is no column n_vertices" in sentences(app)[0]


def test_groups_are_classes_of_both_samples():
    app = finish(visit(model="alpha", second="second.parquet", as_one="higgs=Hbb,Hcc", background="Zqq"))
    assert "higgs" in texts(app)
    app = visit(model="alpha", second="second.parquet", as_one=["higgs=Hbb,Hcc", "cc=Hcc,Hgg"])
    assert "higgs and cc share the class Hcc" in sentences(app)[0]
    assert app.selectbox(key="choose_background").options  # what was chosen can be mended


def test_without_labels_the_scores_of_all_jets_are_compared():
    app = finish(visit(model="alpha", second="unlabelled.parquet"))
    assert "only the scores of all jets are compared" in captions(app)
    assert "of all jets" in texts(app)
