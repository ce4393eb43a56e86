"""python -m part bench: its files, its lines for programs and its errors."""

import json

import pytest
from helpers.jets import write_jets, write_model

from part.__main__ import main
from part.benchmarking.bench import trace_path
from part.benchmarking.results import read

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 1, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    for seed, name in enumerate("ab"):
        write_model(folder / f"{name}.safetensors", seed, **SMALL)
    write_jets(folder / "jets.root", [8, 12, 20, 5])
    return folder


def words(folder, kind, out, *more):
    models = [str(folder / f"{name}.safetensors") for name in "ab"]
    return ["bench", kind, "--models", *models, "--device", "cpu", "--out", str(out), *map(str, more)]


def test_a_sweep_writes_its_rows_and_prints_a_table(folder, tmp_path, capsys):
    jets = ("--jets", folder / "jets.root", "--entries", "1,3", "--batches", "1", "2", "--repeats", "2")
    assert main(words(folder, "sweep", tmp_path / "s.json", *jets)) == 0
    results = read(tmp_path / "s.json")
    assert (results.kind, results.complete, len(results.rows)) == ("sweep", True, 4)
    assert [row["n"] for row in results.rows] == [12, 12, 8.5, 8.5]
    printed = capsys.readouterr().out
    assert results.machine.cpu in printed
    assert "ms a pass" in printed


def test_programs_get_lines(folder, tmp_path, capsys):
    assert main(words(folder, "sweep", tmp_path / "s.json", "--lengths", "6", "--batches", "1", "--lines")) == 0
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["done"], line["total"]) for line in reports] == [(0, 1), (0, 1), (1, 1)]


def test_a_profile_writes_a_trace_for_each_model(folder, tmp_path, capsys):
    out = tmp_path / "p.json"
    assert main(words(folder, "profile", out, "--length", "6", "--batch", "2", "--passes", "1")) == 0
    assert [row["model"] for row in read(out).rows] == [str(folder / f"{name}.safetensors") for name in "ab"]
    assert all(trace_path(out, number).is_file() for number in range(2))
    assert "addmm" in capsys.readouterr().out


@pytest.mark.slow
def test_a_roofline_says_what_bounds_the_modules(folder, tmp_path, capsys):
    assert main(words(folder, "roofline", tmp_path / "r.json", "--length", "6", "--batch", "2", "--passes", "1")) == 0
    assert {row["model"] for row in read(tmp_path / "r.json").rows} == {
        str(folder / f"{name}.safetensors") for name in "ab"
    }
    assert "-bound: " in capsys.readouterr().out


def test_nothing_is_overwritten_without_force(folder, tmp_path, capsys):
    out = tmp_path / "s.json"
    out.write_text("mine")
    short = ("--lengths", "6", "--batches", "1", "--repeats", "1")
    assert main(words(folder, "sweep", out, *short)) == 2
    assert out.read_text() == "mine"
    assert "use --force" in capsys.readouterr().err
    assert main(words(folder, "sweep", out, *short, "--force")) == 0
    assert read(out).complete


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--jets", "none.root"), "none.root"),
        (("--batches", "0", "--lengths", "4"), "batches is"),
        ((), "name one"),
        (("--threads", "0", "--lengths", "4"), "threads is 0"),
    ],
)
def test_bad_input_is_one_sentence(folder, tmp_path, capsys, more, sentence):
    assert main(words(folder, "sweep", tmp_path / "s.json", *more)) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert sentence in said[-1]
    assert not (tmp_path / "s.json").exists()


def test_entries_beyond_the_file_are_refused(folder, tmp_path, capsys):
    assert main(words(folder, "sweep", tmp_path / "s.json", "--jets", folder / "jets.root", "--entries", "9")) == 2
    assert "entries 0 to 3" in capsys.readouterr().err
