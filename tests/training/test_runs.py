"""The runs of a folder: told apart by what they wrote, started, watched, stopped and resumed as processes."""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from helpers.runs import write_run

from part.cli import train
from part.errors import PartError
from part.models.config import MODELS
from part.training.callbacks.checkpointing import command
from part.training.plan import Plan, recipe
from part.training.runs import process, runs
from part.training.runs.progress import best_accuracy, metrics, progress

# What stands in for a training: it writes a plan as one does, has a child, and says what it hears.
STAND_IN = """
import json, pathlib, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
print(child.pid, flush=True)
if "fail" in sys.argv:
    child.kill(); child.wait()
    sys.exit("jets.root has no labels.")
time.sleep(600)
"""


def plan(folder, name="toy", **changes) -> Plan:
    chosen = {"train": ("a.root",), "val": ("b.root",), "name": name, "out": str(folder), "epochs": 4}
    return Plan("JetClass", "ParT", "full", **(chosen | changes))


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Runs that train nothing; whatever they left running ends with the test."""

    def launch(folder, argv, plan):
        process.launch(folder, [sys.executable, "-c", STAND_IN, *argv], tmp_path, plan)

    monkeypatch.setattr(runs, "_launch", launch)
    yield
    for run in runs.list_runs(tmp_path):
        if run.can_stop:
            runs.stop(run, grace=0).join()


def until(condition):
    for _ in range(1200):
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def child_of(run: runs.Run) -> int:
    return int(until(lambda: [line for line in run.tail(5) if line.isdigit()])[0])


def test_states_are_told_from_what_lies_there(tmp_path):
    write_run(tmp_path, "whole")
    signed = {"pid": os.getpid(), "started": "another time", "command": []}
    for name, more, output in (
        ("stopped", {"stopped": True}, "Epoch 2"),
        ("by-hand", {}, None),
        ("failed", {}, "Traceback\n\nValueError: no\n"),
    ):
        folder = write_run(tmp_path, name, done=1, epochs=3)
        process.write(folder, signed | more)
        if output:
            (folder / "log" / "output.txt").write_text(output)
    process.sign(write_run(tmp_path, "now", done=1, epochs=3), os.getpid(), [])
    write_run(tmp_path, "unsigned", done=1, epochs=3)
    os.utime(write_run(tmp_path, "silent", done=1, epochs=3) / "log" / "metrics.csv", (1e9, 1e9))
    (tmp_path / "no-run").mkdir()
    found = {run.name: run for run in runs.list_runs(tmp_path)}
    states = {name: run.state for name, run in found.items()}
    assert states == {
        "whole": "finished",
        "stopped": "stopped",
        "by-hand": "stopped",
        "failed": "failed",
        "now": "running",
        "unsigned": "running",  # it wrote a moment ago
        "silent": "stopped",
    }
    assert found["failed"].reason == "ValueError: no"
    assert [name for name, run in found.items() if run.active] == ["now", "unsigned"]
    assert (found["now"].done, found["now"].epochs) == (1, 3)
    assert not found["unsigned"].can_stop
    with pytest.raises(PartError, match="is not known"):
        runs.stop(found["unsigned"])


def test_a_run_starts_alone_and_is_stopped_with_its_children(tmp_path, stand_in):
    run = runs.start(tmp_path, plan(tmp_path), ["JetClass", "ParT"])
    assert (run.state, run.plan["epochs"], run.done) == ("running", 4, 0)
    assert run.process["command"][-2:] == ["JetClass", "ParT"]
    assert os.getsid(run.process["pid"]) == run.process["pid"]
    child = child_of(run)
    with pytest.raises(PartError, match=r"^The run toy is still training; stop it first, or .*\.$"):
        runs.start(tmp_path, plan(tmp_path, "other"), [])
    with pytest.raises(PartError, match="There is a run toy already; choose another name"):
        runs.start(tmp_path, plan(tmp_path), [], together=True)
    other = runs.start(tmp_path, plan(tmp_path, "other"), [], together=True)
    runs.stop(run).join()
    assert process.started(run.process["pid"]) is None
    until(lambda: process.started(child) is None)
    assert runs.read(run.folder).state == "stopped"
    assert runs.read(other.folder).state == "running"


def test_a_run_that_does_not_listen_is_ended(tmp_path, stand_in):
    run = runs.start(tmp_path, plan(tmp_path), ["deaf"])
    child_of(run)
    ending = runs.stop(run, grace=600)
    until(lambda: "no" in run.tail(5))
    assert runs.read(run.folder).state == "stopping"
    runs.stop(run, grace=0).join()
    assert runs.read(run.folder).state == "stopped"
    ending.join()


def test_a_run_that_ends_by_itself_says_why(tmp_path, stand_in):
    run = runs.start(tmp_path, plan(tmp_path), ["fail"])
    until(lambda: not runs.read(run.folder).active)
    assert (runs.read(run.folder).state, runs.read(run.folder).reason) == ("failed", "jets.root has no labels.")


def test_another_process_under_the_same_number_is_left_alone(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        process.end(tmp_path, {"pid": other.pid, "started": "before"}, grace=0).join()
        assert other.poll() is None
        ours = {"pid": other.pid, "started": process.started(other.pid)}
        assert process.alive(ours)
        process.end(tmp_path, ours, grace=0).join()
        assert other.wait() < 0
        assert not process.alive(ours)
    finally:
        other.kill()


def test_without_proc_the_system_is_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(process, "PROC", tmp_path / "proc")
    assert process.started(os.getpid())
    assert process.started(2**22 + 1) is None


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../up", "a b", "-x", "x" * 65, "ä"])
def test_names_are_file_names(tmp_path, name):
    with pytest.raises(PartError, match="is no name for a run"):
        runs.start(tmp_path, plan(tmp_path, name), [])
    assert list(tmp_path.iterdir()) == []


def test_a_resume_says_what_the_plan_says(tmp_path, stand_in):
    folder = write_run(tmp_path, "cut", done=2, epochs=4, lr=0.002, start_from="part-full")
    process.write(folder, {"pid": 1, "started": "before", "stopped": True})
    with pytest.raises(PartError, match="or no epoch left"):
        runs.resume(runs.read(write_run(tmp_path, "whole", done=4, epochs=4)))
    runs.resume(runs.read(folder))
    run = runs.read(folder)
    assert run.state == "running"
    assert run.process["command"][-1] == "--resume"
    with pytest.raises(PartError, match="is running"):
        runs.resume(run)


def test_metrics_are_the_columns_of_the_log_but_for_a_row_that_is_being_written(tmp_path):
    run = runs.read(write_run(tmp_path, "one"))
    with (run.folder / "log" / "metrics.csv").open("a") as file:
        file.write("2,99,,0.5,,,\n2,1")
    columns = metrics(run)
    assert columns["step"][np.isfinite(columns["train_loss_step"])].tolist() == [19, 39, 59, 79, 99]
    assert columns["val_accuracy"][np.isfinite(columns["val_accuracy"])].tolist() == [0.5, 0.6]
    assert best_accuracy(run) == 0.6
    (run.folder / "log" / "metrics.csv").unlink()
    assert len(metrics(run)["step"]) == 0
    assert best_accuracy(run) is None


@pytest.mark.parametrize("model", MODELS)
def test_a_plan_survives_the_command_line(tmp_path, model):
    choices = {
        "train": ("a b.root", "*.root"),
        "lr": 0.0123,
        "start_from": "x",
        "balanced": True,
        "jets_per_epoch": None,
    }
    given = replace(plan(tmp_path), model=model, **(recipe("JetClass", model) | choices))
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    assert train.plan_of(parser.parse_args(runs.arguments(given.to_dict()))) == given


def test_progress_is_read_from_the_bar_and_without_it_from_the_losses(tmp_path):
    folder = write_run(tmp_path, "now", done=1, epochs=4)
    process.sign(folder, os.getpid(), [])
    with (folder / "log" / "metrics.csv").open("a") as file:
        file.write("1,49,,0.9,,,\n")
    known = progress(runs.read(folder))
    assert (known.epoch, known.within, known.share) == (2, pytest.approx(0.25), pytest.approx(1.25 / 4))
    assert known.jets_per_second == pytest.approx(204.8)
    assert known.seconds_left == pytest.approx(275)
    bar = "$ python\nEpoch 0: 100%|██| 40/40 [00:18<00:00, 2.0it/s]\x1b[A\n\r"
    bar += "Epoch 1:  50%|█ | 20/40 [00:18<00:10, {}, jets/s=99, left=3min]"
    for speed, rate in ((" 1.10it/s", 1.1 * 512), ("2.00s/it", 256), ("?it/s", 204.8)):
        (folder / "log" / "output.txt").write_text(bar.format(speed))
        known = progress(runs.read(folder))
        assert (known.within, known.jets_per_second) == (0.5, pytest.approx(rate))
    with (folder / "log" / "output.txt").open("a") as file:
        file.write("\n$ python --resume\n")
    assert progress(runs.read(folder)).within == pytest.approx(0.25)


def test_a_bar_that_rewrites_its_line_is_one_line(tmp_path):
    folder = write_run(tmp_path, "one")
    (folder / "log" / "output.txt").write_bytes(b"first\n\n\rbar 1\rbar 2\rbar 3\r\nlast \xff\n")
    assert runs.read(folder).tail(9) == ["first", "bar 3", "last \N{REPLACEMENT CHARACTER}"]
    assert runs.read(folder).tail(1) == ["last \N{REPLACEMENT CHARACTER}"]


def test_attention_and_checkpoints_are_found_by_epoch_and_name(tmp_path):
    run = runs.read(write_run(tmp_path, "one", looks=2))
    assert runs.looks(run) == [0, 1]
    assert runs.look(run, 1)["pattern"].dtype == np.float16
    with pytest.raises(PartError, match="no attention of epoch 2"):
        runs.look(run, 2)
    (run.folder / "attention" / "epoch_002.npz").write_bytes(b"PK\x03\x04, but no more")
    with pytest.raises(PartError, match="no attention of epoch 2"):
        runs.look(run, 2)
    assert runs.checkpoints(tmp_path) == {}
    for name in ("one", "other"):
        (run.folder / f"{name}.safetensors").touch()
    assert runs.checkpoints(tmp_path) == {"runs/one": run.folder / "one.safetensors"}


def test_a_folder_that_holds_nonsense_is_no_run(tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "plan.json").write_text("[1, 2")
    (tmp_path / "odd" / "process.json").write_text(json.dumps(["x"]))
    assert runs.list_runs(tmp_path) == []
    assert runs.list_runs(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"dataset": "TopLandscape", "features": "kin", "finetune": "part-kin", "epochs": 2},
        {"model": "PFN", "jets_per_epoch": None, "balanced": True, "val": ("a b.root", "c_*.root")},
        {"model": "LinParT", "slots": 16, "pair_bias": "landmark", "dropout": 0.0, "devices": 2},
    ],
    ids=str,
)
def test_the_command_of_a_card_trains_by_the_same_plan(choices):
    what = {"dataset": "JetClass", "model": "ParT", "features": "full", "train": ("data",), "val": ("v.root",)}
    what |= {"name": "mine"} | choices
    plan = Plan(**(recipe(what["dataset"], what["model"], "finetune" in what) | what))
    words = shlex.split(command(json.loads(json.dumps(plan.to_dict()))))
    assert words[:4] == ["python", "-m", "part", "train"]
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    assert train.plan_of(parser.parse_args(words[4:])) == plan
