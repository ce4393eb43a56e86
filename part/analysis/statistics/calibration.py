"""Calibration: whether a model is right as often as its confidence says.

Shapes: J jets, C classes, B bins of the confidence, the probability of a jet's most probable class.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.binomial import wilson
from part.analysis.statistics.metrics import check_probabilities

BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """Number of jets, mean confidence and accuracy in each bin (B,); the last two are NaN in empty bins."""

    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Wilson's 95 % interval of the accuracy (B,), NaN in empty bins."""
        return wilson(np.round(np.nan_to_num(self.accuracy) * self.counts), self.counts)

    @property
    def expected_error(self) -> float:
        """The expected calibration error: the mean over jets of their bin's |accuracy - confidence|."""
        filled = self.counts > 0
        gaps = np.abs(self.accuracy - self.confidence)[filled]
        return float(np.average(gaps, weights=self.counts[filled]))


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> Reliability:
    """Return the reliability of probabilities (J, C) with class indices (J,), in bins of equal width from 0 to 1.

    Raises PartError if a probability is not finite.
    """
    check_probabilities(probabilities)
    confidence = probabilities.max(1).astype(np.float64)
    correct = probabilities.argmax(1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(index, minlength=bins)
    sums = (np.bincount(index, weights=values, minlength=bins) for values in (confidence, correct))
    means = [np.divide(s, counts, out=np.full(bins, np.nan), where=counts > 0) for s in sums]
    return Reliability(counts, *means)
