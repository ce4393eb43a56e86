"""Fits of time against size: the exponent of a power law, and where one model overtakes another."""

import math
from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.bootstrap import LEVEL


@dataclass(frozen=True)
class PowerLaw:
    """A fit of y ~ x^exponent.

    Attributes
    ----------
    exponent, low, high : float
        The exponent and the ends of its 95 % interval.
    points : int
        How many points were fitted.
    """

    exponent: float
    low: float
    high: float
    points: int

    def __str__(self) -> str:
        return f"{self.exponent:.2f} [{self.low:.2f}, {self.high:.2f}]"


def power_law_exponent(x: np.ndarray, y: np.ndarray) -> PowerLaw | None:
    """Fit p in y ~ x^p by least squares in the logarithms.

    The interval is Student's, from the scatter of the points about the line. It is wide where there are three points,
    and where they do not lie on a power law.

    Parameters
    ----------
    x, y : np.ndarray
        Positive numbers (P,), in any order.

    Returns
    -------
    PowerLaw or None
        The fit of the upper half in x, of at least three points. None for fewer points.
    """
    order = np.argsort(x)[-max(3, math.ceil(len(x) / 2)) :]
    if len(order) < 3:
        return None
    log_x, log_y = np.log(x[order]), np.log(y[order])
    slope, offset = np.polyfit(log_x, log_y, 1)
    freedom = len(order) - 2
    variance = np.square(log_y - offset - slope * log_x).sum() / freedom
    half = students_t(freedom) * np.sqrt(variance / np.square(log_x - log_x.mean()).sum())
    return PowerLaw(float(slope), float(slope - half), float(slope + half), len(order))


def students_t(freedom: int, level: float = LEVEL) -> float:
    """Return the half width of the central interval of Student's distribution that holds `level` of it."""
    # With t = sqrt(freedom) tan(angle), the density in the angle is a power of its cosine.
    angle = np.linspace(0, np.pi / 2, 100_001)
    density = np.cos(angle) ** (freedom - 1)
    area = np.append(0, np.cumsum(density[1:] + density[:-1]))
    return float(np.sqrt(freedom) * np.tan(np.interp(level, area / area[-1], angle)))


def crossover(x: np.ndarray, one: np.ndarray, other: np.ndarray) -> tuple[float, float] | None:
    """Find the x above which `other` stays below `one`.

    Parameters
    ----------
    x : np.ndarray
        Positive numbers (P,), ascending.
    one, other : np.ndarray
        Two curves (P,).

    Returns
    -------
    tuple of float, or None
        The neighbouring x between which the curves cross for the last time. None if `other` is not below at the end, or
        is below throughout.
    """
    is_below = other < one
    if not is_below[-1] or is_below.all():
        return None
    i = int(np.flatnonzero(~is_below)[-1])
    return float(x[i]), float(x[i + 1])
