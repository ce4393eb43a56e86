"""What charts of attributions show. M methods."""

from collections.abc import Sequence

import numpy as np

from part.figures.sentences.numbers import number, short
from part.figures.sentences.significance import differ, differs


def gain(values: np.ndarray, half: np.ndarray, titles: Sequence[str], area: str) -> str:
    """Return which method (M) gains most over random orders, jet by jet, and how many gain at all."""
    marked = differs(values, half) & (values > 0)
    if not marked.any():
        return ""
    best = int(np.where(marked, values, -np.inf).argmax())
    others = f"{int(marked.sum())} of {len(values)} methods are better than random orders"
    return f"{titles[best]} gains most over random orders: {area} by {number(values[best], half[best])}; {others}."


def most_gained(values: np.ndarray, half: np.ndarray, titles: Sequence[str]) -> str:
    """Return the method (M) that gains most over random orders with its gain, "" if none gains."""
    marked = differs(values, half) & (values > 0)
    best = int(np.where(marked, values, -np.inf).argmax())
    return f"{titles[best]} ({number(values[best], half[best])})" if marked.any() else ""


def area_of_jet(areas: np.ndarray, random: np.ndarray, titles: Sequence[str], is_small_good: bool) -> str:
    """Return which method (M) has the best area below its curve for one jet, if few random orders (R) are as good."""
    best = int(areas.argmin() if is_small_good else areas.argmax())
    as_good = int((random <= areas[best]).sum() if is_small_good else (random >= areas[best]).sum())
    text = f"{titles[best]} has the {'smallest' if is_small_good else 'largest'} area, {short(areas[best])}"
    if as_good:
        return f"{text}, but {as_good} of {len(random)} random orders are as good."
    return f"{text}, better than all of {len(random)} random orders (mean {short(random.mean())})."


def alike(values: np.ndarray, half: np.ndarray | None, titles: Sequence[str]) -> str:
    """Return which two methods (M, M) agree most and which least; without intervals, of one jet, they are observed."""
    rows, columns = np.triu_indices(len(titles), 1)
    known = np.flatnonzero(np.isfinite(values[rows, columns]))
    if len(known) < 2:
        return ""
    pairs = values[rows, columns][known]
    high, low = int(known[pairs.argmax()]), int(known[pairs.argmin()])
    cells = [(rows[i], columns[i]) for i in (high, low)]
    if half is not None:
        numbers = [(values[cell], half[cell]) for cell in cells]
        if not differ(*numbers, len(known) * (len(known) - 1) // 2):
            return ""
        texts = [number(*one) for one in numbers]
    else:
        texts = [short(values[cell]) for cell in cells]
    most, least = (f"{titles[a]} and {titles[b]} ({text})" for (a, b), text in zip(cells, texts, strict=True))
    return f"Most alike are {most}, least {least}."
