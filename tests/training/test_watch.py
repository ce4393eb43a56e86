"""The attention of one jet as training goes on: of the right jet, right, and without a trace on the training."""

import os
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
from helpers.jets import write_jets
from lightning.pytorch.callbacks import ModelCheckpoint

from part.inference.trace import trace_model
from part.training.callbacks.attention_snapshots import WatchJet, median_jet
from part.training.plan import Plan
from part.training.trainer import make

COUNTS = np.random.default_rng(3).integers(3, 12, 40).tolist()


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Plan:
    folder = tmp_path_factory.mktemp("watch")
    files = [str(write_jets(folder / f"{name}.root", COUNTS, seed)) for seed, name in enumerate(("train", "val"))]
    small = {"batch_size": 16, "micro_batch": 16, "jets_per_epoch": 32, "val_jets": None, "calibration_jets": 20}
    about = {"precision": "fp32", "workers": 0, "epochs": 2, "dropout": 0.1}
    return Plan("JetClass", "ParT", "kin", (files[0],), (files[1],), "toy", str(folder), **small, **about)


def fit(plan: Plan, folder: Path | None, epochs: int, last: Path | None = None):
    """Train as a run does, watching if there is a folder, and leave `last` to go on from."""
    task, data = make(plan)
    callbacks = [] if last is None else [ModelCheckpoint(last.parent, filename=last.stem, enable_version_counter=False)]
    callbacks += [] if folder is None else [WatchJet(folder, data)]
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
    trainer.fit(task, datamodule=data, ckpt_path=ckpt, weights_only=False)
    return task.model, data


@pytest.fixture(scope="module")
def watched(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attention")
    return folder, *fit(plan, folder, 2)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_start_and_each_epoch_have_the_attention_of_the_median_jet(watched):
    folder, model, data = watched
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


def test_watching_changes_nothing(plan, watched):
    _, model, _ = watched
    alone, _ = fit(plan, None, 2)
    for (name, tensor), other in zip(model.state_dict().items(), alone.state_dict().values(), strict=True):
        assert torch.equal(tensor, other), name


def test_a_resume_keeps_what_there_is_and_goes_on(plan, tmp_path):
    folder, last = tmp_path / "attention", tmp_path / "last.ckpt"
    fit(plan, folder, 1, last)
    before = {name: (folder / name).stat().st_mtime_ns for name in names(folder)}
    assert list(before) == ["epoch_000.npz", "epoch_001.npz"]
    fit(plan, folder, 2, last)
    assert names(folder) == [*before, "epoch_002.npz"]
    assert {name: (folder / name).stat().st_mtime_ns for name in before} == before


def test_a_resume_of_a_run_that_nobody_watched_begins_where_it_is(plan, tmp_path):
    folder, last = tmp_path / "attention", tmp_path / "last.ckpt"
    fit(plan, None, 1, last)
    fit(plan, folder, 2, last)
    assert names(folder) == ["epoch_001.npz", "epoch_002.npz"]


@pytest.mark.parametrize(("model", "files"), [("PFN", []), ("LinParT", ["epoch_000.npz", "epoch_001.npz"])])
def test_slots_are_kept_with_what_they_hold_and_a_model_without_attention_writes_nothing(plan, tmp_path, model, files):
    changes = {"model": model, "micro_batch": 16, "slots": 4 if model == "LinParT" else None, "epochs": 1}
    fit(Plan(**(plan.to_dict() | changes | {"calibration_jets": 0})), tmp_path, 1)
    assert names(tmp_path) == files
    if files:
        seen = np.load(tmp_path / files[1])
        n = int(np.median(COUNTS))
        assert (seen["pattern"].shape, seen["mixing"].shape) == ((8, 8, n, 4), (8, 4, n))


def test_only_the_first_process_writes(watched, tmp_path):
    _, _, data = watched

    class Second:
        is_global_zero, current_epoch = False, 0

    WatchJet(tmp_path, data).on_train_epoch_end(Second(), None)
    assert os.listdir(tmp_path) == []
