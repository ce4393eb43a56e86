"""Every command says in one sentence, before it works, where it cannot write; and what it had to leave out of jets."""

import errno
import json
import os
import re
import resource
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest
from helpers.field import JET, of_no_class, shared_case, with_nan, without_momentum, write_trees
from helpers.jet_samples import columns, write_tree
from helpers.jets import write_jets, write_model

from part import io
from part.__main__ import main
from part.errors import PartError

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 1, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs")
    write_jets(folder / "jets.root", [5, 9, 3, 12])
    for seed, name in enumerate(("a", "b")):
        write_model(folder / f"{name}.safetensors", seed, **SMALL)
    write_model(folder / "kin.safetensors", 9, "kin", **SMALL)
    return folder


# What writes a file at {out}, and what writes files into a folder {out}.
FILES = {
    "predict": "predict --model a.safetensors --jets jets.root --out {out}.csv",
    "evaluate": "evaluate --model a.safetensors --jets jets.root --out {out}.json",
    "bench": "bench sweep --models a.safetensors --jets jets.root --out {out}.json",
    "convert": "convert a.safetensors {out}.safetensors",
    "report": "report --model a.safetensors --jets jets.root --out {out}.html",
    "quantize": "quantize --model a.safetensors --method dynamic --out {out}.safetensors",
    "lr-find": "lr-find JetClass ParT kin --train jets.root --val jets.root --name x --csv {out}.csv",
}
FOLDERS = {
    "compare": "compare --models a.safetensors b.safetensors --jets jets.root --out {out}",
    "study": "study topk --model a.safetensors --jets jets.root --out {out}",
    "export": "export --model a.safetensors --jets jets.root --out {out}",
    "reproduce": "reproduce 2412.03673 --out {out}",
    "download": "download weights --part ParT_kin --out {out}",
    "simulate": "simulate QuarkGluon --jets 1 --out {out}",
    "dictionary": "dictionary --model a.safetensors --train jets.root --val jets.root --name x --layer 1 --out {out}",
    "train": "train JetClass ParT kin --train jets.root --val jets.root --name x --out {out}",
}
COMMANDS = FILES | FOLDERS


