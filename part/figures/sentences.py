"""What a chart shows, in a sentence made of its numbers; nothing is said of what is not significant.

Numbers come with the half width of their 95 % interval. Shapes: L layers, H heads, X points along an axis.
"""

from collections.abc import Sequence

import numpy as np

MINUS = "−"


def number(value: float, half: float) -> str:
    """Return a number with the half width of its 95 % interval: "−3.1 ± 0.6", or "−3.12 ± 0.15" below 0.35."""
    if not half > 0:
        return f"{value:.3g}".replace("-", MINUS)
    first = int(np.floor(np.log10(half)))
    digits = max(0, -first + (half / 10.0**first < 3.5))
    return f"{value:.{digits}f} ± {half:.{digits}f}".replace("-", MINUS)


def strongest(
    values: np.ndarray,
    half: np.ndarray,
    significant: np.ndarray,
    unit: str,
    measure: str,
    columns: Sequence[str] | None = None,
) -> str:
    """Return which head, or other part of a layer, matters most, and how many do.

    Parameters
    ----------
    values, half : ndarray (L, H)
        The change of a measure without each of them, and the half width of its interval.
    significant : ndarray (L, H)
        Whether a change differs from none, corrected for the number of comparisons.
    unit, measure : str
        Such as "points" and "accuracy".
    columns : sequence of str, optional
        What the columns are, if they are not heads.
    """
    n = int(significant.sum())
    if not n:
        return ""
    size = np.where(significant & np.isfinite(values), np.abs(values), -1.0)
    layer, column = divmod(int(size.argmax()), size.shape[1])
    name = f"head {column + 1}" if columns is None else columns[column]
    verb = "falls" if values[layer, column] < 0 else "rises"
    change = number(abs(values[layer, column]), half[layer, column])
    parts = f"{values.size} {'heads' if columns is None else 'parts of layers'}"
    others = f"{n} of {parts} differ from none" if n > 1 else f"the other {values.size - 1} do not differ from none"
    return f"Largest effect: without {name} of layer {layer + 1}, {measure} {verb} by {change} {unit}; {others}."


def range_of_heads(values: np.ndarray, half: np.ndarray, unit: str = "") -> str:
    """Return which heads have the most and the least of a quantity (L, H), if these differ significantly."""
    known = np.isfinite(values) & np.isfinite(half)
    if known.sum() < 2:
        return ""
    most = np.unravel_index(int(np.where(known, values, -np.inf).argmax()), values.shape)
    least = np.unravel_index(int(np.where(known, values, np.inf).argmin()), values.shape)
    if values[most] - values[least] <= 2 * np.hypot(half[most], half[least]):  # of many, two differ by chance
        return ""
    unit = f" {unit}" if unit else ""
    ends = [f"in layer {at[0] + 1} head {at[1] + 1} ({number(values[at], half[at])}{unit})" for at in (most, least)]
    return f"Most {ends[0]}, least {ends[1]}."


def enough(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, places: Sequence[str], what: str, unit: str = ""
) -> str:
    """Return from which of the ordered places on a change (X,) does not differ from none any more.

    Nothing is said where it never differs, or differs to the end.
    """
    differs = (low > 0) | (high < 0)
    if not differs.any() or differs[-1]:
        return ""
    last = int(np.flatnonzero(differs)[-1])
    half = (high[last] - low[last]) / 2
    change = f"{number(values[last], half)} {unit}".strip()
    return f"{what} {places[last]} by {change}; from {places[last + 1]} on the change does not differ from none."
