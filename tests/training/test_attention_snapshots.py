"""Attention snapshots: they show the right jet, are correct, and leave the training unchanged."""

import os
from dataclasses import replace
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
from helpers.jets import write_jets
from lightning.pytorch.callbacks import ModelCheckpoint

from part.inference.trace import trace_model
from part.training.callbacks.attention_snapshots import AttentionSnapshots, median_jet
from part.training.config import TrainingConfig
from part.training.trainer import build_modules, quiet_lightning

COUNTS = np.random.default_rng(3).integers(3, 12, 40).tolist()


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> TrainingConfig:
    folder = tmp_path_factory.mktemp("watch")
    files = [str(write_jets(folder / f"{name}.root", COUNTS, seed)) for seed, name in enumerate(("train", "val"))]
    small = {"batch_size": 16, "micro_batch": 16, "jets_per_epoch": 32, "val_jets": None, "calibration_jets": 20}
    about = {"precision": "fp32", "workers": 0, "epochs": 2, "dropout": 0.1}
    return TrainingConfig("JetClass", "ParT", "kin", (files[0],), (files[1],), "toy", str(folder), **small, **about)


@quiet_lightning()
def fit(config: TrainingConfig, folder: Path | None, epochs: int, last: Path | None = None):
    """Train as a run does, with snapshots if there is a folder, and write `last` to continue from."""
    module, data = build_modules(config)
    callbacks = [] if last is None else [ModelCheckpoint(last.parent, filename=last.stem, enable_version_counter=False)]
    callbacks += [] if folder is None else [AttentionSnapshots(folder, data)]
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=last is not None,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=callbacks,
    )
    ckpt = str(last) if last and last.exists() else None
    trainer.fit(module, datamodule=data, ckpt_path=ckpt, weights_only=False)
    return module.model, data


@pytest.fixture(scope="module")
def snapshots(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attention")
    return folder, *fit(config, folder, 2)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_start_and_each_epoch_have_the_attention_of_the_median_jet(snapshots):
    folder, model, data = snapshots
    assert names(folder) == ["epoch_000.npz", "epoch_001.npz", "epoch_002.npz"]
    n = int(np.median(COUNTS))
    jet = median_jet(data.val_jets)
    assert data.val_jets.lengths[jet] == n
    batch = data.val_jets.batch(torch.tensor([jet]))
    trace = trace_model(model.eval(), batch.x, batch.v, batch.mask).jet(0)
    files = [dict(np.load(folder / name, allow_pickle=False)) for name in names(folder)]
    for seen in files:
        assert seen["pattern"].shape == (8, 8, n, n)
        assert seen["pattern"].dtype == np.float16
        np.testing.assert_allclose(seen["pattern"].astype(float).sum(-1), 1, atol=2e-3)
        np.testing.assert_array_equal(seen["momenta"], batch.v[0].numpy())
        assert (int(seen["truth"]), int(seen["jet"])) == (int(batch.y[0]), jet)
    np.testing.assert_allclose(files[2]["pattern"], trace.pattern, atol=1e-3)
    np.testing.assert_allclose(files[2]["class_pattern"], trace.class_pattern, atol=1e-3)
    np.testing.assert_allclose(files[2]["probabilities"], trace.probabilities, atol=1e-6)
    assert np.abs(files[0]["pattern"].astype(float) - files[2]["pattern"]).max() > 1e-2


def test_snapshots_do_not_change_the_training(config, snapshots):
    _, model, _ = snapshots
    alone, _ = fit(config, None, 2)
    for (name, tensor), other in zip(model.state_dict().items(), alone.state_dict().values(), strict=True):
        assert torch.equal(tensor, other), name


def test_a_resumed_run_keeps_its_snapshots_and_continues_them(config, tmp_path):
    folder, last = tmp_path / "attention", tmp_path / "last.ckpt"
    fit(config, folder, 1, last)
    before = {name: (folder / name).stat().st_mtime_ns for name in names(folder)}
    assert list(before) == ["epoch_000.npz", "epoch_001.npz"]
    fit(config, folder, 2, last)
    assert names(folder) == [*before, "epoch_002.npz"]
    assert {name: (folder / name).stat().st_mtime_ns for name in before} == before


def test_a_resumed_run_without_snapshots_begins_with_the_present_epoch(config, tmp_path):
    folder, last = tmp_path / "attention", tmp_path / "last.ckpt"
    fit(config, None, 1, last)
    fit(config, folder, 2, last)
    assert names(folder) == ["epoch_001.npz", "epoch_002.npz"]


@pytest.mark.parametrize(("model", "files"), [("PFN", []), ("LinParT", ["epoch_000.npz", "epoch_001.npz"])])
def test_slots_have_their_mixing_and_a_model_without_attention_has_no_snapshots(config, tmp_path, model, files):
    changes = {"model": model, "micro_batch": 16, "slots": 4 if model == "LinParT" else None, "epochs": 1}
    fit(replace(config, **changes, calibration_jets=0), tmp_path, 1)
    assert names(tmp_path) == files
    if files:
        seen = np.load(tmp_path / files[1])
        n = int(np.median(COUNTS))
        assert (seen["pattern"].shape, seen["mixing"].shape) == ((8, 8, n, 4), (8, 4, n))


def test_only_the_first_process_writes(snapshots, tmp_path):
    _, _, data = snapshots

    class Second:
        is_global_zero, current_epoch = False, 0

    AttentionSnapshots(tmp_path, data).on_train_epoch_end(Second(), None)
    assert os.listdir(tmp_path) == []
