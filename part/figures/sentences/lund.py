"""What charts of the bias show: its ratio to q·k, and its course over the Lund plane. Y, X bins; D bins of a ratio."""

import numpy as np

from part.figures.sentences.numbers import number, short
from part.figures.sentences.places import ends
from part.figures.sentences.significance import differ


def ratio(shares: np.ndarray, half: np.ndarray, edges: np.ndarray) -> str:
    """Return in what share of pairs |q·k| is larger than |bias|, if that differs from a half.

    shares and half are of the bins (D,) of log10 of the ratio. The half width of their sum is at most the sum of
    theirs, however the bins are correlated.
    """
    share, spread = map(float, _above_one(shares, half, edges))
    if not (spread > 0 and abs(share - 0.5) > spread):
        return ""
    return f"|q·k| is larger than |bias| in {number(share, spread)} of the pairs, minus the mean of their row."


def ratio_by_layer(shares: np.ndarray, half: np.ndarray, edges: np.ndarray) -> str:
    """Return in which layer (L, D) |q·k| most often is larger than |bias|, and in which least often."""
    share, spread = _above_one(shares, half, edges)
    names = [f"layer {layer + 1}" for layer in range(len(share))]
    return ends(share, spread, names, "of pairs", "|q·k| > |bias| most often in", "least in")


def _above_one(shares: np.ndarray, half: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    above = edges[:-1] >= -1e-9  # log10 of the ratio
    # The shares sum to 1, so that the smaller of the two sums of half widths bounds the error of either.
    return shares[..., above].sum(-1), np.minimum(half[..., above].sum(-1), half[..., ~above].sum(-1))


def extremes(values: np.ndarray, half: np.ndarray, x: np.ndarray, y: np.ndarray) -> str:
    """Return where over the Lund plane (Y, X) a mean is largest and smallest, if these differ."""
    known = np.flatnonzero(np.isfinite(values) & (half > 0))
    if len(known) < 2:
        return ""
    ravelled, halves = np.ravel(values), np.ravel(half)
    # Bins that few jets reach have chance extremes: the ends are those of the bound of the interval nearest to zero.
    high = int(known[(ravelled - halves)[known].argmax()])
    low = int(known[(ravelled + halves)[known].argmin()])
    first, last = ((ravelled[i], halves[i]) for i in (high, low))
    if not differ(first, last, len(known) * (len(known) - 1) // 2):
        return ""
    return f"Most ({number(*first)}) at {_at(high, x, y)}, least ({number(*last)}) at {_at(low, x, y)}."


def of_function(values: np.ndarray, x: np.ndarray, y: np.ndarray) -> str:
    """Return the ends of a learned bias over the plane (Y, X), and what they mean for weights at equal q·k."""
    high, low = int(values.argmax()), int(values.argmin())
    top, bottom = float(np.ravel(values)[high]), float(np.ravel(values)[low])
    if top == bottom:
        return ""
    text = f"From {short(bottom)} at {_at(low, x, y)} to {short(top)} at {_at(high, x, y)}"
    factor = np.exp(min(top - bottom, 300))
    return f"{text}: at equal q·k, weights differ by up to a factor of {short(float(f'{factor:.2g}'))}."


def densest(shares: np.ndarray, x: np.ndarray, y: np.ndarray) -> str:
    """Return where half of the pairs lie over the plane (Y, X): between the quartiles of both axes."""
    total = float(np.nansum(shares))
    if not total > 0:
        return ""
    filled = np.nan_to_num(shares) / total
    across, along = _middle_half(filled.sum(0), x), _middle_half(filled.sum(1), y)
    return f"The middle half of the pairs has ln 1/Δ from {across} and ln kT from {along}."


def _middle_half(shares: np.ndarray, places: np.ndarray) -> str:
    ends = np.searchsorted(np.cumsum(shares), (0.25, 0.75))
    return " to ".join(short(places[i]) for i in ends)


def _at(index: int, x: np.ndarray, y: np.ndarray) -> str:
    row, column = divmod(index, len(x))
    return f"ln 1/Δ {short(x[column])}, ln kT {short(y[row])}"
