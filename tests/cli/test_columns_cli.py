"""Columns of jets on the command line: in tables, as axes, as slices; and one model on two samples."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.jets import write_jets, write_model

import part
from part.__main__ import main
from part.analysis.statistics.metrics import accuracy
from part.comparison.columns import quality_in_bins, working_point
from part.comparison.compare import compare_files
from part.jets.class_groups import merge_classes
from part.jets.columns import read_column
from part.jets.streaming import entry_ranges

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 2, "class_layers": 1}
COUNTS = ([8, 12, 20, 5, 9, 11, 7, 6, 15, 10] * 8, [14, 3, 22] * 10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns")
    for i, counts in enumerate(COUNTS):
        write_jets(folder / f"{i}.root", counts, seed=i)
    for seed, name in enumerate(("alpha", "beta")):
        write_model(folder / f"{name}.safetensors", seed, **SMALL)
    return folder


@pytest.fixture(autouse=True, scope="module")
def small_chunks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("part.jets.streaming.CHUNK", 17)
        yield


def compare(folder, out, *more: str, models=("alpha", "beta"), jets=("0.root", "1.root")) -> int:
    names = [str(folder / f"{name}.safetensors") for name in models]
    files = [str(folder / name) for name in jets]
    return main(["compare", "--models", *names, "--jets", *files, "--out", str(out), "--replicas", "20", *more])


def columns(folder, name: str) -> np.ndarray:
    return np.concatenate([read_column(folder / f"{i}.root", name) for i in range(2)])


@pytest.fixture(scope="module")
def output(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    by = ("--by", "jet_pt", "mass", "--bins", "3", "--signal", "Hbb", "Tbqq", "--format", "svg")
    assert compare(folder, out, *by, "--columns", "multiplicity", "--attention-jets", "8") == 0
    return out


def test_the_table_of_jets_has_the_columns(folder, output):
    table = pq.read_table(output / "per_jet.parquet")
    assert table.column_names[:5] == ["file", "entry", "multiplicity", "jet_pt", "mass"]
    for name in ("multiplicity", "jet_pt", "mass"):
        np.testing.assert_array_equal(table[name], columns(folder, name))


def test_the_table_of_columns_is_that_of_the_library(folder, output):
    rows = list(csv.DictReader((output / "columns.csv").read_text().splitlines()))
    assert json.loads((output / "summary.json").read_text())["columns"][0]["column"] == "jet_pt"
    models = {name: part.load_model(folder / f"{name}.safetensors") for name in ("alpha", "beta")}
    ranges = entry_ranges([str(folder / "0.root"), str(folder / "1.root")])
    result = compare_files(models, ranges, attention_jets=1, replicas=0, columns=["jet_pt"])
    quality = quality_in_bins(result, "jet_pt", columns(folder, "jet_pt"), 3, working_point(result, 8, 0.3))
    chosen = [row for row in rows if (row["column"], row["model"]) == ("jet_pt", "beta")]
    for measure, values in (("accuracy", quality.accuracy), ("signal_efficiency", quality.signal_efficiency)):
        own = [row for row in chosen if row["measure"] == measure]
        own = [row for row in own if measure == "accuracy" or (row["signal"], row["efficiency"]) == ("Tbqq", "0.3")]
        assert [float(row["value"]) for row in own] == pytest.approx(values.value[1].tolist(), rel=1e-5)
        assert [float(row["high"]) for row in own] == pytest.approx(values.interval[1][1].tolist(), rel=1e-5)
    measures = {"accuracy", "signal_efficiency", "rejection", "jensen_shannon_bits"}
    assert {row["measure"] for row in rows} == measures


def test_figures_are_written_for_each_column_model_and_working_point(output):
    names = {path.name for path in output.glob("*.svg")}
    assert {"jet_pt_accuracy.svg", "mass_Tbqq_30_rejection.svg", "jet_pt_Hbb_50_sculpting_alpha.svg"} <= names
    assert len(names) == 2 * (1 + 2 * 2 * (2 + 2))


def test_a_slice_is_compared_alone(folder, tmp_path, capsys):
    more = ("--slice", "multiplicity", "8", "12", "--attention-jets", "4")
    assert compare(folder, tmp_path, *more) == 0
    content = json.loads((tmp_path / "summary.json").read_text())
    number = columns(folder, "multiplicity")
    kept = np.flatnonzero((number >= 8) & (number <= 12))
    assert content["slice"] == {"column": "multiplicity", "low": 8, "high": 12, "jets": len(kept), "of": 110}
    assert content["models"][0]["jets"] == len(kept)
    assert f"Slice: {len(kept)} of 110 jets" in capsys.readouterr().out
    places = {(row["file"], row["entry"]) for row in content["most_different"]}
    inside = {(str(folder / "0.root"), int(j)) if j < 80 else (str(folder / "1.root"), int(j) - 80) for j in kept}
    assert places <= inside
    table = pq.read_table(tmp_path / "per_jet.parquet")
    right = np.asarray(table["class_alpha"])[kept] == np.asarray(table["label"])[kept]
    assert content["models"][0]["accuracy"] == pytest.approx(right.mean(), abs=1e-5)


def test_one_model_on_two_samples(folder, tmp_path, capsys):
    others = ("--other-jets", str(folder / "1.root"), "--columns", "jet_pt")
    assert compare(folder, tmp_path, *others, models=("alpha",), jets=("0.root",)) == 0
    table = pq.read_table(tmp_path / "per_jet.parquet")
    assert table["sample"].to_pylist() == [1] * 80 + [2] * 30
    np.testing.assert_array_equal(table["jet_pt"], columns(folder, "jet_pt"))
    row = next(csv.DictReader((tmp_path / "summary.csv").read_text().splitlines()))
    tagger = part.load_model(folder / "alpha.safetensors")
    for side, i in (("first", 0), ("second", 1)):
        p = tagger.predict(part.read_jets(folder / f"{i}.root"))
        assert float(row[side]) == pytest.approx(accuracy(p, np.arange(len(p)) % 10), abs=1e-5)
        assert float(row[f"{side}_low"]) <= float(row[side]) <= float(row[f"{side}_high"])
    content = json.loads((tmp_path / "summary.json").read_text())
    assert content["jets"] == [80, 30]
    assert content["rows"][0]["measure"] == "accuracy"
    assert "sample 2 (30 jets)" in capsys.readouterr().out


def test_two_samples_are_compared_in_groups_of_classes(folder, tmp_path):
    """The accuracies are those of the summed probabilities."""
    options = ("--other-jets", str(folder / "1.root"), "--group", "higgs=Hbb,Hcc,Hgg,H4q,Hqql", "--background", "Zqq")
    assert compare(folder, tmp_path, *options, models=("alpha",), jets=("0.root",)) == 0
    rows = list(csv.DictReader((tmp_path / "summary.csv").read_text().splitlines()))
    tagger = part.load_model(folder / "alpha.safetensors")
    merged = merge_classes(tagger.dataset, [options[3]], "Zqq")
    assert "rejection_higgs_50%" in {row["measure"] for row in rows}
    p = merged.probabilities(tagger.predict(part.read_jets(folder / "1.root")))
    assert float(rows[0]["second"]) == pytest.approx(accuracy(p, merged.truth(np.arange(30) % 10)), abs=1e-5)
    table = pq.read_table(tmp_path / "per_jet.parquet")
    np.testing.assert_allclose(np.asarray(table["score_alpha_higgs"])[80:], p[:, 1], atol=1e-5)


@pytest.mark.parametrize(
    ("more", "models", "message"),
    [
        (("--by", "jet_sdmass"), ("alpha", "beta"), "there is no column jet_sdmass"),
        (("--by", "mass", "--signal", "Hzz"), ("alpha", "beta"), "--signal Hzz: there is no such class"),
        (("--by", "mass", "--signal", "QCD"), ("alpha", "beta"), "QCD is no signal of these jets"),
        (("--slice", "mass", "low", "1"), ("alpha", "beta"), "expected COLUMN LOW HIGH"),
        (("--slice", "mass", "2", "1"), ("alpha", "beta"), "expected LOW to be at most HIGH"),
        (("--slice", "mass", "1e6", "2e6"), ("alpha", "beta"), "The slice holds no jets"),
        (("--by", "mass", "--format", "gif"), ("alpha", "beta"), "There is no format 'gif'"),
        (("--other-jets", "FOLDER/1.root"), ("alpha", "beta"), "2 models with --other-jets; expected one"),
        (("--other-jets", "FOLDER/1.root", "--by", "mass"), ("alpha",), "expected them without --other-jets"),
    ],
)
def test_bad_input_ends_with_one_sentence(folder, tmp_path, capsys, more, models, message):
    more = tuple(word.replace("FOLDER", str(folder)) for word in more)
    assert compare(folder, tmp_path, *more, "--attention-jets", "2", models=models, jets=("0.root",)) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("names", [["jet_pt", "multiplicity"], ["mass"]])
def test_predict_writes_columns(folder, tmp_path, names):
    out = tmp_path / "scores.parquet"
    command = [
        "predict",
        "--model",
        str(folder / "alpha.safetensors"),
        "--jets",
        str(folder / "1.root"),
        "--out",
        str(out),
    ]
    assert main([*command, "--columns", *names]) == 0
    table = pq.read_table(out)
    assert table.column_names[-len(names) :] == names
    for name in names:
        np.testing.assert_array_equal(table[name], read_column(folder / "1.root", name))
