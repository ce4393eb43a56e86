"""Numbers as sentences write them: with their interval, and with no more digits than that allows."""

from collections.abc import Sequence

import numpy as np

MINUS = "−"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, half: float) -> str:
    """Return a number with the half width of its 95 % interval: "−3.1 ± 0.6", or "−3.12 ± 0.15" below 0.35."""
    if not half > 0:
        return short(value)
    first = int(np.floor(np.log10(half)))
    digits = max(0, -first + (half / 10.0**first < 3.5))
    return f"{value:.{digits}f} ± {half:.{digits}f}".replace("-", MINUS)


def short(value: float) -> str:
    """Return a number with three digits, or whole, such as "0.12", "−3", "4096" and "1.5×10⁻⁵"."""
    if 1000 <= abs(value) < 1e6:
        return f"{value:.0f}".replace("-", MINUS)
    digits, _, power = f"{value + 0.0:.3g}".partition("e")  # turns a negative zero into zero
    if power:
        digits = f"{digits}×10{str(int(power)).translate(SUPERSCRIPTS)}".removeprefix("1×")
    return digits.replace("-", MINUS)


def with_unit(value: float, half: float, unit: str = "") -> str:
    """Return a number with its interval and unit."""
    return f"{number(value, half)} {unit}".strip()


def on_axis(title: str, *values: float) -> str:
    """Return places on an axis: "jet pT [GeV]" at 550 and 900 becomes "jet pT 550 to 900 GeV"."""
    name, _, unit = title.partition(" [")
    return f"{name} {' to '.join(map(short, values))} {unit.removesuffix(']')}".strip()


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""
