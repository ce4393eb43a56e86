"""How a training goes: losses by step and metrics by epoch, as they are drawn.

Shapes: S logged steps, E epochs with a validation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

WINDOWS = 25  # the mean runs over about this part of the steps
MOST = 1500  # points of a curve; more would not be seen


@dataclass(frozen=True, eq=False)
class Curves:
    """steps, loss, mean (S,): training loss of logged steps, at most MOST of them, and its running mean over `window`
    of the logged ones. epochs (E,), from 1; val_steps (E,): after which step; val_loss, accuracy, auc (E,).
    """

    steps: np.ndarray
    loss: np.ndarray
    mean: np.ndarray
    window: int
    epochs: np.ndarray
    val_steps: np.ndarray
    val_loss: np.ndarray
    accuracy: np.ndarray
    auc: np.ndarray


def curves(columns: Mapping[str, np.ndarray]) -> Curves:
    """columns: of a Lightning log, each (rows,) with NaN where a row says nothing: step (from 0), epoch (from 0),
    train_loss_step, val_loss, val_accuracy, val_auc."""
    logged = np.isfinite(columns["train_loss_step"])
    steps, loss = columns["step"][logged] + 1, columns["train_loss_step"][logged]
    window = 2 * (len(loss) // WINDOWS // 2) + 1
    mean = running_mean(loss, window)
    thin = slice(None, None, max(1, -(-len(loss) // MOST)))
    validated = np.isfinite(columns["val_loss"])
    of_epoch = {name: columns[name][validated] for name in ("epoch", "step", "val_loss", "val_accuracy", "val_auc")}
    return Curves(
        steps=steps[thin],
        loss=loss[thin],
        mean=mean[thin],
        window=window,
        epochs=of_epoch["epoch"] + 1,
        val_steps=of_epoch["step"] + 1,
        val_loss=of_epoch["val_loss"],
        accuracy=of_epoch["val_accuracy"],
        auc=of_epoch["val_auc"],
    )


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of each value and its neighbours, `window` (odd) in all; at the ends of those that there are."""
    half, count = window // 2, len(values)
    sums = np.concatenate(([0.0], np.cumsum(values)))
    low = np.maximum(np.arange(count) - half, 0)
    high = np.minimum(np.arange(count) + half + 1, count)
    return (sums[high] - sums[low]) / (high - low)
