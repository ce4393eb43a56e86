"""A small picture of all heads: pixels without axes.

Shapes: L layers, H heads, n queries, K keys or slots.
"""

import io

import numpy as np
from matplotlib.image import imsave

from part.figures import scale
from part.figures.palette import colormap

MAX_TILE, GAP = 40, 2  # px


def heads_png(pattern: np.ndarray) -> tuple[bytes, int]:
    """Return the attention (L, H, n, K) of all heads as PNG on a logarithmic scale, and its width in px.

    Of jets with many constituents a pixel shows the strongest of a few weights.
    """
    tiles = _strongest(_strongest(pattern, 2), 3)
    levels = scale.encode(tiles, scale.ATTENTION_LIMITS, "log")
    layers, heads, height, width = levels.shape
    canvas = np.full((layers * (height + GAP) - GAP, heads * (width + GAP) - GAP, 3), 255, np.uint8)
    for layer, head in np.ndindex(layers, heads):
        top, left = layer * (height + GAP), head * (width + GAP)
        canvas[top : top + height, left : left + width] = colormap(signed=False)[levels[layer, head]]
    out = io.BytesIO()
    imsave(out, canvas, format="png")
    return out.getvalue(), canvas.shape[1]


def _strongest(values: np.ndarray, axis: int) -> np.ndarray:
    """Return values of which the largest of a few neighbours stands for all, where there are more than MAX_TILE."""
    step = -(-values.shape[axis] // MAX_TILE)
    return np.maximum.reduceat(values, np.arange(0, values.shape[axis], step), axis=axis)
