"""Which head of another model does what a head does: heads are matched by what they attend to on the same jets.

The similarity of two heads on a jet is the correlation of their attention over all pairs of particles, after the mean
over keys is taken off: 1 for the same attention, and 0 on average where one has its keys shuffled. The match of a head
is chosen on one half of the jets, and its similarity is that of the other half.
Shapes: J jets, R and S heads of the first and the other model, N particles.
"""

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np

from part.analysis.statistics.running_mean import Z95, RunningMean

LEVEL = 0.05  # of a false claim among all heads


@dataclass(frozen=True, eq=False)
class HeadMatching:
    """The heads of a model that are most like those of the first one.

    Parameters
    ----------
    first_shape, other_shape : tuple of int
        Layers and heads of each model.
    match : ndarray (R,)
        The most similar head of the other model, chosen on the first half of the jets; -1 if nothing is known.
    similarity, error : ndarray (R, S)
        The mean over the second half of the jets, and its standard error.
    shuffled_error : ndarray (R,)
        The standard deviation of the match's similarity where keys are shuffled, whose mean is 0.
    jets : int
        The number of jets in both halves.
    """

    first_shape: tuple[int, int]
    other_shape: tuple[int, int]
    match: np.ndarray
    similarity: np.ndarray
    error: np.ndarray
    shuffled_error: np.ndarray
    jets: int

    @cached_property
    def best(self) -> tuple[np.ndarray, np.ndarray]:
        """The similarity of each head's match (R,), and the half width of its 95 % interval."""
        return self._at(self.match)

    @cached_property
    def runner_up(self) -> np.ndarray:
        """The most similar head (R,) other than the match; -1 if there is none."""
        others = np.where(np.isfinite(self.similarity), self.similarity, -np.inf)
        others[np.arange(len(others)), self.match] = -np.inf
        return np.where(np.isfinite(others.max(1)) & (self.match >= 0), others.argmax(1), -1)

    @cached_property
    def is_like(self) -> np.ndarray:
        """Whether each head's match (R,) is more like it than shuffled keys, at 5 % for all heads together."""
        with np.errstate(invalid="ignore"):
            return self.best[0] > _deviations(len(self.match)) * self.shuffled_error

    @cached_property
    def is_distinct(self) -> np.ndarray:
        """Whether each head's match (R,) is also more like it than any other head, at 5 % for all heads together."""
        (value, half), (second, second_half) = self.best, self._at(self.runner_up)
        with np.errstate(invalid="ignore"):
            margin = _deviations(len(value)) / Z95 * np.hypot(half, second_half)
            return self.is_like & ((value - second > margin) | (self.runner_up < 0))

    @property
    def is_in_place(self) -> np.ndarray:
        """Whether each head's match (R,) has its own layer and number."""
        layer, head = np.divmod(np.arange(len(self.match)), self.first_shape[1])
        other_layer, other_head = np.divmod(self.match, self.other_shape[1])
        return (self.match >= 0) & (layer == other_layer) & (head == other_head)

    def _at(self, heads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the similarity to one head for each (R,), and the half width of its interval; NaN for -1."""
        rows = np.arange(len(heads))
        value, error = (np.where(heads < 0, np.nan, values[rows, heads]) for values in (self.similarity, self.error))
        return value, Z95 * error

    def place(self, head: int) -> tuple[int, int] | None:
        """Return layer and number, from 0, of a head of the other model; None for -1."""
        return None if head < 0 else divmod(int(head), self.other_shape[1])

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each head of the first model; layers and heads count from 1."""
        (value, half), (second, _) = self.best, self._at(self.runner_up)
        rows = []
        for r, (layer, head) in enumerate(np.ndindex(*self.first_shape)):
            row: dict[str, Any] = {"layer": layer + 1, "head": head + 1}
            row |= _place("match", self.place(self.match[r]))
            row |= {"similarity": _plain(value[r]), "half_width": _plain(half[r])}
            row |= {"shuffled_error": _plain(self.shuffled_error[r])}
            row |= _place("runner_up", self.place(self.runner_up[r])) | {"runner_up": _plain(second[r])}
            row |= {"is_like": bool(self.is_like[r]), "is_distinct": bool(self.is_distinct[r])}
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
            The attention of each model.
        mask : ndarray (J, N), bool
            True = real.
        half : ndarray (J,)
            In which half each jet is: 0 chooses the match, 1 measures it.
        """
        of_jets = [_similarity(a, b, int(n)) for a, b, n in zip(first, other, mask.sum(1), strict=True)]
        value, variance = (np.stack([pair[i] for pair in of_jets]) for i in range(2))
        inside = half[:, None, None, None] == np.arange(2)[:, None, None]
        self._similarity.add(np.where(inside, value[:, None], np.nan))
        self._variance.add(np.where(inside[:, 1], variance, np.nan))
        self._jets += len(value)

    def merge(self, other: "HeadMatcher") -> None:
        """Add the sums of other jets."""
        self._similarity.merge(other._similarity)
        self._variance.merge(other._variance)
        self._jets += other._jets

    def result(self) -> HeadMatching:
        mean, variance = self._similarity.result, self._variance.result
        chosen = np.where(np.isfinite(mean.value[0]), mean.value[0], -np.inf)
        match = np.where(np.isfinite(chosen).any(1), chosen.argmax(1), -1)
        with np.errstate(invalid="ignore", divide="ignore"):
            shuffled = np.sqrt(variance.value / variance.jets)[np.arange(len(match)), match]
        shuffled = np.where(match < 0, np.nan, shuffled)
        return HeadMatching(*self._shapes, match, mean.value[1], mean.error[1], shuffled, self._jets)


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
    """Return the attention between real particles (R, n, n) minus its mean over keys, in double precision."""
    rows = pattern.reshape(-1, *pattern.shape[-2:])[:, :n, :n].astype(np.float64)
    return rows - rows.mean(-1, keepdims=True)


def _deviations(comparisons: int) -> float:
    """Return the deviation that none of so many comparisons exceeds by chance with a probability of 1 - LEVEL."""
    return NormalDist().inv_cdf(1 - LEVEL / max(comparisons, 1))


def _place(name: str, place: tuple[int, int] | None) -> dict[str, int | None]:
    layer, head = (None, None) if place is None else (place[0] + 1, place[1] + 1)
    return {f"{name}_layer": layer, f"{name}_head": head}


def _plain(value: float) -> float | None:
    return float(f"{value:.5g}") if np.isfinite(value) else None
