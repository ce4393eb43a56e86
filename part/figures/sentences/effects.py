"""What a measure loses without parts of a model."""

from collections.abc import Sequence

import numpy as np

from part.figures.sentences.numbers import number, with_unit


def strongest(
    values: np.ndarray,
    half: np.ndarray,
    significant: np.ndarray,
    unit: str,
    measure: str,
    columns: Sequence[str] | None = None,
    layer_title: str = "layer",
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
    layer_title : str
        What the rows are called.
    """
    size = np.where(significant & np.isfinite(values), np.abs(values), -1.0)
    n = int((size >= 0).sum())
    if not n:
        return ""
    layer, column = divmod(int(size.argmax()), size.shape[1])
    name = f"head {column + 1}" if columns is None else columns[column]
    verb = "falls" if values[layer, column] < 0 else "rises"
    change = number(abs(values[layer, column]), half[layer, column])
    parts = f"{values.size} {'heads' if columns is None else 'parts of layers'}"
    others = f"{n} of {parts} differ from none" if n > 1 else f"the other {values.size - 1} do not differ from none"
    return (
        f"Largest effect: without {name} of {layer_title} {layer + 1}, {measure} {verb} by {change} {unit}; {others}."
    )


def strongest_target(
    values: np.ndarray, half: np.ndarray, significant: np.ndarray, names: Sequence[str], unit: str, measure: str
) -> str:
    """Return which of several targets of ablation (N) matters most, as `strongest` does for heads."""
    size = np.where(significant & np.isfinite(values), np.abs(values), -1.0)
    n = int((size >= 0).sum())
    if not n:
        return ""
    first = int(size.argmax())
    verb = "falls" if values[first] < 0 else "rises"
    change = with_unit(abs(values[first]), half[first], unit)
    return f"Without {names[first]}, {measure} {verb} by {change}; {n} of {len(names)} differ from none."
