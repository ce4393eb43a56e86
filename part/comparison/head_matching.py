"""Which head of another model does what a head does: heads are matched by what they attend to on the same jets.

The similarity of two heads on a jet is the correlation of their attention over all pairs of particles, after 1 / N is
taken off: 1 for the same attention, and 0 on average where one has its keys shuffled. The match of a head is chosen on
one half of the jets, and its similarity is that of the other half.
Shapes: J jets, R and S heads of the first and the other model, N particles.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from part.analysis.statistics.running_mean import Z95, RunningMean


@dataclass(frozen=True, eq=False)
class HeadMatching:
    """The similarities of the heads of two models.

    Parameters
    ----------
    first_shape, other_shape : tuple of int
        Layers and heads of each model.
    similarity, error : ndarray (2, R, S)
        The mean over jets in each half, and its standard error.
    shuffled_error : ndarray (R, S)
        The standard deviation of the mean of the second half where keys are shuffled, whose mean is 0.
    jets : int
        The number of jets.
    """

    first_shape: tuple[int, int]
    other_shape: tuple[int, int]
    similarity: np.ndarray
    error: np.ndarray
    shuffled_error: np.ndarray
    jets: int

    @property
    def match(self) -> np.ndarray:
        """The most similar head of the other model for each head (R,), chosen on the first half; -1 if unknown."""
        known = np.where(np.isfinite(self.similarity[0]), self.similarity[0], -np.inf)
        return np.where(np.isfinite(known).any(1), known.argmax(1), -1)

    def best(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the similarity of each head's match (R,) on the second half, and the half width of its interval."""
        rows, match = np.arange(len(self.match)), self.match
        value, error = (values[1][rows, match] for values in (self.similarity, self.error))
        return np.where(match < 0, np.nan, value), np.where(match < 0, np.nan, Z95 * error)

    def runner_up(self) -> np.ndarray:
        """Return the largest similarity (R,) of each head to any other head than its match, on the second half."""
        others = np.where(np.isfinite(self.similarity[1]), self.similarity[1], -np.inf)
        others[np.arange(len(others)), self.match] = -np.inf
        largest = others.max(1)
        return np.where(np.isfinite(largest), largest, np.nan)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each head of the first model; layers and heads count from 1."""
        value, half = self.best()
        runner_up, match = self.runner_up(), self.match
        rows = []
        for r, (layer, head) in enumerate(np.ndindex(*self.first_shape)):
            known = match[r] >= 0
            match_layer, match_head = divmod(int(match[r]), self.other_shape[1])
            row: dict[str, Any] = {"layer": layer + 1, "head": head + 1}
            row |= {"match_layer": match_layer + 1 if known else None, "match_head": match_head + 1 if known else None}
            row |= {"similarity": _plain(value[r]), "half_width": _plain(half[r]), "runner_up": _plain(runner_up[r])}
            row |= {"shuffled_error": _plain(self.shuffled_error[r, match[r]]) if known else None}
            rows.append(row)
        return rows


class HeadMatcher:
    """The sums over jets that become a `HeadMatching`.

    Parameters
    ----------
    first_shape, other_shape : tuple of int
        Layers and heads of each model.
    """

    def __init__(self, first_shape: tuple[int, int], other_shape: tuple[int, int]):
        self._shapes = first_shape, other_shape
        shape = (int(np.prod(first_shape)), int(np.prod(other_shape)))
        self._similarity, self._variance = RunningMean((2, *shape)), RunningMean(shape)
        self._jets = 0

    def add(self, first: np.ndarray, other: np.ndarray, mask: np.ndarray, half: np.ndarray) -> None:
        """Add jets.

        Parameters
        ----------
        first, other : ndarray (J, L, H, N, N)
            The attention of each model; rows are scaled to a sum of 1 over real keys.
        mask : ndarray (J, N), bool
            True = real.
        half : ndarray (J,)
            In which half each jet is, 0 or 1.
        """
        of_jets = [_similarity(a, b, int(n)) for a, b, n in zip(first, other, mask.sum(1), strict=True)]
        value, variance = (np.stack([pair[i] for pair in of_jets]) for i in range(2))
        inside = half[:, None, None, None] == np.arange(2)[:, None, None]
        self._similarity.add(np.where(inside, value[:, None], np.nan))
        self._variance.add(np.where(inside[:, 1], variance, np.nan))
        self._jets += len(value)

    def result(self) -> HeadMatching:
        mean, variance = self._similarity.result, self._variance.result
        with np.errstate(invalid="ignore", divide="ignore"):
            shuffled = np.sqrt(variance.value / variance.jets)
        return HeadMatching(*self._shapes, mean.value, mean.error, shuffled, self._jets)


def _similarity(first: np.ndarray, other: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the similarities (R, S) of one jet, and their variances where the keys of each query are shuffled."""
    a, b = (_centred(pattern, n) for pattern in (first, other))
    rows_a, rows_b = (np.square(x).sum(-1) for x in (a, b))  # (R, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt(np.outer(rows_a.sum(1), rows_b.sum(1)))
        scale[scale < 1e-12] = np.nan  # a uniform head is like none
        value = a.reshape(len(a), -1) @ b.reshape(len(b), -1).T / scale
        variance = rows_a @ rows_b.T / max(n - 1, 1) / scale**2
    return value, variance


def _centred(pattern: np.ndarray, n: int) -> np.ndarray:
    """Return attention (R, n, n) of real particles minus 1 / n, in double precision."""
    rows = pattern.reshape(-1, *pattern.shape[-2:])[:, :n, :n].astype(np.float64)
    total = rows.sum(-1, keepdims=True)
    return np.divide(rows, total, out=np.zeros_like(rows), where=total > 0) - 1 / n


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
