"""Folders of training runs as they would have been written, without any training."""

import json
from pathlib import Path

import numpy as np

from part.training.plan import Plan

LAYERS, HEADS, N = 3, 4, 12


def write_run(folder: Path, name: str, done: int = 2, epochs: int = 2, looks: int = 0, **plan) -> Path:
    """A run after `done` of its epochs of 40 steps each, with the attention of `looks` of them, the start included."""
    run = folder / name
    (run / "log").mkdir(parents=True)
    what = {"dataset": "JetClass", "model": "ParT", "features": "full", "train": ("train.root",), "val": ("val.root",)}
    given = Plan(**(what | {"name": name, "out": str(folder), "epochs": epochs, "jets_per_epoch": 20_480} | plan))
    (run / "plan.json").write_text(json.dumps(given.to_dict()))
    lines = ["epoch,step,train_loss_epoch,train_loss_step,val_accuracy,val_auc,val_loss"]
    for epoch in range(done):
        lines += [f"{epoch},{40 * epoch + step},,{2 - 0.01 * (40 * epoch + step):.3f},,," for step in (19, 39)]
        lines.append(f"{epoch},{40 * epoch + 39},,,{0.5 + 0.1 * epoch},0.9,{1 - 0.1 * epoch}")
    (run / "log" / "metrics.csv").write_text("\n".join(lines) + "\n")
    if done:
        training = {"plan": given.to_dict(), "epochs_done": done, "jets_seen": 20_480 * done, "seconds": 100 * done}
        card = {"training": training, "metrics": {"val_accuracy": 0.5 + 0.1 * (done - 1)}, "config": {"layers": LAYERS}}
        (run / f"{name}.json").write_text(json.dumps(card))
    for epoch in range(looks):
        write_look(run, epoch)
    return run


def write_look(run: Path, epoch: int) -> None:
    """Attention that leans more and more towards each particle itself."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1, (LAYERS, HEADS, N, N)) + 2 * epoch * np.eye(N)
    pattern = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    p = rng.normal((60, 40, 20), 3, (N, 3))
    momenta = np.concatenate((p, np.linalg.norm(p, axis=1)[:, None]), axis=1).astype(np.float32)
    arrays = {"pattern": pattern.astype(np.float16), "momenta": momenta, "truth": np.int64(8), "jet": np.int64(3)}
    (run / "attention").mkdir(exist_ok=True)
    probabilities = np.full(10, 0.1, np.float32)
    np.savez_compressed(run / "attention" / f"epoch_{epoch:03d}.npz", **arrays, probabilities=probabilities)
