"""Texts for sentences and tables."""

import math
from collections.abc import Sequence


def first_names(names: Sequence[str], most: int) -> str:
    """Return the first of many names, and how many more there are: "a, b and 7 more"."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")


def significant(value: float, digits: int = 2) -> str:
    """Return a number rounded to some significant digits, without a power of ten: 131.7 is "130"; NaN is "–"."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else f"{value}".replace("inf", "∞")
    if not value:
        return "0"
    after_point = digits - 1 - math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    return f"{round(value, after_point):.{max(after_point, 0)}f}"


def with_spread(value: float, ends: tuple[float, float]) -> str:
    """Return a number with its spread, two digits each: "11 [10, 13]"; without the brackets where it has none."""
    if any(map(math.isnan, ends)):
        return significant(value)
    return f"{significant(value)} [{significant(ends[0])}, {significant(ends[1])}]"
