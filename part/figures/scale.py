"""Map values to positions on a colour scale: limits, pixels and ticks, for the screen and for paper.

A position is 0 at the lower limit and 1 at the upper one, linear in the value or in its logarithm.
Shapes: any.
"""

import numpy as np

from part.errors import PartError
from part.figures.view import SIGNED

DECADES = 4  # of a logarithmic scale
ATTENTION_LIMITS = (10.0**-DECADES, 1.0)  # of a logarithmic scale
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def limits(values: np.ndarray, quantity: str, scale: str, square: bool = True) -> tuple[float, float]:
    """Return the limits of a figure that shows `values`.

    Parameters
    ----------
    values : np.ndarray
        Numbers, (..., n, n) particles by particles if `square`.
    quantity : str
        One of `part.figures.view.QUANTITIES`. On a logarithmic scale attention has the same limits for all models.
        Signed quantities have symmetric ones up to the largest absolute value off the diagonal, where a particle meets
        itself and the pair features are degenerate. Norms, and attention on a linear scale, end at the largest
        value.
    scale : str
        "log" or "linear".
    square : bool
        Whether rows and columns are the same particles.

    Returns
    -------
    tuple of float
        The lower and the upper limit.
    """
    if quantity == "pattern" and scale == "log":
        return ATTENTION_LIMITS
    sizes = np.abs(values)
    if square and quantity in SIGNED and values.shape[-1] > 1:
        sizes = sizes[..., ~np.eye(values.shape[-1], dtype=bool)]
    largest = float(sizes.max()) or 1.0
    if quantity in SIGNED:
        return -largest, largest
    return (largest * 10.0**-DECADES if scale == "log" else 0.0), largest


def check_limits(limits: tuple[float, float], scale: str) -> tuple[float, float]:
    """Return the limits as floats. Raise PartError if a scale cannot have them."""
    low, high = float(limits[0]), float(limits[1])
    if not (np.isfinite([low, high]).all() and low < high and (scale != "log" or low > 0)):
        raise PartError(f"The limits ({low:g}, {high:g}) do not fit a {scale} scale.")
    return low, high


def position(values: np.ndarray, limits: tuple[float, float], scale: str) -> np.ndarray:
    """Return the positions of values between the limits, clipped to [0, 1]."""
    low, high = limits
    if scale == "log":
        ratio = np.maximum(np.asarray(values, np.float64), low) / low
        return np.clip(np.log(ratio) / np.log(high / low), 0.0, 1.0)
    return np.clip((np.asarray(values, np.float64) - low) / (high - low), 0.0, 1.0)


def value(position: np.ndarray, limits: tuple[float, float], scale: str) -> np.ndarray:
    """Invert `position` between the limits."""
    low, high = limits
    return low * (high / low) ** position if scale == "log" else low + position * (high - low)


def encode(values: np.ndarray, limits: tuple[float, float], scale: str) -> np.ndarray:
    """Return uint8 levels: 0 at or below the lower limit, 255 at or above the upper one.

    This is `position` in single precision and in place, because a mosaic has a million values.
    """
    low, high = limits
    if scale == "log":
        levels = np.maximum(values, low, dtype=np.float32)
        np.log(levels, out=levels)
        low, high = np.log(low), np.log(high)
    else:
        levels = np.array(values, np.float32)
    levels -= np.float32(low)
    levels *= np.float32(255 / (high - low))
    np.clip(levels, 0, 255, out=levels)
    return np.rint(levels, out=levels).astype(np.uint8)


def decode(levels: np.ndarray, limits: tuple[float, float], scale: str) -> np.ndarray:
    """Return the values of uint8 levels, exact to half a level between the limits."""
    return value(np.asarray(levels) / 255, limits, scale)


def ticks(limits: tuple[float, float], scale: str) -> list[tuple[float, str]]:
    """Return (value, label) of each tick of a colour bar or an axis, the labels in plain text."""
    low, high = limits
    if scale == "log":
        first, last = np.ceil(np.log10(low) - 1e-9), np.floor(np.log10(high) + 1e-9)
        decades = np.arange(first, last + 1)
        labels = [_power_of_ten(int(decade)) for decade in decades]
        if abs(np.log10(low) - first) < 1e-6:
            labels[0] = f"≤{labels[0]}"
        return list(zip((10.0**decades).tolist(), labels, strict=True))
    step = _round_step(high - low)
    steps = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    steps = steps + 0.0  # turns a negative zero into zero
    return [(float(i * step), f"{i * step:.4g}".replace("-", "−")) for i in steps]


def few_ticks(limits: tuple[float, float]) -> list[tuple[float, str]]:
    """Return the ticks of a short colour bar with a linear scale that begins at zero, or has it in the middle: three.

    Bars of other scales have all ticks.
    """
    low, high = limits
    if high <= 0 or low not in (0.0, -high):
        return ticks(limits, "linear")
    top = _round_below(high)
    values = (0.0, top / 2, top) if low == 0 else (-top, 0.0, top)
    return [(value, f"{value:.4g}".replace("-", "−")) for value in values]


def superscript(number: int) -> str:
    return str(number).translate(_SUPERSCRIPTS)


def _power_of_ten(exponent: int) -> str:
    return {0: "1", 1: "10", -1: "0.1"}.get(exponent, "10" + superscript(exponent))


def _round_below(value: float) -> float:
    """Return the largest number of one digit, or 1.5 or 2.5, times a power of ten that is not above the value."""
    power = 10.0 ** np.floor(np.log10(value) + 1e-9)
    return max(factor * power for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8) if factor * power <= value * (1 + 1e-9))


def _round_step(span: float) -> float:
    """Return 1, 2 or 5 times a power of ten that divides the span into 3 to 8 steps."""
    power = 10.0 ** np.floor(np.log10(span / 4))
    return next(factor * power for factor in (1, 2, 5, 10) if span / (factor * power) < 7)
