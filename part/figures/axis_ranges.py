"""The ends of axes."""

import numpy as np


def outer_edges(middles: np.ndarray) -> list[float]:
    """Return the lower edge of the first cell and the upper edge of the last."""
    return [1.5 * middles[0] - 0.5 * middles[1], 1.5 * middles[-1] - 0.5 * middles[-2]]


def probability_range(*values: np.ndarray) -> tuple[float, float]:
    """Return the ends of an axis of probabilities: 0 and a little above 1, or less where all of them are small."""
    largest = max((float(np.nanmax(array, initial=0)) for array in values), default=0.0)
    return 0.0, 1.02 if largest > 0.4 or not largest else 1.25 * largest  # of many classes all may be improbable
