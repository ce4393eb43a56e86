"""Where a number is largest, and where it differs from what is expected: of heads, bars and cells of a grid."""

from collections.abc import Sequence

import numpy as np

from part.figures.sentences.numbers import short, with_unit
from part.figures.sentences.significance import differ, differs


def head_names(shape: tuple[int, ...]) -> list[str]:
    """Return what to call the heads of a map (L, H), row by row."""
    return [f"layer {layer + 1} head {head + 1}" for layer in range(shape[0]) for head in range(shape[1])]


def cell_names(rows: Sequence[str], columns: Sequence[str], between: str = ", ") -> list[str]:
    """Return what to call the cells of a grid, row by row."""
    return [f"{row}{between}{column}" for row in rows for column in columns]


def ends(
    values: np.ndarray,
    half: np.ndarray,
    names: Sequence[str],
    unit: str = "",
    most: str = "Most",
    least: str = "least",
) -> str:
    """Return which of several numbers (N) is the largest and which the smallest, if these two differ.

    Of N numbers the two ends are one of N (N - 1) / 2 pairs.
    """
    values, half = np.ravel(values), np.ravel(half)
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(half) & (half > 0))
    if len(known) < 2:
        return ""
    high, low = int(known[values[known].argmax()]), int(known[values[known].argmin()])
    pairs = len(known) * (len(known) - 1) // 2
    if not differ((values[high], half[high]), (values[low], half[low]), pairs):
        return ""
    texts = [f"{names[i]} ({with_unit(values[i], half[i], unit)})" for i in (high, low)]
    return f"{most} {texts[0]}, {least} {texts[1]}."


def range_of_heads(values: np.ndarray, half: np.ndarray, unit: str = "") -> str:
    """Return which heads have the most and the least of a quantity (L, H), if these differ significantly."""
    return ends(values, half, head_names(values.shape), unit, "Most in", "least in")


def farthest(
    values: np.ndarray,
    half: np.ndarray,
    names: Sequence[str],
    lead: str,
    things: str = "heads",
    null: float | np.ndarray = 0.0,
    unit: str = "",
    sides: tuple[str, str] = ("above", "below"),
) -> str:
    """Return which of several numbers (N) is farthest from what is expected, and how many differ from that.

    Parameters
    ----------
    values, half : np.ndarray
        The numbers and the half widths of their intervals; NaN where there is none.
    names : sequence of str
        What the numbers belong to.
    lead : str
        The beginning of the sentence, such as "Farthest from shuffled keys".
    things : str
        What all of them are.
    null : float or np.ndarray
        What is expected.
    unit : str
        The unit.
    sides : tuple of str
        What numbers above and below what is expected are called.
    """
    values, half = np.ravel(values), np.ravel(half)
    null = np.broadcast_to(np.ravel(null), values.shape) if np.ndim(null) else np.full(values.shape, null)
    marked = differs(values, half, null)
    if not marked.any():
        return ""
    first = int(np.where(marked, np.abs(values - null), -1.0).argmax())
    text = f"{lead}: {names[first]} ({with_unit(values[first], half[first], unit)})"
    n_known = int(np.isfinite(values).sum())
    if n_known == 1:
        return f"{text}."
    above, below = int((marked & (values > null)).sum()), int((marked & (values < null)).sum())
    return f"{text}; of {n_known} {things}, {above} {'is' if above == 1 else 'are'} {sides[0]} and {below} {sides[1]}."


def observed_ends(values: np.ndarray, names: Sequence[str], unit: str, sample: str) -> str:
    """Return the ends of numbers (N) that have no interval, and says so."""
    values = np.ravel(values)
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2 or np.ptp(values[known]) == 0:
        return ""
    high, low = known[values[known].argmax()], known[values[known].argmin()]
    texts = [f"{names[i]} ({f'{short(values[i])} {unit}'.strip()})" for i in (high, low)]
    return f"In {sample}, most in {texts[0]}, least in {texts[1]}; intervals were not measured."
