"""Runs as processes: several that share a run, killed ones, and runs whose disk is full or whose files vanish."""

import csv
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.jets import write_jets
from safetensors.torch import load_file

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RECIPE = [
    "--batch-size",
    "16",
    "--micro-batch",
    "4",
    "--jets-per-epoch",
    "64",
    "--val-jets",
    "20",
    "--precision",
    "fp32",
]
RECIPE += ["--calibration-jets", "20", "--epochs", "3", "--memory", "0"]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
TIMEOUT = 180  # seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    counts = np.random.default_rng(0).integers(2, 20, 160).tolist()
    write_jets(folder / "train_1.root", counts[:80])
    write_jets(folder / "train_2.root", counts[80:], seed=2)
    write_jets(folder / "val.root", counts[:60], seed=1)
    return folder


def command(folder: Path, name: str, *more: str, model: str = "ParT", train: str = "train_*.root") -> list[str]:
    files = ["--train", str(folder / train), "--val", str(folder / "val.root"), "--out", str(folder)]
    return [sys.executable, "-m", "part", "train", "JetClass", model, "kin", *files, "--name", name, *RECIPE, *more]


def run(words: list[str], expected: int = 0, **options) -> subprocess.CompletedProcess:
    done = subprocess.run(words, env=ENVIRONMENT, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, **options)
    assert done.returncode == expected, done.stderr[-2000:]
    return done


def launch(words: list[str]) -> subprocess.Popen:
    return subprocess.Popen(words, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    end = time.monotonic() + TIMEOUT
    while not path.exists():
        assert process.poll() is None, process.communicate()[1][-2000:]
        assert time.monotonic() < end
        time.sleep(0.02)


def weights(folder: Path, name: str) -> dict[str, torch.Tensor]:
    return load_file(folder / name / f"{name}.safetensors")


def losses(folder: Path, name: str) -> dict[int, float]:
    with open(folder / name / "log" / "metrics.csv") as file:
        return {int(row["step"]): float(row["val_loss"]) for row in csv.DictReader(file) if row["val_loss"]}


@pytest.fixture(scope="module")
def uninterrupted(folder):
    run(command(folder, "uninterrupted"))
    return "uninterrupted"


@pytest.fixture(scope="module")
def without_dropout(folder):
    run(command(folder, "without_dropout", "--dropout", "0"))
    return "without_dropout"


@pytest.mark.parametrize("start", ["by itself", "by torchrun"])
def test_two_processes_train_the_same_model_as_one(folder, without_dropout, start):
    name = start.replace(" ", "_")
    words = command(folder, name, "--dropout", "0", "--devices", "2")
    if start == "by torchrun":
        launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29531"]
        words = [words[0], *launcher, *words[1:]]
    done = run(words)
    assert done.stdout.count("Wrote") == 1
    expected = losses(folder, without_dropout)
    assert losses(folder, name) == pytest.approx(expected, rel=1e-4)
    assert len(expected) == 3
    other_weights = weights(folder, name)
    for key, value in weights(folder, without_dropout).items():
        torch.testing.assert_close(other_weights[key], value, atol=1e-4, rtol=1e-3, msg=key)


def test_a_run_killed_within_an_epoch_resumes_exactly(folder, uninterrupted):
    process = launch(command(folder, "killed"))
    wait_for(folder / "killed" / "attention" / "epoch_001.npz", process)
    wait_for(folder / "killed" / "last.ckpt", process)
    process.kill()
    process.communicate()
    run(command(folder, "killed", "--resume"))
    resumed = weights(folder, "killed")
    for key, value in weights(folder, uninterrupted).items():
        assert torch.equal(resumed[key], value), key
    assert losses(folder, "killed") == losses(folder, uninterrupted)
    assert len(list((folder / "killed" / "attention").glob("epoch_*.npz"))) == 4


def test_a_full_disk_leaves_the_last_checkpoint_unchanged(folder, uninterrupted):
    words = command(folder, "full", "--memory", "1")
    process = launch(words)
    last = folder / "full" / "last.ckpt"
    wait_for(last, process)
    process.kill()
    process.communicate()
    before = last.read_bytes()

    def limit_file_size():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = run([*words, "--resume"], expected=2, preexec_fn=limit_file_size)
    assert "cannot be written to (File too large)" in done.stderr.splitlines()[-1]
    assert last.read_bytes() == before
    assert not list(last.parent.glob(".*.part"))
    run([*words, "--resume"])
    for key, value in weights(folder, uninterrupted).items():
        assert torch.equal(weights(folder, "full")[key], value), key


@pytest.mark.parametrize(("how", "sentence"), [("vanished", "No such file"), ("corrupt", "cannot be read")])
def test_a_damaged_file_stops_the_run_with_one_sentence(folder, tmp_path, how, sentence):
    for i in (1, 2):
        (tmp_path / f"train_{i}.root").write_bytes((folder / f"train_{i}.root").read_bytes())
    (tmp_path / "val.root").write_bytes((folder / "val.root").read_bytes())
    process = launch(command(tmp_path, how, "--epochs", "500"))
    last = tmp_path / how / "last.ckpt"
    wait_for(last, process)
    file = tmp_path / "train_2.root"
    if how == "vanished":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:30_000])
    _, error = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2, error[-2000:]
    assert "train_2.root" in error.splitlines()[-1]
    assert sentence in error.splitlines()[-1]
    assert torch.load(last, weights_only=False)["epoch"] >= 0
    assert weights(tmp_path, how)


def test_a_loss_that_is_not_finite_stops_the_run_and_leaves_its_batch(folder):
    done = run(command(folder, "wild", "--lr", "1e30", "--clip", "0"), expected=2)
    sentence = done.stderr.splitlines()[-1]
    assert "The loss is " in sentence
    (saved,) = (folder / "wild").glob("refused_step*_rank0.pt")
    assert str(saved) in sentence
    batch = torch.load(saved, weights_only=True)
    assert sum(len(micro["y"]) for micro in batch) == 16
    assert set(batch[0]) == {"x", "v", "mask", "y"}
    if (folder / "wild" / "wild.safetensors").exists():
        assert all(value.isfinite().all() for value in weights(folder, "wild").values())


def test_a_dry_run_reports_what_a_run_takes_and_writes_nothing(folder):
    done = run(command(folder, "dry", "--dry-run", "--devices", "2"))
    for line in ("160 in 2 files", "64 are seen in each of 3 epochs", "12 of 16 jets", "with 2 device(s)", "jets/s"):
        assert line in done.stdout
    assert not (folder / "dry").exists()
