"""Folders of training runs as a training would have written them."""

import json
from pathlib import Path

import numpy as np

from part.training.config import TrainingConfig

LAYERS, HEADS, N = 3, 4, 12
STEPS, BATCH = 40, 512  # of an epoch


def write_run(folder: Path, name: str, done: int = 2, epochs: int = 2, snapshots: int = 0, **options) -> Path:
    """Write a run after `done` of its epochs, with the attention of `snapshots` epochs, from 0 on."""
    run = folder / name
    (run / "log").mkdir(parents=True)
    usual = {"dataset": "JetClass", "model": "ParT", "features": "full", "train": ("train.root",), "val": ("val.root",)}
    usual |= {"name": name, "out": str(folder), "epochs": epochs, "jets_per_epoch": STEPS * BATCH}
    config = TrainingConfig(**(usual | options))
    (run / "plan.json").write_text(json.dumps(config.to_dict()))
    lines = ["epoch,step,train_loss_epoch,train_loss_step,val_accuracy,val_auc,val_loss"]
    for epoch in range(done):
        first = STEPS * epoch
        lines += [f"{epoch},{first + step},,{2 - 0.01 * (first + step):.3f},,," for step in (19, 39)]
        lines.append(f"{epoch},{first + 39},,,{0.5 + 0.1 * epoch},0.9,{1 - 0.1 * epoch}")
    (run / "log" / "metrics.csv").write_text("\n".join(lines) + "\n")
    if done:
        seen = STEPS * BATCH * done
        training = {"plan": config.to_dict(), "epochs_done": done, "jets_seen": seen, "seconds": 100 * done}
        card = {"training": training, "metrics": {"val_accuracy": 0.5 + 0.1 * (done - 1)}, "config": {"layers": LAYERS}}
        (run / f"{name}.json").write_text(json.dumps(card))
    for epoch in range(snapshots):
        write_snapshot(run, epoch)
    return run


def write_snapshot(run: Path, epoch: int) -> None:
    """Write attention in which each particle attends the more to itself, the later the epoch."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1, (LAYERS, HEADS, N, N)) + 2 * epoch * np.eye(N)
    pattern = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    p = rng.normal((60, 40, 20), 3, (N, 3))
    momenta = np.concatenate((p, np.linalg.norm(p, axis=1)[:, None]), axis=1).astype(np.float32)
    arrays = {"pattern": pattern.astype(np.float16), "momenta": momenta, "truth": np.int64(8), "jet": np.int64(3)}
    (run / "attention").mkdir(exist_ok=True)
    probabilities = np.full(10, 0.1, np.float32)
    np.savez_compressed(run / "attention" / f"epoch_{epoch:03d}.npz", **arrays, probabilities=probabilities)


def write_steps(run: Path, *steps: dict) -> None:
    """Write the steps that a run records in its present epoch."""
    (run / "log" / "steps.jsonl").write_text("".join(json.dumps(step) + "\n" for step in steps))
