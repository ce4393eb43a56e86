"""How a model's predictions change with other activations.

Shapes: S states of the activations (the first as they are), J jets, C classes.
"""

import numpy as np

from part.jets.labels import UNKNOWN

_TINY = 1e-30  # of a probability


def quality_of_jets(probabilities: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return accuracy, cross entropy and agreement with the first state (J, 3, S) of probabilities (S, J, C).

    Those that need a class are NaN for a jet of none.
    """
    predicted = probabilities.argmax(-1)
    truth = np.full(predicted.shape[1], UNKNOWN) if labels is None else labels
    known = truth != UNKNOWN
    of_truth = np.take_along_axis(probabilities, np.where(known, truth, 0)[None, :, None], -1)[..., 0]
    right = np.where(known, predicted == truth, np.nan)
    entropy = np.where(known, -np.log(np.maximum(of_truth, _TINY)), np.nan)
    return np.stack((right, entropy, predicted == predicted[0]), 1).transpose(2, 1, 0)


def centred_logits(probabilities: np.ndarray) -> np.ndarray:
    """Return logits (..., C) from probabilities, relative to their mean over the classes."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), _TINY))
    return logits - logits.mean(-1, keepdims=True)
