"""Study `probes`: what can be read linearly from the states at each depth, and how much of that the inputs tell anyhow.

A ridge regression from the mean of the particles' states to an observable of the jet, after Alain and Bengio
(arXiv:1610.01644); for ParT see arXiv:2605.09881. The baseline is the same regression from the mean of the inputs.
Quality is the share of variance explained, R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)², of jets that the regression has not seen,
in each of the folds; the error is the standard error over the folds.

Shapes: B jets, L layers, R read-outs (the inputs and L + 1 depths), D their channels, Y observables, K folds.
"""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.errors import PartError
from part.inference.forward import Pass, check_attention, jet_keys
from part.inference.tagger import Tagger
from part.jets.observables import observables, prongs

FEWEST = 50  # jets


@dataclass(frozen=True)
class Probes:
    """folds: of the cross-validation; a jet's content decides which it is in. ridge: the penalty, in units of the
    number of jets, for read-outs scaled to a variance of 1."""

    folds: int = 5
    ridge: float = 0.01

    block: ClassVar[int] = 64
    passes: ClassVar[int] = 1

    def __post_init__(self):
        if self.folds < 2 or self.ridge <= 0:
            raise PartError(
                f"{self.folds} folds with a penalty of {self.ridge:g}; expected 2 or more, and more than 0."
            )

    def check(self, tagger: Tagger) -> None:
        check_attention(tagger)

    def begin(self, tagger: Tagger) -> "ProbesUnderWay":
        return ProbesUnderWay(self, tagger)


@dataclass(frozen=True, eq=False)
class ProbesFound:
    """value, error (R, Y): R² and its standard error over the folds. readouts, observables: names. jets: how many."""

    value: np.ndarray
    error: np.ndarray
    readouts: tuple[str, ...]
    observables: tuple[str, ...]
    jets: int

    def rows(self) -> list[dict]:
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
        """r2 and error (R, Y), and the names of the axes."""
        names = {"readouts": np.array(self.readouts), "observables": np.array(self.observables)}
        return names | {"r2": self.value, "error": self.error, "jets": np.array(self.jets)}


class ProbesUnderWay:
    """Sums of products of 1, the read-outs and the observables, a matrix for each fold: they hold all that a least
    squares fit and its R² need."""

    def __init__(self, study: Probes, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._sums: list[np.ndarray] = []
        self._names: tuple[str, ...] = ()

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        targets = observables(jets)
        known = None if truth is None else prongs(self._tagger.dataset, truth)
        if known is not None:
            targets["prongs"] = known
        self._names = tuple(targets)
        y = np.stack(list(targets.values()), 1)
        passed = Pass(self._tagger, jets)
        whole = np.isfinite(y).all(1)  # a jet of two constituents has no τ32
        fold = jet_keys(jets) % self._study.folds
        readouts = [_mean(passed.batch.x, passed.batch.mask), *(_mean(state, passed.mask) for state in passed.states)]
        if not self._sums:
            sizes = (1 + x.shape[1] + y.shape[1] for x in readouts)
            self._sums = [np.zeros((self._study.folds, size, size)) for size in sizes]
        for sums, x in zip(self._sums, readouts, strict=True):
            z = np.column_stack((np.ones(len(y)), x, y))
            for number in range(self._study.folds):
                some = z[whole & (fold == number)]
                sums[number] += some.T @ some

    def next_pass(self) -> None: ...

    def result(self) -> ProbesFound:
        jets = int(self._sums[0][:, 0, 0].sum())
        if jets < FEWEST or self._sums[0][:, 0, 0].min() < 2:
            raise PartError(f"Probes need at least {FEWEST} jets of three constituents or more, not {jets}.")
        scores = np.stack([explained(sums, len(self._names), self._study.ridge) for sums in self._sums])  # (R, K, Y)
        readouts = ("inputs", "embedding", *(f"layer {i + 1}" for i in range(len(self._sums) - 2)))
        error = scores.std(1, ddof=1) / np.sqrt(self._study.folds)
        return ProbesFound(scores.mean(1), error, readouts, self._names, jets)


def explained(sums: np.ndarray, observables: int, ridge: float) -> np.ndarray:
    """R² (K, Y) of each fold by a fit to the others, from the sums of products (K, 1 + D + Y, 1 + D + Y)."""
    d = sums.shape[1] - observables
    found = []
    for fold in sums:
        rest = sums.sum(0) - fold
        count, mean = rest[0, 0], rest[0] / rest[0, 0]
        covariance = rest / count - np.outer(mean, mean)
        scale = np.sqrt(np.maximum(np.diag(covariance)[1:d], 1e-12))
        inputs = covariance[1:d, 1:d] / np.outer(scale, scale) + ridge * np.eye(d - 1)
        slopes = np.linalg.solve(inputs, covariance[1:d, d:] / scale[:, None]) / scale[:, None]
        weights = np.concatenate((mean[d:][None] - mean[1:d] @ slopes, slopes))  # (1 + D, Y)
        squares = np.diag(fold[d:, d:])
        left = squares - 2 * (weights * fold[:d, d:]).sum(0) + (weights * (fold[:d, :d] @ weights)).sum(0)
        found.append(1 - left / (squares - fold[0, d:] ** 2 / fold[0, 0]))
    return np.stack(found)


def _mean(x, mask) -> np.ndarray:
    """Over the real ones of (B, T, D): (B, D) float64."""
    real = mask[..., None]
    return (x.double().masked_fill(~real, 0).sum(1) / real.sum(1)).cpu().numpy()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folds", type=int, default=5, help="of the cross-validation")
    parser.add_argument("--ridge", type=float, default=0.01, help="the penalty, a jet")


def study_of(args: argparse.Namespace) -> Probes:
    return Probes(args.folds, args.ridge)
