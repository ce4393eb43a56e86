"""What curves do from one end of their axis to the other."""

from collections.abc import Sequence

import numpy as np

from part.figures.charts import Series
from part.figures.sentences.numbers import number, on_axis
from part.figures.sentences.significance import differ, widening


def enough(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, places: Sequence[str], what: str, unit: str = ""
) -> str:
    """Return from which of the ordered places on a change (X,) does not differ from none any more.

    low and high are the ends of 95 % intervals, which are widened for the number of places. Nothing is said where it
    never differs, or differs to the end.
    """
    wider = widening(len(values))
    differs = (values - wider * (values - low) > 0) | (values + wider * (high - values) < 0)
    if not differs.any() or differs[-1]:
        return ""
    last = int(np.flatnonzero(differs)[-1])
    half = (high[last] - low[last]) / 2
    change = f"{number(values[last], half)} {unit}".strip()
    return f"{what} {places[last]} by {change}; from {places[last + 1]} on the change does not differ from none."


def trend(series: Sequence[Series], axis: str, unit: str = "") -> str:
    """Return how a curve changes from the first to the last of its independent points, if it does.

    Of several curves it is the one that changes most.

    Parameters
    ----------
    series : sequence of Series
        Curves; those without an interval or a name do not count.
    axis : str
        The title of the x axis, with its unit in brackets.
    unit : str
        The unit of the curves.
    """
    curves = [s for s in series if s.name and len(s.y) > 1 and np.isfinite(s.half).any()]
    changes = []
    for one in curves:
        first, last = ((one.y[i], one.half[i]) for i in (0, -1))
        if differ(first, last, len(curves)):
            changes.append((abs(last[0] - first[0]), one, first, last))
    if not changes:
        return ""
    _, one, first, last = max(changes, key=lambda change: change[0])
    verb = "rises" if last[0] > first[0] else "falls"
    unit = f" {unit}" if unit else ""
    others = f"; {len(changes)} of {len(curves)} curves change" if len(curves) > 1 else ""
    place = on_axis(axis, float(one.x[0]), float(one.x[-1]))
    return f"From {place}, {one.name} {verb} from {number(*first)} to {number(*last)}{unit}{others}."


def largest_step(values: np.ndarray, half: np.ndarray, places: Sequence[str], what: str, unit: str = "") -> str:
    """Return between which neighbours of a curve (X,) it changes most, if it does, and what its ends are."""
    steps = np.diff(values)
    known = np.flatnonzero(np.isfinite(steps) & np.isfinite(half[:-1]) & np.isfinite(half[1:]))
    if not len(known):
        return ""
    at = int(known[np.abs(steps[known]).argmax()])
    before, after = ((values[i], half[i]) for i in (at, at + 1))
    if not differ(before, after, len(known)):
        return ""
    verb = "rises" if steps[at] > 0 else "falls"
    unit = f" {unit}" if unit else ""
    return (
        f"{what} {verb} most from {places[at]} ({number(*before)}{unit}) to {places[at + 1]} ({number(*after)}{unit}); "
        f"at {places[-1]} it is {number(values[-1], half[-1])}{unit}."
    )
