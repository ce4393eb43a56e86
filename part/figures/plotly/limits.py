"""Draw lower limits with plotly: a bar at each limit and an arrow away from it, on a logarithmic axis."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

LENGTH = 1.5  # of an arrow, as a factor on its axis
SHAFT, HEAD = 11, 9  # px: the bar across the limit, and the head


def draw_lower_limits(
    x: np.ndarray, y: np.ndarray, direction: str, colour: str, texts: Sequence[str], tip: str
) -> go.Scatter:
    """Draw limits as arrows.

    Parameters
    ----------
    x, y : np.ndarray
        Where the limits are (P,).
    direction : str
        "right" for limits on x, "up" for limits on y.
    colour : str
        The colour.
    texts : sequence of str
        What stands behind each limit (P), `customdata` of the tip.
    tip : str
        plotly's template for the hover.

    Returns
    -------
    plotly.graph_objects.Scatter
    """
    x, y = (np.asarray(values, float) for values in (x, y))
    gap = np.full(len(x), np.nan)  # ends one arrow before the next
    ends = (x * LENGTH, y) if direction == "right" else (x, y * LENGTH)
    bar, head = ("line-ns", "triangle-right") if direction == "right" else ("line-ew", "triangle-up")
    return go.Scatter(
        x=np.stack((x, ends[0], gap), -1).ravel(),
        y=np.stack((y, ends[1], gap), -1).ravel(),
        mode="lines+markers",
        line={"color": colour, "width": 1.5},
        marker={
            "color": colour,
            "symbol": [bar, head, bar] * len(x),
            "size": [SHAFT, HEAD, SHAFT] * len(x),
            "line": {"color": colour, "width": 1.5},
            "opacity": 1.0,
        },
        customdata=[text for text in texts for _ in range(3)],
        hovertemplate=tip,
        cliponaxis=False,
    )
