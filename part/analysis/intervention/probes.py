"""Study `probes`: what can be read linearly from the states at each depth, compared with the inputs.

A probe is a ridge regression from the mean of the particles' states to an observable of the jet, after Alain and Bengio
(arXiv:1610.01644); for ParT see arXiv:2605.09881. The baseline is the same regression from the mean of the inputs.
Its quality is the explained variance, R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)², of jets that the regression was not fitted to,
in each fold of a cross-validation; the error is the standard error over the folds.

Shapes: B jets, T tokens, R read-outs (the inputs and all depths), D their channels, Y observables, K folds.
"""

from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np
from torch import Tensor

from part.analysis.intervention.ablation import check_attention
from part.errors import PartError
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.jets.hashing import jet_hashes
from part.jets.observables import observables, prongs
from part.lazy import ShownInNotebooks
from part.options import option

MIN_JETS = 50


@dataclass(frozen=True)
class ProbesStudy:
    """Linear probes of the state at each depth.

    Parameters
    ----------
    folds : int
        The number of folds of the cross-validation; the content of a jet decides which fold it belongs to.
    ridge : float
        The penalty, in units of the number of jets, for read-outs scaled to a variance of 1.
    """

    folds: int = option("folds of the cross-validation", 5)
    ridge: float = option("penalty of the ridge regression, for each jet", 0.01)

    batch_size: ClassVar[int] = 64
    n_passes: ClassVar[int] = 1
    needs_classes: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.folds < 2 or self.ridge <= 0:
            raise PartError(
                f"{self.folds} folds with a penalty of {self.ridge:g}; expected 2 or more, and more than 0."
            )

    def check(self, tagger: Tagger) -> None:
        check_attention(tagger)

    def accumulator(self, tagger: Tagger) -> "ProbesAccumulator":
        return ProbesAccumulator(self, tagger)


@dataclass(frozen=True, eq=False)
class ProbesResult(ShownInNotebooks):
    """The quality of the probes.

    Parameters
    ----------
    value, error : ndarray (R, Y)
        R² and its standard error over the folds.
    readouts, observables : tuple of str
        The names of the axes.
    jets : int
        The number of jets.
    """

    value: np.ndarray
    error: np.ndarray
    readouts: tuple[str, ...]
    observables: tuple[str, ...]
    jets: int

    def rows(self) -> list[dict]:
        """Return a row for each read-out and observable."""
        return [
            {
                "readout": readout,
                "observable": name,
                "r2": float(self.value[r, y]),
                "error": float(self.error[r, y]),
                "jets": self.jets,
            }
            for r, readout in enumerate(self.readouts)
            for y, name in enumerate(self.observables)
        ]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return `r2` and `error` (R, Y), and the names of the axes."""
        names = {"readouts": np.array(self.readouts), "observables": np.array(self.observables)}
        return names | {"r2": self.value, "error": self.error, "jets": np.array(self.jets)}


class ProbesAccumulator:
    """The sums of products of 1, the read-outs and the observables, a matrix for each fold.

    They are all that a least-squares fit and its R² need.
    """

    def __init__(self, study: ProbesStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._sums: list[np.ndarray] = []
        self._names: tuple[str, ...] = ()

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        targets = observables(jets)
        n_prongs = None if labels is None else prongs(self._tagger.dataset, labels)
        if n_prongs is not None:
            targets["prongs"] = n_prongs
        self._names = tuple(targets)
        y = np.stack(list(targets.values()), 1)
        forward = CachedForward(self._tagger, jets)
        complete = np.isfinite(y).all(1)  # a jet of two constituents has no τ32
        fold = jet_hashes(jets) % self._study.folds
        states = (_mean(state, forward.mask) for state in forward.states)
        readouts = [_mean(forward.batch.x, forward.batch.mask), *states]
        if not self._sums:
            sizes = (1 + x.shape[1] + y.shape[1] for x in readouts)
            self._sums = [np.zeros((self._study.folds, size, size)) for size in sizes]
        for sums, x in zip(self._sums, readouts, strict=True):
            z = np.column_stack((np.ones(len(y)), x, y))
            for number in range(self._study.folds):
                rows = z[complete & (fold == number)]
                sums[number] += rows.T @ rows

    def next_pass(self) -> None: ...

    @property
    def sums(self) -> tuple[list[np.ndarray], tuple[str, ...]]:
        return self._sums, self._names

    def merge(self, sums: tuple[list[np.ndarray], tuple[str, ...]]) -> None:
        others, self._names = sums
        if not self._sums:
            self._sums = [np.zeros_like(other) for other in others]
        for own, other in zip(self._sums, others, strict=True):
            own += other

    def result(self) -> ProbesResult:
        jets = int(self._sums[0][:, 0, 0].sum())
        if jets < MIN_JETS or self._sums[0][:, 0, 0].min() < 2:
            raise PartError(f"Probes need at least {MIN_JETS} jets of three constituents or more, not {jets}.")
        scores = np.stack([explained_variance(sums, len(self._names), self._study.ridge) for sums in self._sums])
        readouts = ("inputs", "embedding", *(f"layer {i + 1}" for i in range(len(self._sums) - 2)))
        error = scores.std(1, ddof=1) / np.sqrt(self._study.folds)
        return ProbesResult(scores.mean(1), error, readouts, self._names, jets)


def explained_variance(sums: np.ndarray, n_observables: int, ridge: float) -> np.ndarray:
    """Return R² of each fold by a fit to the others.

    Parameters
    ----------
    sums : ndarray (K, 1 + D + Y, 1 + D + Y)
        Sums of products of 1, the read-out and the observables over each fold.
    n_observables : int
        Y.
    ridge : float
        See `ProbesStudy`.

    Returns
    -------
    ndarray (K, Y)
    """
    d = sums.shape[1] - n_observables
    scores = []
    for fold in sums:
        train = sums.sum(0) - fold
        count, mean = train[0, 0], train[0] / train[0, 0]
        covariance = train / count - np.outer(mean, mean)
        scale = np.sqrt(np.maximum(np.diag(covariance)[1:d], 1e-12))
        inputs = covariance[1:d, 1:d] / np.outer(scale, scale) + ridge * np.eye(d - 1)
        slopes = np.linalg.solve(inputs, covariance[1:d, d:] / scale[:, None]) / scale[:, None]
        weights = np.concatenate((mean[d:][None] - mean[1:d] @ slopes, slopes))  # (1 + D, Y)
        squares = np.diag(fold[d:, d:])
        residual = squares - 2 * (weights * fold[:d, d:]).sum(0) + (weights * (fold[:d, :d] @ weights)).sum(0)
        scores.append(1 - residual / (squares - fold[0, d:] ** 2 / fold[0, 0]))
    return np.stack(scores)


def _mean(x: Tensor, mask: Tensor) -> np.ndarray:
    """Return the mean (B, D) over real tokens of x (B, T, D), in float64."""
    real = mask[..., None]
    return (x.double().masked_fill(~real, 0).sum(1) / real.sum(1)).cpu().numpy()
