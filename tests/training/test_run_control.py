"""Runs are processes that are started, stopped and resumed."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.runs import write_run, write_steps

from part.errors import PartError
from part.training.arguments import parse_arguments
from part.training.config import TrainingConfig
from part.training.recipes import config_from_options
from part.training.runs import control, process
from part.training.runs.folder import Run, list_runs, read_run

# A stand-in for a training: it has a child process, and may ignore the signal to end or fail.
STAND_IN = """
import json, pathlib, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
print(child.pid, flush=True)
if "fail" in sys.argv:
    child.kill(); child.wait()
    sys.exit("jets.root has no labels.")
time.sleep(600)
"""


def config(folder: Path, name: str = "toy", **changes) -> TrainingConfig:
    chosen = {"train": ("a.root",), "val": ("b.root",), "name": name, "out": str(folder), "epochs": 4}
    return TrainingConfig("JetClass", "ParT", "full", **(chosen | changes))


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Let runs start the stand-in, and end those that are left after the test."""

    def launch(folder, command, cwd, config):
        original(folder, [sys.executable, "-c", STAND_IN, *command[4:]], tmp_path, config)

    original = process.launch
    monkeypatch.setattr(process, "launch", launch)
    yield
    for run in list_runs(tmp_path):
        if run.can_stop:
            control.stop_run(run, grace=0).join()


def until(condition):
    for _ in range(1200):
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError("the condition was never met")


def child_of(run: Run) -> int:
    return int(until(lambda: [line for line in run.tail(5) if line.isdigit()])[0])


def test_a_run_starts_alone_and_is_stopped_with_its_children(tmp_path, stand_in):
    run = control.start_run(tmp_path, config(tmp_path), ["JetClass", "ParT"])
    assert (run.state, run.config["epochs"], run.epochs_done) == ("running", 4, 0)
    assert run.process["command"][-2:] == ["JetClass", "ParT"]
    assert os.getsid(run.process["pid"]) == run.process["pid"]
    child = child_of(run)
    with pytest.raises(PartError, match=r"^The run toy is still training; stop it first, or .*\.$"):
        control.start_run(tmp_path, config(tmp_path, "other"), [])
    with pytest.raises(PartError, match="There is a run toy already; choose another name"):
        control.start_run(tmp_path, config(tmp_path), [], allow_concurrent=True)
    other = control.start_run(tmp_path, config(tmp_path, "other"), [], allow_concurrent=True)
    control.stop_run(run).join()
    assert process.start_time(run.process["pid"]) is None
    until(lambda: process.start_time(child) is None)
    assert read_run(run.folder).state == "stopped"
    assert read_run(other.folder).state == "running"


def test_a_run_that_ignores_the_signal_is_killed(tmp_path, stand_in):
    run = control.start_run(tmp_path, config(tmp_path), ["stubborn"])
    child_of(run)
    ending = control.stop_run(run, grace=600)
    until(lambda: "no" in run.tail(5))
    assert read_run(run.folder).state == "stopping"
    control.stop_run(run, grace=0).join()
    assert read_run(run.folder).state == "stopped"
    ending.join()


def test_a_run_that_ends_by_itself_gives_its_reason(tmp_path, stand_in):
    run = control.start_run(tmp_path, config(tmp_path), ["fail"])
    until(lambda: not read_run(run.folder).is_active)
    assert (read_run(run.folder).state, read_run(run.folder).reason) == ("failed", "jets.root has no labels.")


def test_another_process_with_the_same_id_is_left_alone(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        process.terminate(tmp_path, {"pid": other.pid, "started": "before"}, grace=0).join()
        assert other.poll() is None
        pid_record = {"pid": other.pid, "started": process.start_time(other.pid)}
        assert process.is_alive(pid_record)
        process.terminate(tmp_path, pid_record, grace=0).join()
        assert other.wait() < 0
        assert not process.is_alive(pid_record)
    finally:
        other.kill()


def test_without_proc_the_start_time_comes_from_ps(monkeypatch, tmp_path):
    monkeypatch.setattr(process, "PROC", tmp_path / "proc")
    assert process.start_time(os.getpid())
    assert process.start_time(2**22 + 1) is None


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../up", "a b", "-x", "x" * 65, "ä"])
def test_names_are_file_names(tmp_path, name):
    with pytest.raises(PartError, match="is no name for a run"):
        control.start_run(tmp_path, config(tmp_path, name), [])
    assert list(tmp_path.iterdir()) == []


def test_a_run_resumes_with_its_own_choices(tmp_path, stand_in):
    folder = write_run(tmp_path, "cut", done=2, epochs=4, lr=0.002, start_from="part-full", grad_clip_norm=0.5)
    process.save_record(folder, {"pid": 1, "started": "before", "stopped": True})
    write_steps(folder, {"epoch": 2, "step": 7, "steps": 40, "jets_per_second": 1.0})
    with pytest.raises(PartError, match="or no epoch is left"):
        control.resume_run(read_run(write_run(tmp_path, "whole", done=4, epochs=4)))
    control.resume_run(read_run(folder))
    run = read_run(folder)
    assert run.state == "running"
    assert not (folder / "log" / "steps.jsonl").exists()
    words = run.process["command"][3:]
    assert words[-1] == "--resume"
    resumed = config_from_options(parse_arguments(words[:-1]))
    assert json.loads(json.dumps(resumed.to_dict())) == run.config
    with pytest.raises(PartError, match="is running"):
        control.resume_run(run)