def run(folder: Path, command: str, out: str) -> int:
    """Run a command with the files of a folder."""
    words = [word.format(out=out) for word in command.split()]
    return main(
        [str(folder / word) if word.endswith((".root", "a.safetensors", "b.safetensors")) else word for word in words]
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("place", ["below a file", "where nothing can be made"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(folder, command, place, capsys):
    if command == "simulate":
        pytest.importorskip("pythia8mc")
    out = {"below a file": f"{folder / 'jets.root'}/x", "where nothing can be made": "/proc/partscope/x"}[place]
    content = (folder / "jets.root").read_bytes()
    assert run(folder / "absent", COMMANDS[command], out) == 2  # the work would miss models and jets
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "cannot be written" in printed
    assert (folder / "jets.root").read_bytes() == content


@pytest.mark.parametrize("command", FOLDERS)
def test_a_file_where_a_folder_belongs_is_refused(folder, command, capsys):
    if command == "simulate":
        pytest.importorskip("pythia8mc")
    assert run(folder / "absent", COMMANDS[command], str(folder / "jets.root")) == 2
    assert re.fullmatch(
        r".*jets\.root\S* (is a file; expected a folder|cannot be written).*\n", capsys.readouterr().err
    )


@pytest.mark.parametrize("command", ["predict", "evaluate", "bench"])
def test_a_folder_where_a_file_belongs_is_refused(folder, tmp_path, command, capsys):
    suffix = ".csv" if command == "predict" else ".json"
    (tmp_path / f"x{suffix}").mkdir()
    assert run(folder, COMMANDS[command], str(tmp_path / "x")) == 2
    assert "is no file; expected the name of one" in capsys.readouterr().err


class TestWritable:
    def test_nothing_is_left_behind(self, tmp_path):
        io.check_writable(tmp_path / "new" / "deep" / "file.csv")
        io.check_folder(tmp_path / "other")
        assert list(tmp_path.iterdir()) == []

    def test_a_full_disk(self, tmp_path):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # as if there were no more space
            with pytest.raises(PartError, match=r"new/file\.csv cannot be written: File too large"):
                io.check_writable(tmp_path / "new" / "file.csv")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_without_permission(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(PartError, match="cannot be written: Permission denied"):
            io.check_writable(tmp_path / "file.csv")
        tmp_path.chmod(0o700)

    def test_a_name_that_is_too_long(self, tmp_path):
        with pytest.raises(PartError, match="cannot be written: File name too long"):
            io.check_writable(tmp_path / ("x" * 300) / "file.csv")

    def test_a_disk_that_fills_up_meanwhile(self, folder, tmp_path, monkeypatch, capsys):
        def fail(self, columns):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(io.TableWriter, "append", fail)
        assert run(folder, COMMANDS["predict"], str(tmp_path / "x")) == 2
        assert "No space left on device" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []


def predict(folder, model: str, jets, out) -> list[dict]:
    words = ["--model", str(folder / f"{model}.safetensors"), "--jets", str(jets), "--out", str(out), "--force"]
    assert main(["predict", *words]) == 0
    return pyarrow.csv.read_csv(out).to_pylist()


class TestNotices:
    def test_predict_says_what_a_model_takes_as_zero(self, folder, tmp_path, capsys):
        jets = write_tree(tmp_path / "nan.root", with_nan(columns(12)))
        for model, expected in (("a", "NaN among the inputs of 1 jet (part_dz)"), ("kin", "")):
            assert len(predict(folder, model, jets, tmp_path / "x.csv")) == 12
            lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("Jets")]
            assert [line.partition(";")[0] for line in lines] == ([expected] if expected else [])

    def test_predict_counts_constituents_without_momentum(self, folder, tmp_path, capsys):
        jets = write_tree(tmp_path / "zero.root", without_momentum(columns(12)))
        assert len(predict(folder, "a", jets, tmp_path / "x.csv")) == 12
        assert "Left out: 1 constituent without momentum, in 1 jet." in capsys.readouterr().err

    def test_predict_takes_jets_of_no_class(self, folder, tmp_path, capsys):
        jets = write_tree(tmp_path / "none.root", of_no_class(columns(12)))
        rows = predict(folder, "a", jets, tmp_path / "x.csv")
        assert [row["label"] for row in rows] == [-1 if i == JET else i % 10 for i in range(12)]

    @pytest.mark.parametrize("more", [[], pytest.param(["--workers", "2"], marks=pytest.mark.slow)])
    def test_evaluate_leaves_jets_of_no_class_out_and_says_how_many(self, folder, tmp_path, capsys, more):
        jets = write_tree(tmp_path / "none.root", of_no_class(with_nan(columns(12))))
        words = ["--model", str(folder / "a.safetensors"), "--jets", str(jets), *more]
        assert main(["evaluate", *words, "--out", str(tmp_path / "x.json"), "--replicas", "5"]) == 0
        result = json.loads((tmp_path / "x.json").read_text())
        assert (result["jets"], result["jets_without_class"]) == (11, 1)
        printed = capsys.readouterr().err
        assert "No class is known for 1 of 12 jets; all that needs a class leaves them out." in printed
        assert "NaN among the inputs of 1 jet" in printed

    def test_evaluate_needs_some_class(self, folder, tmp_path, capsys):
        table = {name: column * (name[:6] != "label_") for name, column in columns(12).items()}
        jets = write_tree(tmp_path / "none.root", table)
        assert main(["evaluate", "--model", str(folder / "a.safetensors"), "--jets", str(jets)]) == 2
        assert "None of these jets belongs to a class of JetClass" in capsys.readouterr().err

    def test_compare_says_how_many_jets_have_no_class(self, folder, tmp_path, capsys):
        jets = write_tree(tmp_path / "none.root", of_no_class(columns(12)))
        models = [str(folder / f"{name}.safetensors") for name in "ab"]
        words = ["--jets", str(jets), "--out", str(tmp_path / "out"), "--replicas", "5", "--attention-jets", "2"]
        assert main(["compare", "--models", *models, *words]) == 0
        assert "No class is known for 1 of 12 jets" in capsys.readouterr().out
        summary = json.loads((tmp_path / "out" / "summary.json").read_text())
        assert [(row["jets"], row["jets_without_class"]) for row in summary["models"]] == [(11, 1), (11, 1)]
        assert ["label" in row for row in summary["most_different"] if row["entry"] == JET] == [False]

    def test_the_tree_of_a_file_can_be_chosen(self, folder, tmp_path):
        jets = write_trees(tmp_path / "events.root", Events=columns(12), Runs={"run": np.arange(2)})
        assert len(predict(folder, "a", f"{jets}:Events", tmp_path / "x.csv")) == 12


@pytest.mark.witness
def test_the_shared_folder_of_two_formats_is_predicted_whole(folder, tmp_path):
    cases = shared_case(tmp_path / "cases")
    assert len(predict(folder, "a", cases / "mixed", tmp_path / "x.csv")) == 60
