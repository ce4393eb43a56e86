"""What cannot be is said by the plan, in one sentence, before models and jets are looked for."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.references import ROOT, shared
from test_outputs_cli import SMALL

import part
from part.__main__ import main
from part.analysis.registry import STUDIES
from part.cli import models
from part.errors import PartError, UndecidedError, shortened

TRAIN = "train JetClass PFN kin --train absent.root --val absent.root --name x --out {out}"
LR_FIND = "lr-find JetClass PFN kin --train absent.root --val absent.root --name x"
COMPARE = "compare --models absent other --jets absent.root --out {out}"
SWEEP = "bench sweep --models absent --lengths 8 --out {out}.json"
QUANTIZE = "quantize --model absent --method qat --calibration absent.root --out {out}.safetensors"
DICTIONARY = "dictionary --model absent --train absent.root --val absent.root --name x --out {out}"
STUDY = "study {} --model absent --jets absent.root --out {{out}}"
REFUSED = [
    *((TRAIN, f"--{name}={value}", f"{name.replace('-', '_')} is {value}; expected") for name, value in (
        ("lr", "nan"), ("lr", "inf"), ("lr", "0.0"), ("weight-decay", "nan"), ("weight-decay", "inf"), ("flat", "nan"),
        ("flat", "1.5"), ("clip", "nan"), ("clip", "-1.0"), ("dropout", "5.0"), ("dropout", "nan"), ("dropout", "1.0"),
        ("seed", "-1"), ("seed", "4294967296"), ("soft", "nan"), ("head-lr", "inf"), ("memory", "nan"),
        ("memory", "inf"), ("workers", "-1"), ("workers", "100000"), ("epochs", "0"), ("calibration-jets", "-1"),
    )),
    (TRAIN, "--val-jets=-5", "val_jets is -5; expected 1 or more"),
    (DICTIONARY, "--lr=nan", "lr is nan; expected"),
    (DICTIONARY, "--active=600", "600 of 512 features"),
    (DICTIONARY, "--seed=-1", "seed is -1; expected a whole number"),
    (STUDY.format("dictionary"), "--seed=-1", "seed is -1; expected a whole number"),
    (STUDY.format("dictionary"), "--effect=2", "a least effect of 2"),
    (LR_FIND, "--lowest=nan", "Expected 20 steps or more"),
    (LR_FIND, "--highest=inf", "Expected 20 steps or more"),
    (LR_FIND, "--lr=nan", "lr is nan; expected"),
    (COMPARE, "--replicas=1", "--replicas is 1; expected 0 for no intervals, or 2 or more"),
    (COMPARE, "--replicas=-1", "--replicas is -1"),
    (COMPARE, "--seed=-1", "--seed is -1; expected a number from 0 to"),
    (COMPARE, "--attention-jets=-1", "--attention-jets is -1; it must be 0 or more"),
    ("evaluate --model absent --jets absent.root", "--replicas=1", "--replicas is 1"),
    (SWEEP, "--budget=nan", "budget is nan; expected to count from 1"),
    (SWEEP, "--repeats=0", "repeats is 0"),
    (QUANTIZE, "--lr=nan", "--lr is nan"),
    (QUANTIZE, "--lr=inf", "--lr is inf"),
    (QUANTIZE, "--seed=-1", "--seed is -1"),
    (QUANTIZE, "--steps=0", "--steps is 0"),
    (STUDY.format("sparsity"), "--seed=-1", "seed is -1; expected a whole number"),
    (STUDY.format("topk"), "--seed=-1", "seed is -1; expected a whole number"),
    (STUDY.format("sparsity"), "--edge=nan", "edge nan; expected"),
    (STUDY.format("irc"), "--distance=nan", "distance"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "option", "sentence"), REFUSED, ids=lambda value: value[:40])
def test_a_number_that_cannot_be_is_refused_first(tmp_path, capsys, command, option, sentence):
    words = [word.format(out=tmp_path / "out") for word in command.split()]
    assert main([*words, option]) == 2
    printed = capsys.readouterr().err
    assert sentence in printed
    assert printed.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", STUDIES)
def test_every_seed_of_a_study_is_checked(kind):
    from part.analysis.registry import study_class
    from part.options import check_values

    study = study_class(kind)()
    check_values(study)
    if hasattr(study, "seed"):
        object.__setattr__(study, "seed", -1)
        with pytest.raises(PartError, match="seed is -1"):
            check_values(study)


LONG = "x" * 5000
NO_UTF8 = "bad\udcff.root"


@pytest.mark.parametrize("word", [LONG, f"{LONG}/{LONG}", NO_UTF8], ids=["long", "long below long", "no UTF-8"])
@pytest.mark.parametrize(
    "command",
    [
        "predict --model WORD --jets absent.root --out OUT.csv",
        "predict --model part-full --jets WORD --out OUT.csv",
        "predict --model part-full --jets absent.root --out WORD.csv",
        "predict --model part-full --jets absent.root --config WORD --out OUT.csv",
        "predict --model part-full --jets absent.root --network WORD --out OUT.csv",
        "inspect WORD",
        "models --folder WORD",
        "train JetClass PFN kin --train WORD --val absent.root --name x --out OUT",
        "train JetClass PFN kin --train absent.root --val absent.root --name x --finetune WORD --out OUT",
        "train --config WORD PFN --train absent.root --val absent.root --name x --out OUT",
    ],
)
def test_a_name_that_no_file_can_have_is_one_short_sentence(tmp_path, capsys, command, word):
    words = [text.replace("WORD", word).replace("OUT", str(tmp_path / "out")) for text in command.split()]
    assert main(words) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert 0 < len(printed) < 1000


def test_a_sentence_is_short_whatever_it_quotes():
    assert shortened(f"There is no {LONG}.") == f"There is no {'x' * 60}…{'x' * 59}."
    assert len(shortened("a b " * 5000)) < 2010
    assert shortened("/a/path/of/usual/length is missing.") == "/a/path/of/usual/length is missing."


class TestUndecided:
    def test_the_library_names_its_argument_and_a_command_its_flag(self, capsys, monkeypatch):
        error = UndecidedError("net.pt could be trained on A or B", "dataset")
        assert str(pickle.loads(pickle.dumps(error))) == "net.pt could be trained on A or B; say which with dataset=."

        def run(args):
            raise error

        monkeypatch.setattr(models, "run", run)
        assert main(["models"]) == 2
        assert capsys.readouterr().err == "net.pt could be trained on A or B; say which with --dataset.\n"

    @pytest.mark.witness
    def test_every_command_that_loads_a_model_can_be_told_which(self, tmp_path, capsys):
        cases = tmp_path / "cases"
        subprocess.run([sys.executable, shared("cases/field/checkpoints.py"), cases], cwd=ROOT, check=True)
        weights = str(cases / "kin_two_classes.pt")
        with pytest.raises(PartError, match=r"say which with dataset=\.$"):
            part.load_model(weights)
        assert len(part.load_model(weights, dataset="TopLandscape").dataset.labels) == 2
        for number, command in enumerate(
            (
                "predict --model WEIGHTS --jets absent.root --out OUT.csv",
                "evaluate --model WEIGHTS --jets absent.root",
                "compare --models WEIGHTS part-top --jets absent.root --out OUT",
                "study topk --model WEIGHTS --jets absent.root --out OUT",
                "export --model WEIGHTS --jets absent.root --out OUT",
                "bench sweep --models WEIGHTS --jets absent.root --out OUT.json",
                "quantize --model WEIGHTS --method dynamic --out OUT.safetensors",
                "convert WEIGHTS OUT.safetensors",
                "reproduce 2605.09881 --model WEIGHTS --jets absent.root --out OUT",
            )
        ):
            out = str(tmp_path / f"{number}")
            words = [word.replace("WEIGHTS", weights).replace("OUT", out) for word in command.split()]
            assert main(words) == 2, command
            assert "say which with --dataset." in capsys.readouterr().err, command
            main([*words, "--dataset", "TopLandscape"])  # the jets are absent
            assert "--dataset" not in capsys.readouterr().err, command


def test_results_appear_all_together(tmp_path):
    from part.io import write_together

    summary, table = tmp_path / "summary.json", tmp_path / "table.csv"
    write_together({summary: b"{}", table: b"1"})
    assert summary.stat().st_mtime_ns <= table.stat().st_mtime_ns  # it was complete first and got its name last
    for path in (summary, table):
        path.unlink()
    with pytest.raises(TypeError):
        write_together({summary: b"{}", table: None})
    assert list(tmp_path.iterdir()) == []


def test_a_study_that_was_ended_while_writing_can_be_run_again(tmp_path, monkeypatch, capsys):
    from helpers.jets import write_jets, write_model

    write_jets(tmp_path / "jets.root", [5, 9, 3])
    write_model(tmp_path / "a.safetensors", 0, **SMALL)
    words = ["study", "topk", "--model", str(tmp_path / "a.safetensors"), "--jets", str(tmp_path / "jets.root")]
    words += ["--out", str(tmp_path / "out")]
    write, n_written = Path.write_bytes, []

    def fail_at_the_third(path, content):
        n_written.append(path)
        if len(n_written) == 3:
            raise KeyboardInterrupt
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fail_at_the_third)
        assert main(words) == 130
    assert list((tmp_path / "out").iterdir()) == []
    assert main(words) == 0
    assert {"summary.json", "table.csv", "arrays.npz"} <= {path.name for path in (tmp_path / "out").iterdir()}
    capsys.readouterr()
    assert np.load(tmp_path / "out" / "arrays.npz")
