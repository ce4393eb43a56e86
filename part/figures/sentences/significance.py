"""Which of several numbers differ, at 5 % for all comparisons together."""

from statistics import NormalDist

import numpy as np

from part.analysis.statistics.running_mean import Z95

LEVEL = 0.05


def widening(comparisons: int) -> float:
    """Return by what factor 95 % intervals must grow so that all of them hold together in 95 % (Bonferroni)."""
    return NormalDist().inv_cdf(1 - LEVEL / (2 * max(comparisons, 1))) / Z95


def differs(values: np.ndarray, half: np.ndarray, null: float | np.ndarray = 0.0) -> np.ndarray:
    """Return which numbers (N) differ from their null hypothesis; those without an interval do not."""
    with np.errstate(invalid="ignore"):
        known = np.isfinite(values) & (half > 0)
        return known & (np.abs(values - null) > widening(int(known.sum())) * half)


def differ(first: tuple[float, float], second: tuple[float, float], comparisons: int = 1) -> bool:
    """Return whether two independent numbers, each with its half width, differ, as one of several comparisons.

    A half width that is not known, NaN or 0, tells nothing.
    """
    if not (first[1] > 0 and second[1] > 0):
        return False
    half = np.hypot(first[1], second[1])
    return bool(abs(first[0] - second[0]) > widening(comparisons) * half)
