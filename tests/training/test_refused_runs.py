"""Trainings that are refused: one sentence, and no folder that would occupy the name of the run."""

import sys
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jets import write_jets

import part
from part.__main__ import main
from part.jets.benchmarks import KIN
from part.training.config import TrainingConfig
from part.training.trainer import train


@pytest.fixture
def config(tmp_path) -> TrainingConfig:
    counts = np.random.default_rng(0).integers(2, 20, 40).tolist()
    files = [
        str(write_jets(tmp_path / f"{name}.root", counts, seed=seed)) for seed, name in enumerate(("train", "val"))
    ]
    sizes = {"batch_size": 16, "jets_per_epoch": 32, "epochs": 1}
    return TrainingConfig(
        "JetClass", "PFN", "kin", (files[0],), (files[1],), "again", str(tmp_path / "runs"), precision="fp32", **sizes
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"val": "train.root"}, "is among the training files and among those for validation"),
        ({"train": "missing.root"}, r"No jets at .*missing\.root"),
        ({"train": "text.root"}, r"text\.root"),
        ({"val": "text.root"}, r"text\.root"),
        ({"val": "bare.parquet"}, "label"),
        ({"train": "bare.parquet"}, "label"),
        ({"train": "bare.parquet", "features": "full"}, r"bare\.parquet.*no branch"),
        ({"start_from": "missing.safetensors"}, r"missing\.safetensors"),
        ({"jets_per_epoch": 8}, "less than one batch"),
    ],
    ids=str,
)
def test_a_refused_run_leaves_nothing_behind(config, tmp_path, changes, sentence):
    (tmp_path / "text.root").write_text("no jets")
    ak.to_parquet(part.read_jets(config.train[0])[list(KIN.branches)], tmp_path / "bare.parquet")
    files = {name: (str(tmp_path / file),) for name, file in changes.items() if name in ("train", "val")}
    with pytest.raises(part.PartError, match=sentence):
        train(replace(config, **(changes | files)))
    assert not Path(config.out).exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_run_that_this_machine_cannot_train_leaves_nothing_behind(config):
    with pytest.raises(part.PartError, match="need an NVIDIA GPU"):
        train(replace(config, model="ParT", packed=True, calibration_jets=16))
    assert not Path(config.out).exists()


@pytest.mark.filterwarnings("ignore:Taken as of no class")
def test_a_run_that_its_first_jets_refuse_leaves_nothing_behind(config, tmp_path):
    table = part.read_jets(config.train[0])
    two_classes = ak.with_field(table, np.ones(len(table), np.int32), "label_QCD")
    two_classes = ak.with_field(two_classes, np.ones(len(table), np.int32), "label_Hbb")
    ak.to_parquet(two_classes, tmp_path / "twice.parquet")
    with pytest.raises(part.PartError, match=r"twice\.parquet"):
        train(replace(config, train=(str(tmp_path / "twice.parquet"),)))
    assert not Path(config.out).exists()
    assert train(config).exists()


def test_what_was_in_the_folder_of_a_refused_run_stays(config, tmp_path, monkeypatch):
    def refuse(*args):
        raise part.PartError("The first jets are odd.")

    monkeypatch.setattr("part.training.lightning_module.TaggerModule.on_train_start", refuse, raising=False)
    folder = Path(config.out) / "again"
    (folder / "log").mkdir(parents=True)
    (folder / "log" / "output.txt").write_text("$ part train")
    with pytest.raises(part.PartError, match="The first jets are odd"):
        train(config)
    assert [path.name for path in folder.rglob("*")] == ["log", "output.txt"]


def test_a_corrected_command_trains_under_the_same_name(config):
    with pytest.raises(part.PartError, match="is among the training files"):
        train(replace(config, val=config.train))
    assert train(config) == Path(config.out) / "again" / "again.safetensors"
    assert {"plan.json", "process.json"} <= {path.name for path in (Path(config.out) / "again").iterdir()}


def test_a_run_that_fails_after_its_start_keeps_its_folder(config, monkeypatch):
    def fail(*args):
        raise part.PartError("The loss is nan.")

    monkeypatch.setattr("part.training.lightning_module.TaggerModule.training_step", fail)
    with pytest.raises(part.PartError, match="The loss is nan"):
        train(config)
    assert (Path(config.out) / "again" / "plan.json").exists()
    with pytest.raises(part.PartError, match="holds a run already; use --resume"):
        train(config)


@pytest.mark.parametrize("words", [["train"], ["train", "--dry-run"], ["lr-find"]], ids=" ".join)
def test_a_missing_lightning_gives_one_sentence(config, monkeypatch, capsys, words):
    monkeypatch.setitem(sys.modules, "lightning", None)
    files = ["--train", config.train[0], "--val", config.val[0], "--out", config.out]
    assert main([words[0], "JetClass", "ParT", "kin", *files, *words[1:]]) == 2
    assert capsys.readouterr().err == "Training needs Lightning: pip install lightning.\n"
    assert not Path(config.out).exists()
