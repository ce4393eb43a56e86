"""How good sets of heads are, from their differences of logits by jet, with bootstrap intervals over jets.

Shapes: J jets, N random orders, G sizes of random sets, R draws.
"""

import numpy as np

from part.analysis.circuits.search.passes import Measured
from part.analysis.circuits.search.result import CircuitResult, Curve, Searched
from part.analysis.circuits.search.sets import MeasuredSets
from part.analysis.statistics import bootstrap, metrics
from part.analysis.statistics.poisson_bootstrap import drawn_interval

WHOLE, NONE = 0, 1  # places of the first two sets of `MeasuredSets`


def make_result(searched: Searched, sets: MeasuredSets, measured: Measured, draws: int, seed: int) -> CircuitResult:
    """Return the result of a search."""
    side, sample, values = measured.sorted()
    values = values.astype(np.float64)
    n_samples = len(searched.orders)
    found = [_Found(side[sample != i], values[sample != i], sets, i, draws, seed) for i in range(n_samples)]
    last = sample == n_samples - 1
    ends = values[last][:, [WHOLE, NONE]]
    random = [own[last] for own in sets.random(values)]  # (J, N, G) each
    ones = np.ones((1, last.sum()))
    random_kept, random_removed, random_less = (_faithfulness(ones, side[last], ends, own)[0] for own in random)
    return CircuitResult(
        searched,
        kept=_stacked([one.kept for one in found]),
        removed=_stacked([one.removed for one in found]),
        auc=_stacked([one.auc for one in found]),
        agreement=np.array([one.agreement for one in found]),
        whole_auc=_stacked([one.whole_auc for one in found]),
        lost=_stacked([one.lost for one in found]),
        least_lost=_stacked([one.least_lost for one in found]),
        mean_lost=_stacked([one.mean_lost for one in found]),
        random_kept=random_kept,
        random_removed=random_removed,
        random_auc=np.apply_along_axis(metrics.auc, 0, random[0], side[last] == 0),
        random_lost=random_kept - random_less,
        total=np.array([one.total for one in found]),
        jets=np.bincount(sample, minlength=n_samples),
        left_out=_padded(sets.left_out) if sets.left_out else None,
    )


class _Found:
    """The sets that one search found, on the jets (J,) of the other samples, whose values (J, all sets) are given."""

    def __init__(self, side: np.ndarray, values: np.ndarray, sets: MeasuredSets, search: int, draws: int, seed: int):
        self._side, self._draws, self._seed = side, draws, seed
        self._ends = values[:, [WHOLE, NONE]]
        kept, removed, without = sets.found(values, search)
        ones = np.ones((1, len(side)))
        self._weights = np.concatenate([ones, *bootstrap.draws(side, draws, seed)])  # the sample itself, then draws
        faithfulness = self._faithfulness(kept)
        self.kept, self.removed = _curve(faithfulness), _curve(self._faithfulness(removed))
        self.auc, self.whole_auc = self._auc(kept), self._auc(self._ends[:, :1])
        self._measure_losses(faithfulness, self._faithfulness(without), sets)
        distance = _class_means(ones, side, (np.column_stack((kept, self._ends[:, 1])) - self._ends[:, :1]) ** 2)
        distance = distance.mean(0)[0]
        self.agreement = 1 - distance[:-1] / distance[-1]
        self.total = _contrast(ones, side, self._ends)[0]

    def _measure_losses(self, kept: np.ndarray, without: np.ndarray, sets: MeasuredSets) -> None:
        """Find what each set loses without each member, on average over these and without the one missed least."""
        n = max(map(len, sets.left_out_places))
        lost = np.full((len(kept), len(sets.found_sizes), n), np.nan)
        first = 0
        for i, places in enumerate(sets.left_out_places):
            lost[:, i, : len(places)] = kept[:, i : i + 1] - without[:, first : first + len(places)]
            first += len(places)
        self.lost, self.mean_lost = _curve(lost), _curve(np.nanmean(lost, -1))
        least = np.nanargmin(lost[0], -1)[None, :, None]
        self.least_lost = _curve(np.take_along_axis(lost, least, -1)[..., 0])

    def _faithfulness(self, values: np.ndarray) -> np.ndarray:
        return _faithfulness(self._weights, self._side, self._ends, values)

    def _auc(self, values: np.ndarray) -> Curve:
        positive = self._side == 0
        intervals = [bootstrap.auc_interval(scores, positive, self._draws, self._seed) for scores in values.T]
        low, high = np.array(intervals).T
        return Curve(np.array([metrics.auc(scores, positive) for scores in values.T]), low, high)


def _curve(drawn: np.ndarray) -> Curve:
    """Return the numbers (...) of the sample itself, which come first, with the interval of those of draws (R, ...)."""
    return Curve(drawn[0], *drawn_interval(drawn[1:]))


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


def _stacked(curves: list[Curve]) -> Curve:
    return Curve(*(np.array([getattr(curve, name) for curve in curves]) for name in ("value", "low", "high")))


def _padded(places: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return the places of members in the order that are left out (Z, L), -1 where there are no more."""
    padded = np.full((len(places), max(map(len, places))), -1)
    for row, own in zip(padded, places, strict=True):
        row[: len(own)] = own
    return padded
