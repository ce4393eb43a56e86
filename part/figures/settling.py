"""How the heads of a model settle while it trains: their attention on one jet after each epoch, beside the last.

Shapes: L layers, H heads, N particles, K keys (particles or slots).
"""

from collections.abc import Mapping

import numpy as np

from part.figures.charts import Plot, Series
from part.figures.sentences.numbers import short

SETTLED = 0.9  # similarity to the last attention


def settling_chart(patterns: Mapping[int, np.ndarray]) -> Plot:
    """Return the similarity of the heads' attention to that after the last epoch, a line for each layer.

    Parameters
    ----------
    patterns : mapping of int to ndarray (L, H, N, K)
        The attention of one jet by epoch, in ascending order.
    """
    epochs = np.array(list(patterns), float)
    last = _centred(patterns[int(epochs[-1])])
    means = np.stack([_similarity(_centred(pattern), last).mean(1) for pattern in patterns.values()])  # (E, L)
    series = tuple(
        Series(f"layer {layer + 1}", epochs, values, colour=layer, labels=()) for layer, values in enumerate(means.T)
    )
    return Plot(
        "Likeness to the last epoch",
        "epoch",
        "similarity",
        series,
        y_range=(min(0.0, float(means.min()) - 0.05), 1.02),
        sentence=_sentence(epochs, means),
        about="settling",
    )


def _centred(pattern: np.ndarray) -> np.ndarray:
    rows = pattern.astype(np.float64)
    return rows - rows.mean(-1, keepdims=True)


def _similarity(first: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the correlation over all pairs (L, H) of centred patterns, 0 for a uniform one."""
    product, *squares = ((a * b).sum((-2, -1)) for a, b in ((first, other), (first, first), (other, other)))
    scale = np.sqrt(squares[0] * squares[1])
    return np.divide(product, scale, out=np.zeros_like(product), where=scale > 1e-12)


def _sentence(epochs: np.ndarray, means: np.ndarray) -> str:
    """Return after which epoch all layers stay as they are at the end; a fact of one jet, so without an interval."""
    apart = np.flatnonzero((means < SETTLED).any(1))
    if not len(apart) or apart[-1] + 2 >= len(epochs):
        return ""
    first = int(epochs[apart[-1] + 1])
    slowest = int(means[apart[-1]].argmin()) + 1
    return (
        f"On this jet all layers stay within {short(SETTLED)} of their last attention from epoch {first} on; layer "
        f"{slowest} is the last to settle."
    )
