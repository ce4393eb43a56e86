"""Means over a sample that goes by, with their standard errors. A jet is the unit: its particles are not independent.

Shapes: J jets; S the shape of the quantity, for instance (L, H).
"""

from dataclasses import dataclass

import numpy as np

from part.errors import PartError

Z95 = 1.959963984540054  # standard errors to each side of a mean that hold 95 % of a normal distribution


@dataclass(frozen=True, eq=False)
class Mean:
    """value, error (S): a mean and its standard error, nan of a single jet. jets (S): how many had the quantity."""

    value: np.ndarray
    error: np.ndarray
    jets: np.ndarray

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """95 %, as of a normal distribution."""
        return self.value - Z95 * self.error, self.value + Z95 * self.error


class Moments:
    """Counts, means and squared deviations of a quantity of shape S, merged block by block (Chan et al., 1983)."""

    def __init__(self, shape: tuple[int, ...] = ()):
        self.count, self._mean, self._squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def add(self, values: np.ndarray) -> None:
        """Values (J, S) of some jets; a jet that has no such quantity has nan."""
        values = np.asarray(values, np.float64)
        if values.shape[1:] != self.count.shape:
            raise PartError(f"Values of shape {values.shape[1:]} a jet; expected {self.count.shape}.")
        known = np.isfinite(values)
        count = known.sum(0)
        some = np.maximum(count, 1)
        mean = np.where(known, values, 0).sum(0) / some
        squares = np.where(known, values - mean, 0) ** 2
        total, shift = self.count + count, np.where(count > 0, mean - self._mean, 0)
        share = np.divide(count, total, out=np.zeros(total.shape), where=total > 0)
        self._mean = self._mean + shift * share
        self._squares = self._squares + squares.sum(0) + shift**2 * self.count * share
        self.count = total

    @property
    def result(self) -> Mean:
        mean = np.where(self.count > 0, self._mean, np.nan)
        spread = np.sqrt(
            np.divide(self._squares, self.count - 1, out=np.full(mean.shape, np.nan), where=self.count > 1)
        )
        error = np.divide(spread, np.sqrt(self.count), out=np.full(mean.shape, np.nan), where=self.count > 1)
        return Mean(mean, error, self.count.astype(int))
