"""The folders of runs: their states, logs, snapshots and checkpoints, of this version and of earlier ones."""

import json
import os
import shlex
from dataclasses import fields

import numpy as np
import pytest
from helpers.runs import write_run, write_steps

from part.errors import PartError
from part.training.arguments import parse_arguments
from part.training.config import TrainingConfig, options_from_dict
from part.training.provenance import training_command
from part.training.recipes import config_from_options
from part.training.runs import process
from part.training.runs.control import stop_run
from part.training.runs.folder import list_runs, read_run, run_checkpoints
from part.training.runs.progress import best_accuracy, metrics, run_progress
from part.training.runs.snapshots import load_snapshot, snapshot_epochs

# The plan.json of a run of version 0.1, which had fewer choices.
OLD_PLAN = {
    "dataset": "TopLandscape", "model": "ParT", "features": "kin", "train": ["data/top-train"],
    "val": ["data/top-test/*_seed9002.root"], "name": "old", "out": "runs", "epochs": 4, "jets_per_epoch": 30000,
    "val_jets": None, "batch_size": 128, "micro_batch": None, "lr": 0.0005, "weight_decay": 0.01, "flat": 0.4,
    "clip": 0.9, "dropout": 0.0, "seed": 1, "calibration_jets": 1500, "balanced": False, "start_from": None,
    "finetune": "part-kin", "head_lr": 10.0, "distill": "taught.parquet", "soft": 0.8, "slots": None, "pair_bias": None,
    "precision": "auto", "devices": 1, "nodes": 1, "workers": 1, "memory": 2.0, "tensorboard": False,
}  # fmt: skip


@pytest.fixture
def old_run(tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(OLD_PLAN))
    training = {"plan": OLD_PLAN, "epochs_done": 2, "jets_seen": 59904, "seconds": 200}
    (folder / "old.json").write_text(json.dumps({"training": training, "metrics": {"val_accuracy": 0.9}}))
    record = {"pid": 1, "started": "before", "command": ["python"], "stopped": True}
    (folder / "process.json").write_text(json.dumps(record))
    return folder


def test_a_run_of_an_earlier_version_opens(old_run):
    run = read_run(old_run)
    assert (run.state, run.epochs_done, run.epochs, run.can_resume) == ("stopped", 2, 4, True)
    config = TrainingConfig(**options_from_dict(run.config))
    assert (config.lr_hold_fraction, config.grad_clip_norm, config.head_lr_factor) == (0.4, 0.9, 10.0)
    assert (config.distill_weight, config.train, config.reflect) == (0.8, ("data/top-train",), False)
    assert config.to_dict() == OLD_PLAN | {"train": ("data/top-train",), "val": tuple(OLD_PLAN["val"])} | {
        "packed": False,
        "reflect": False,
    }
    words = shlex.split(training_command(config))
    for word in ("--flat=0.4", "--clip=0.9", "--head-lr=10.0", "--soft=0.8", "--val-jets=0"):
        assert word in words, word


def test_the_written_keys_and_flags_are_those_of_earlier_versions():
    keys = TrainingConfig("JetClass", "ParT", "kin", ("a",), ("b",), "x").to_dict().keys()
    assert list(keys) == [*OLD_PLAN, "packed", "reflect"]
    written = [field for field in fields(TrainingConfig) if "help" in field.metadata]
    flags = {field.metadata.get("flag", f"--{field.name.replace('_', '-')}") for field in written}
    positional, later = {"dataset", "model", "features"}, {"--config", "--no-weights", "--layers", "--keep-epochs"}
    assert flags == {key if key in positional else f"--{key.replace('_', '-')}" for key in keys} | later


def test_states_follow_from_the_files(tmp_path):
    write_run(tmp_path, "whole")
    recorded = {"pid": os.getpid(), "started": "another time", "command": []}
    for name, more, output in (
        ("stopped", {"stopped": True}, "Epoch 2"),
        ("by-hand", {}, None),
        ("failed", {}, "Traceback\n\nValueError: no\n"),
    ):
        folder = write_run(tmp_path, name, done=1, epochs=3)
        process.save_record(folder, recorded | more)
        if output:
            (folder / "log" / "output.txt").write_text(output)
    process.write_pidfile(write_run(tmp_path, "now", done=1, epochs=3), os.getpid(), [])
    write_run(tmp_path, "no-pidfile", done=1, epochs=3)
    os.utime(write_run(tmp_path, "silent", done=1, epochs=3) / "log" / "metrics.csv", (1e9, 1e9))
    (tmp_path / "no-run").mkdir()
    runs = {run.name: run for run in list_runs(tmp_path)}
    states = {name: run.state for name, run in runs.items()}
    assert states == {
        "whole": "finished",
        "stopped": "stopped",
        "by-hand": "stopped",
        "failed": "failed",
        "now": "running",
        "no-pidfile": "running",  # it wrote its log a moment ago
        "silent": "stopped",
    }
    assert runs["failed"].reason == "ValueError: no"
    assert [name for name, run in runs.items() if run.is_active] == ["no-pidfile", "now"]
    assert (runs["now"].epochs_done, runs["now"].epochs) == (1, 3)
    assert not runs["no-pidfile"].can_stop
    with pytest.raises(PartError, match="is not known"):
        stop_run(runs["no-pidfile"])


