"""With how few keys predictions stay what they are. K values of k."""

from collections.abc import Mapping, Sequence

import numpy as np

from part.analysis.statistics.binomial import wilson
from part.figures.charts import Series
from part.figures.sentences.numbers import listed, short, with_unit

KEPT = 0.95  # of the jets, in the sentence


def enough_keys(kept: Mapping[str, tuple[Sequence[int], np.ndarray, int]]) -> str:
    """Return from which k on the share of jets with the same class is above 95 %, by Wilson's interval, of each model.

    kept holds the ks, the shares (K,) and the number of jets by model.
    """
    found = []
    for model, (ks, share, jets) in kept.items():
        low, _ = wilson(np.rint(share * jets), np.full(len(share), jets))
        enough = np.flatnonzero(low <= KEPT)
        first = int(enough[-1]) + 1 if len(enough) else 0
        if first < len(ks):
            found.append(f"{f'{model}: ' if len(kept) > 1 else ''}from k = {ks[first]} on")
    return f"More than {100 * KEPT:.0f} % of the jets keep their class {listed(found)}." if found else ""


def small_divergence(series: Sequence[Series]) -> str:
    """Return the divergence at the smallest and the largest k, of a single model."""
    if len(series) != 1 or len(series[0].y) < 2:
        return ""
    one, half = series[0], series[0].half
    ends = [f"{with_unit(one.y[i], half[i], 'nats')} at k = {short(float(one.x[i]))}" for i in (0, -1)]
    return f"The divergence is {ends[0]} and {ends[1]}." if one.y[0] - half[0] > one.y[-1] + half[-1] else ""
