"""How good sets of heads are, from their differences of logits by jet, with bootstrap intervals over jets.

Shapes: J jets, P samples, K the largest size, N random orders, G sizes of random sets, R draws, X sets.
"""

import numpy as np

from part.analysis.circuits.search.passes import Measured
from part.analysis.circuits.search.result import CircuitResult, Curve, Searched
from part.analysis.circuits.search.sets import MeasuredSets
from part.analysis.statistics import bootstrap, metrics
from part.analysis.statistics.poisson_bootstrap import drawn_interval
from part.analysis.statistics.running_mean import Mean

WHOLE, NONE = 0, 1  # places of the first two sets of `MeasuredSets`


def make_result(
    searched: Searched, sets: MeasuredSets, marginals: list[Mean], measured: Measured, draws: int, seed: int
) -> CircuitResult:
    """Return the result of a search, whose marginals are those of its sets of K, K - 1, ..., 2 heads."""
    side, sample, values = measured.sorted()
    values = values.astype(np.float64)
    n_samples = len(searched.orders)
    found = [
        _Found(side[sample != i], values[sample != i], [own[sample != i, i] for own in sets.found(values)], draws, seed)
        for i in range(n_samples)
    ]
    last = sample == n_samples - 1
    ends = values[last][:, [WHOLE, NONE]]
    random = [own[last] for own in sets.random(values)]  # (J, N, G) each
    random_kept, random_removed = (_faithfulness(np.ones((1, last.sum())), side[last], ends, own)[0] for own in random)
    total = np.array([one.total for one in found])
    lost, lost_error = _lost(searched.orders, marginals, total)
    return CircuitResult(
        searched,
        kept=_stacked([one.kept for one in found]),
        removed=_stacked([one.removed for one in found]),
        auc=_stacked([one.auc for one in found]),
        agreement=np.array([one.agreement for one in found]),
        whole_auc=_stacked([one.whole_auc for one in found]),
        random_kept=random_kept,
        random_removed=random_removed,
        random_auc=np.apply_along_axis(metrics.auc, 0, random[0], side[last] == 0),
        lost=lost,
        lost_error=lost_error,
        total=total,
        jets=np.bincount(sample, minlength=n_samples),
    )


class _Found:
    """The sets that one search found, on the jets (J,) of the other samples.

    values (J, all sets); kept and removed (J, K) are those of its own sets.
    """

    def __init__(self, side: np.ndarray, values: np.ndarray, own: list[np.ndarray], draws: int, seed: int):
        self._side, self._draws, self._seed = side, draws, seed
        self._ends = values[:, [WHOLE, NONE]]
        kept, removed = own
        ones = np.ones((1, len(side)))
        self._weights = np.concatenate([ones, *bootstrap.draws(side, draws, seed)])  # the sample itself, then draws
        self.kept, self.removed = self._curve(kept), self._curve(removed)
        self.auc, self.whole_auc = self._auc(kept), self._auc(self._ends[:, :1])
        distance = _class_means(ones, side, (np.column_stack((kept, self._ends[:, 1])) - self._ends[:, :1]) ** 2)
        distance = distance.mean(0)[0]
        self.agreement = 1 - distance[:-1] / distance[-1]
        self.total = _contrast(ones, side, self._ends)[0]

    def _curve(self, values: np.ndarray) -> Curve:
        faithfulness = _faithfulness(self._weights, self._side, self._ends, values)
        return Curve(faithfulness[0], *drawn_interval(faithfulness[1:]))

    def _auc(self, values: np.ndarray) -> Curve:
        positive = self._side == 0
        intervals = [bootstrap.auc_interval(scores, positive, self._draws, self._seed) for scores in values.T]
        low, high = np.array(intervals).T
        return Curve(np.array([metrics.auc(scores, positive) for scores in values.T]), low, high)


def _class_means(weights: np.ndarray, side: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the weighted means (2, R, ...) of values (J, ...) over the jets of either class."""
    flat = values.reshape(len(values), -1)
    means = [weights[:, side == s] @ flat[side == s] / weights[:, side == s].sum(1, keepdims=True) for s in (0, 1)]
    return np.stack(means).reshape(2, len(weights), *values.shape[1:])


def _contrast(weights: np.ndarray, side: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the difference (R, ...) of the mean over jets of the first class from that of the second."""
    first, second = _class_means(weights, side, values)
    return first - second


def _faithfulness(weights: np.ndarray, side: np.ndarray, ends: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the faithfulness (R, ...) of sets with values (J, ...), between those of no head and of all in `ends`."""
    whole, none = (_contrast(weights, side, ends[:, i]) for i in (WHOLE, NONE))
    shape = (-1, *[1] * (values.ndim - 1))
    return (_contrast(weights, side, values) - none.reshape(shape)) / (whole - none).reshape(shape)


def _lost(orders: np.ndarray, marginals: list[Mean], total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the faithfulness (P, K, K) that each set loses without each head, and its standard error."""
    n_samples, most = orders.shape
    lost, error = np.full((2, n_samples, most, most), np.nan)
    for size, mean in zip(range(most, 1, -1), marginals, strict=True):
        for p, order in enumerate(orders):
            heads, scale = order[:size], total[p, WHOLE] - total[p, NONE]
            lost[p, size - 1, :size] = (mean.value[p, 0, heads] - mean.value[p, 1, heads]) / scale
            error[p, size - 1, :size] = np.hypot(mean.error[p, 0, heads], mean.error[p, 1, heads]) / abs(scale)
    return lost, error


def _stacked(curves: list[Curve]) -> Curve:
    return Curve(*(np.array([getattr(curve, name) for curve in curves]) for name in ("value", "low", "high")))
