"""The curves of a training: losses by step and metrics by epoch.

Shapes: S logged steps, E epochs with a validation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

WINDOWS = 25  # the running mean covers about this fraction of the steps
MAX_POINTS = 1500  # of a curve; more would not be visible


@dataclass(frozen=True, eq=False)
class TrainingCurves:
    """Losses and metrics of a training.

    Attributes
    ----------
    steps, loss, mean : np.ndarray
        The training loss of logged steps (S,), at most `MAX_POINTS` of them, and its running mean.
    window : int
        The logged steps that each mean covers.
    epochs : np.ndarray
        The epochs with a validation (E,), from 1.
    val_steps : np.ndarray
        The steps (E,) after which they were validated.
    val_loss, accuracy, auc : np.ndarray
        The results (E,) on the validation jets.
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


def training_curves(columns: Mapping[str, np.ndarray]) -> TrainingCurves:
    """Extract the curves from a log.

    Parameters
    ----------
    columns : mapping of str to np.ndarray
        Columns of a Lightning log, NaN where a row has no value: step and epoch (from 0), train_loss_step, val_loss,
        val_accuracy, val_auc.

    Returns
    -------
    TrainingCurves
    """
    logged = np.isfinite(columns["train_loss_step"])
    steps, loss = columns["step"][logged] + 1, columns["train_loss_step"][logged]
    window = 2 * (len(loss) // WINDOWS // 2) + 1
    mean = running_mean(loss, window)
    thin = slice(None, None, max(1, -(-len(loss) // MAX_POINTS)))
    validated = np.isfinite(columns["val_loss"])
    by_epoch = {name: columns[name][validated] for name in ("epoch", "step", "val_loss", "val_accuracy", "val_auc")}
    return TrainingCurves(
        steps=steps[thin],
        loss=loss[thin],
        mean=mean[thin],
        window=window,
        epochs=by_epoch["epoch"] + 1,
        val_steps=by_epoch["step"] + 1,
        val_loss=by_epoch["val_loss"],
        accuracy=by_epoch["val_accuracy"],
        auc=by_epoch["val_auc"],
    )


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Average each value with its neighbours, `window` (odd) in all; at the ends with those that exist."""
    half, count = window // 2, len(values)
    sums = np.concatenate(([0.0], np.cumsum(values)))
    low = np.maximum(np.arange(count) - half, 0)
    high = np.minimum(np.arange(count) + half + 1, count)
    return (sums[high] - sums[low]) / (high - low)
