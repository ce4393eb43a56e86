"""Whether a model is as often right as it says.

Shapes: J jets, C classes, B bins of the probability that a jet's most probable class was given.
"""

from dataclasses import dataclass

import numpy as np

BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """Per bin (B,): jets, their mean confidence and their accuracy; the last two nan where there are no jets."""

    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the mean over jets of their bin's |accuracy - confidence|."""
        filled = self.counts > 0
        gaps = np.abs(self.accuracy - self.confidence)[filled]
        return float(np.average(gaps, weights=self.counts[filled]))


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> Reliability:
    """Probabilities (J, C) and class indices (J,) in bins of equal width from 0 to 1."""
    confidence = probabilities.max(1).astype(np.float64)
    right = probabilities.argmax(1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = (np.bincount(place, weights=values, minlength=bins) for values in (confidence, right))
    means = [np.divide(s, counts, out=np.full(bins, np.nan), where=counts > 0) for s in sums]
    return Reliability(counts, *means)
