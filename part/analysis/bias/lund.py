"""Attention and bias averaged over the Lund plane of pairs: how they depend on distance and relative kT.

The primary Lund plane (arXiv:1807.04758) has a point for each splitting; here there is one for each pair of a jet's
particles, at ln 1/Δ and ln kT with kT = min(pT) Δ in GeV, as the model computes them.
Shapes: J jets, N particles, L layers, H heads, P ordered pairs, Y bins of ln kT, X bins of ln 1/Δ.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from part.analysis.bias.embedding import Pairs
from part.analysis.statistics.running_mean import Mean, RunningMean

LN_KT = np.linspace(-5, 4, 19)
LN_INVERSE_DELTA = np.linspace(-1, 7, 17)


@dataclass(frozen=True, eq=False)
class Lund:
    """Means over jets of each jet's mean in a bin; NaN in bins where no jet has pairs.

    Attributes
    ----------
    attention : Mean (L, H, Y, X)
    bias : Mean (H, Y, X)
        The same in all layers.
    pairs : Mean (Y, X)
        Share of a jet's pairs.
    """

    attention: Mean
    bias: Mean
    pairs: Mean


class LundAccumulator:
    """Sums over batches of jets. A particle with itself is no pair, and pairs outside the bins are left out."""

    def __init__(self, layers: int, heads: int):
        plane = len(LN_KT) - 1, len(LN_INVERSE_DELTA) - 1
        self._attention, self._bias = RunningMean((layers, heads, *plane)), RunningMean((heads, *plane))
        self._pairs = RunningMean(plane)

    def add(self, attention: np.ndarray, bias: np.ndarray, pairs: Pairs) -> None:
        """Add attention (J, L, H, N, N) and bias (J, H, N, N), [query, key]; pairs hold query i and key j."""
        jets, (rows, columns) = len(attention), self._pairs.count.shape
        cell, inside = cells(pairs.kinematics)
        jet, i, j = (index[inside] for index in (pairs.jet, pairs.i, pairs.j))
        bins, count = jet * rows * columns + cell[inside], jets * rows * columns
        for running, values in ((self._attention, attention[jet, :, :, i, j]), (self._bias, bias[jet, :, i, j])):
            heads = values.reshape(len(bins), prod(values.shape[1:]))
            means = bin_means(bins, heads, count).reshape(jets, rows, columns, -1)
            running.add(np.moveaxis(means, -1, 1).reshape(jets, *running.count.shape))
        counts = np.bincount(bins, minlength=count).reshape(jets, rows, columns)
        total = np.bincount(pairs.jet, minlength=jets)[:, None, None]
        self._pairs.add(np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0))

    def merge(self, other: "LundAccumulator") -> None:
        """Add the sums of other jets."""
        self._attention.merge(other._attention)
        self._bias.merge(other._bias)
        self._pairs.merge(other._pairs)

    @property
    def result(self) -> Lund:
        return Lund(self._attention.result, self._bias.result, self._pairs.result)


def cells(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each pair's bin (P,), counted along ln 1/Δ first, and whether it lies inside, from features (P, 4)."""
    row = np.searchsorted(LN_KT, features[:, 0], side="right") - 1
    column = np.searchsorted(LN_INVERSE_DELTA, -features[:, 2], side="right") - 1
    rows, columns = len(LN_KT) - 1, len(LN_INVERSE_DELTA) - 1
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return row * columns + column, inside


def bin_means(bins: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Return the means (count, K) of values (P, K) in each bin (P,), NaN where a bin is empty."""
    columns = values.shape[1]
    index = (bins[:, None] * columns + np.arange(columns)).ravel()
    sums = np.bincount(index, values.ravel(), count * columns).reshape(count, columns)
    filled = np.bincount(bins, minlength=count)[:, None]
    return np.divide(sums, filled, out=np.full(sums.shape, np.nan), where=filled > 0)
