"""What charts of the sparsity of attention show. D bins of log10 of the weights."""

from collections.abc import Sequence

import numpy as np

from part.figures.charts import Series
from part.figures.sentences.places import ends

SMALL = -3.0  # log10 of a weight


def small_weights(shares: np.ndarray, half: np.ndarray, edges: np.ndarray, names: Sequence[str] | None = None) -> str:
    """Return in which layer, or which model, (N, D) most and least of the weights are below 10⁻³.

    The half width of a sum of bins is at most the sum of theirs, however the bins are correlated.
    """
    small = edges[1:] <= SMALL + 1e-9
    share = shares[:, small].sum(1)
    spread = np.minimum(half[:, small].sum(1), half[:, ~small].sum(1))
    names = [f"layer {n + 1}" for n in range(len(share))] if names is None else names
    before = "in " if names and names[0].startswith("layer ") else "of "
    return ends(
        share, spread, [before + name for name in names], "", "The share of weights below 10⁻³ is largest", "smallest"
    )


def classes(series: Sequence[Series], unit: str) -> str:
    """Return for which class of jets a quantity of the first model is largest and smallest."""
    if not series:
        return ""
    first, names = series[0], tuple(map(str, series[0].x))
    most = f"{first.name}: most" if len(series) > 1 else "Most"
    return ends(first.y, first.half, names, "" if "share" in unit else unit, f"{most} for", "least for")
