"""What the curves of a training show. E epochs with a validation."""

import numpy as np

from part.analysis.statistics.binomial import wilson
from part.figures.sentences.numbers import short
from part.figures.training_curves import TrainingCurves


def loss(curves: TrainingCurves) -> str:
    """Return when the validation loss was lowest, and how far it has risen since."""
    known = np.flatnonzero(np.isfinite(curves.val_loss))
    if len(known) < 2:
        return ""
    best, last = int(known[curves.val_loss[known].argmin()]), int(known[-1])
    lowest = f"The validation loss is lowest after epoch {curves.epochs[best]:.0f} ({short(curves.val_loss[best])})"
    if best == last:
        return f"{lowest}, the last one: it still falls."
    return f"{lowest} and {short(curves.val_loss[last])} after epoch {curves.epochs[last]:.0f}."


def metric(curves: TrainingCurves, name: str, jets: int | None = None) -> str:
    """Return after which epoch a metric was best; an accuracy with Wilson's interval, if the number of jets is known.

    Parameters
    ----------
    curves : TrainingCurves
    name : str
        "accuracy" or "auc".
    jets : int, optional
        The number of validation jets.
    """
    values = getattr(curves, name)
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return ""
    best = int(known[values[known].argmax()])
    interval = ""
    if name == "accuracy" and jets:
        low, high = (float(end) for end in wilson(np.array(round(values[best] * jets)), np.array(jets)))
        interval = f", 95 %: {low:.3f} to {high:.3f} for {jets} jets"
    title = "accuracy" if name == "accuracy" else "macro AUC"
    return (
        f"Best {title} {values[best]:.3f} after epoch {curves.epochs[best]:.0f} of {curves.epochs[-1]:.0f}{interval}."
    )
