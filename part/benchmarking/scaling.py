"""Fits of time against size: the exponent of a power law, and where one model overtakes another."""

import math

import numpy as np


def power_law_exponent(x: np.ndarray, y: np.ndarray) -> tuple[float, int] | None:
    """Fit p in y ~ x^p by least squares in the logarithms.

    Parameters
    ----------
    x, y : np.ndarray
        Positive numbers (P,), in any order.

    Returns
    -------
    tuple of float and int, or None
        The exponent and the number of points used: the upper half in x, at least three. None for fewer points.
    """
    order = np.argsort(x)[-max(3, math.ceil(len(x) / 2)) :]
    if len(order) < 3:
        return None
    return float(np.polyfit(np.log(x[order]), np.log(y[order]), 1)[0]), len(order)


def crossover(x: np.ndarray, one: np.ndarray, other: np.ndarray) -> float | None:
    """Find the x above which `other` stays below `one`.

    Parameters
    ----------
    x : np.ndarray
        Positive numbers (P,), ascending.
    one, other : np.ndarray
        Two curves (P,), joined by straight lines in the logarithms.

    Returns
    -------
    float or None
        None if `other` is never below at the end, or is below throughout.
    """
    lead = np.log(other) - np.log(one)
    if lead[-1] >= 0 or (lead < 0).all():
        return None
    i = int(np.flatnonzero(lead >= 0)[-1])
    return float(np.exp(np.interp(0, [-lead[i], -lead[i + 1]], np.log(x[[i, i + 1]]))))