def test_a_folder_without_valid_files_is_no_run(tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "plan.json").write_text("[1, 2")
    (tmp_path / "odd" / "process.json").write_text(json.dumps(["x"]))
    assert list_runs(tmp_path) == []
    assert list_runs(tmp_path / "nowhere") == []


def test_metrics_are_the_columns_of_the_log_except_for_an_incomplete_row(tmp_path):
    run = read_run(write_run(tmp_path, "one"))
    with (run.folder / "log" / "metrics.csv").open("a") as file:
        file.write("2,99,,0.5,,,\n2,1")
    columns = metrics(run)
    assert columns["step"][np.isfinite(columns["train_loss_step"])].tolist() == [19, 39, 59, 79, 99]
    assert columns["val_accuracy"][np.isfinite(columns["val_accuracy"])].tolist() == [0.5, 0.6]
    assert best_accuracy(run) == 0.6
    (run.folder / "log" / "metrics.csv").unlink()
    assert len(metrics(run)["step"]) == 0
    assert best_accuracy(run) is None


@pytest.fixture
def running(tmp_path):
    folder = write_run(tmp_path, "now", done=1, epochs=4)
    process.write_pidfile(folder, os.getpid(), [])
    with (folder / "log" / "metrics.csv").open("a") as file:
        file.write("1,49,,0.9,,,\n")
    return folder


def test_progress_is_read_from_the_recorded_steps(running):
    finished = {"epoch": 0, "step": 40, "steps": 40, "jets_per_second": 1.0}
    step = {"epoch": 1, "step": 20, "steps": 40, "jets_per_second": 563.2}
    write_steps(running, step | {"step": 19}, step)
    progress = run_progress(read_run(running))
    assert (progress.epoch, progress.epoch_fraction, progress.run_fraction) == (2, 0.5, 1.5 / 4)
    assert (progress.jets_per_second, progress.seconds_left) == (563.2, pytest.approx(250))
    with (running / "log" / "steps.jsonl").open("a") as file:
        file.write('{"epoch": 1, "st')
    assert run_progress(read_run(running)).epoch_fraction == 0.5
    write_steps(running, finished)  # the card counts this epoch already
    assert run_progress(read_run(running)).epoch_fraction == pytest.approx(0.25)


@pytest.mark.parametrize("content", [None, "", "no JSON\n"])
def test_without_recorded_steps_progress_is_read_from_the_losses(running, content):
    if content is not None:
        (running / "log" / "steps.jsonl").write_text(content)
    progress = run_progress(read_run(running))
    assert (progress.epoch, progress.epoch_fraction) == (2, pytest.approx(0.25))
    assert progress.run_fraction == pytest.approx(1.25 / 4)
    assert progress.jets_per_second == pytest.approx(204.8)
    assert progress.seconds_left == pytest.approx(275)


def test_in_the_first_epoch_the_time_left_follows_from_the_rate(tmp_path):
    folder = write_run(tmp_path, "first", done=0, epochs=2)
    process.write_pidfile(folder, os.getpid(), [])
    assert run_progress(read_run(folder)).seconds_left is None
    write_steps(folder, {"epoch": 0, "step": 10, "steps": 40, "jets_per_second": 512.0})
    progress = run_progress(read_run(folder))
    assert (progress.epoch_fraction, progress.jets_per_second, progress.seconds_left) == (0.25, 512, 1.75 * 40)


def test_a_progress_bar_that_rewrites_its_line_is_one_line(tmp_path):
    folder = write_run(tmp_path, "one")
    (folder / "log" / "output.txt").write_bytes(b"first\n\n\rbar 1\rbar 2\rbar 3\r\nlast \xff\n")
    assert read_run(folder).tail(9) == ["first", "bar 3", "last \N{REPLACEMENT CHARACTER}"]
    assert read_run(folder).tail(1) == ["last \N{REPLACEMENT CHARACTER}"]


def test_snapshots_and_checkpoints_are_found_by_epoch_and_name(tmp_path):
    run = read_run(write_run(tmp_path, "one", snapshots=2))
    assert snapshot_epochs(run) == [0, 1]
    assert load_snapshot(run, 1)["pattern"].dtype == np.float16
    with pytest.raises(PartError, match="no attention of epoch 2"):
        load_snapshot(run, 2)
    (run.folder / "attention" / "epoch_002.npz").write_bytes(b"PK\x03\x04, but no more")
    with pytest.raises(PartError, match="no attention of epoch 2"):
        load_snapshot(run, 2)
    assert run_checkpoints(tmp_path) == {}
    for name in ("one", "other"):
        (run.folder / f"{name}.safetensors").touch()
    assert run_checkpoints(tmp_path) == {"runs/one": run.folder / "one.safetensors"}


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
def test_the_command_of_a_card_repeats_the_training(choices):
    usual = {"dataset": "JetClass", "model": "ParT", "features": "full", "train": ("data",), "val": ("v.root",)}
    options = usual | {"name": "mine"} | choices
    zero_for_all = {key: 0 if value is None else value for key, value in options.items()}
    config = config_from_options(zero_for_all)
    words = shlex.split(training_command(config))
    assert words[:4] == ["python", "-m", "part", "train"]
    assert config_from_options(parse_arguments(words[4:])) == config
