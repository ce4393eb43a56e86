"""What is the case for one jet: nothing is estimated here, so these sentences have no intervals."""

from collections.abc import Sequence

import numpy as np

from part.figures.sentences.numbers import short
from part.figures.sentences.places import head_names
from part.figures.sentences.significance import widening


def strongest_change(values: np.ndarray, unit: str) -> str:
    """Return without which head (L, H) a probability of this jet falls most, and without which it rises most."""
    names, values = head_names(values.shape), np.ravel(values)
    low, high = int(values.argmin()), int(values.argmax())
    falls = f"falls most without {names[low]} (by {short(-values[low])} {unit})" if values[low] < 0 else ""
    rises = f"rises most without {names[high]} (by {short(values[high])} {unit})" if values[high] > 0 else ""
    return f"The probability {' and '.join(filter(None, (falls, rises)))}." if falls or rises else ""


def prediction_change(classes: Sequence[str], before: np.ndarray, after: np.ndarray, what: str) -> str:
    """Return which class (C,) is the most probable before and after something is done to the jet or the model."""
    first, second = int(before.argmax()), int(after.argmax())
    if first == second:
        change = f"{short(before[first])} becomes {short(after[first])}"
        return f"{what}, {classes[first]} stays the most probable class: {change}."
    gained = f"{classes[second]} ({after[second]:.2f}) becomes the most probable class"
    return f"{what}, {gained} instead of {classes[first]} ({before[first]:.2f})."


def largest_part(values: np.ndarray, names: Sequence[str], unit: str, half: np.ndarray | None = None) -> str:
    """Return which of some contributions (N) is the largest, and how many make up half of the sum of all sizes.

    Contributions that are sampled have intervals; nothing is said where the largest one does not differ from 0.
    """
    sizes = np.abs(values)
    total = float(sizes.sum())
    if not total > 0:
        return ""
    first = int(sizes.argmax())
    if half is not None and not sizes[first] > widening(len(values)) * half[first]:
        return ""
    n_half = int(np.searchsorted(np.cumsum(np.sort(sizes)[::-1]), total / 2)) + 1
    spread = "" if half is None else f" ± {half[first]:.1g}"
    share = f"{n_half} of {len(values)} hold half of all"
    return f"The largest is that of {names[first]}: {short(values[first])}{spread} {unit}; {share}."


def extremes(values: np.ndarray, names: Sequence[str], most: str = "Largest", least: str = "smallest") -> str:
    """Return the largest and the smallest of some numbers (N) of one jet."""
    values = np.ravel(values)
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2 or np.ptp(values[known]) == 0:
        return ""
    high, low = known[values[known].argmax()], known[values[known].argmin()]
    return f"{most}: {names[high]} ({short(values[high])}), {least}: {names[low]} ({short(values[low])})."


def last_change(xs: Sequence[float], probabilities: np.ndarray, classes: Sequence[str], place: str) -> str:
    """Return from where on (X, C) the most probable class is that of the end.

    place is the name of the axis, such as "depth" or "k".
    """
    best = probabilities.argmax(1)
    name = classes[int(best[-1])]
    others = np.flatnonzero(best != best[-1])
    if not len(others):
        return f"{name} is the most probable class at every {place}."
    last = int(others[-1])
    before = classes[int(best[last])]
    return f"{name} is the most probable class from {place} {xs[last + 1]:g} on; before, it is {before}."
