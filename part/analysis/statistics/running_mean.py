"""Means over a streamed sample, with standard errors. Jets are the unit, since particles of a jet are correlated.

Shapes: J jets; S the shape of the quantity, for instance (L, H).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from part.errors import PartError

Z95 = 1.959963984540054  # half width of the central 95 % of a normal distribution, in standard deviations


@dataclass(frozen=True, eq=False)
class Mean:
    """A mean and its standard error (S), NaN for a single jet, and the number of jets that had the quantity (S)."""

    value: np.ndarray
    error: np.ndarray
    jets: np.ndarray

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The 95 % interval of a normal distribution."""
        return self.value - Z95 * self.error, self.value + Z95 * self.error


class RunningMean:
    """Counts, means and squared deviations of a quantity of shape S, merged batch by batch (Chan et al., 1983)."""

    def __init__(self, shape: tuple[int, ...] = ()):
        self.count, self._mean, self._squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def add(self, values: np.ndarray) -> None:
        """Add values (J, S) of some jets; NaN marks a jet without the quantity."""
        values = np.asarray(values, np.float64)
        if values.shape[1:] != self.count.shape:
            raise PartError(f"Values of shape {values.shape[1:]} per jet; expected {self.count.shape}.")
        finite = np.isfinite(values)
        count = finite.sum(0)
        mean = np.where(finite, values, 0).sum(0) / np.maximum(count, 1)
        squares = np.where(finite, values - mean, 0) ** 2
        self._combine(count, mean, squares.sum(0))

    def merge(self, other: "RunningMean") -> None:
        """Add the sums of other jets."""
        self._combine(other.count, other._mean, other._squares)

    def _combine(self, count: np.ndarray, mean: np.ndarray, squares: np.ndarray) -> None:
        total, shift = self.count + count, np.where(count > 0, mean - self._mean, 0)
        share = np.divide(count, total, out=np.zeros(total.shape), where=total > 0)
        self._mean = self._mean + shift * share
        self._squares = self._squares + squares + shift**2 * self.count * share
        self.count = total

    @property
    def result(self) -> Mean:
        mean = np.where(self.count > 0, self._mean, np.nan)
        spread = np.sqrt(
            np.divide(self._squares, self.count - 1, out=np.full(mean.shape, np.nan), where=self.count > 1)
        )
        error = np.divide(spread, np.sqrt(self.count), out=np.full(mean.shape, np.nan), where=self.count > 1)
        return Mean(mean, error, self.count.astype(int))


def merge_means(own: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    """Add the sums of other jets to those of the same name; what is no `RunningMean` stays as it is."""
    for name, running in own.items():
        if isinstance(running, RunningMean):
            running.merge(others[name])
