"""The bootstrap of a streamed sample: in each draw a jet counts as often as a Poisson number of mean 1 says.

The numbers come from the content of the jet and a seed, so that draws depend neither on the order of the jets nor on
the batches, and no jet has to be kept.
Shapes: J jets, R draws, G groups of jets, S the shape of a quantity.
"""

import numpy as np

from part.analysis.statistics.bootstrap import LEVEL


def poisson_counts(hashes: np.ndarray, draws: int, seed: int = 0) -> np.ndarray:
    """Return how often each jet is in each draw (J, R), uint8, from a number for each jet (J,)."""
    return np.stack([np.random.default_rng((seed, int(h))).poisson(1.0, draws).astype(np.uint8) for h in hashes])


class DrawnMeans:
    """The mean of a quantity over the jets of each group in each draw, summed batch by batch."""

    def __init__(self, draws: int, groups: int, shape: tuple[int, ...]):
        self._shape, size = shape, int(np.prod(shape, dtype=int))
        self._sums, self._counts = np.zeros((2, draws, groups, size))

    def add(self, values: np.ndarray, groups: np.ndarray, counts: np.ndarray) -> None:
        """Add values (J, S), NaN for a jet without the quantity, of jets in groups (J, G), drawn (J, R) times."""
        flat = values.reshape(len(values), -1)
        finite = np.isfinite(flat)
        for g in range(groups.shape[1]):
            drawn = (counts * groups[:, g : g + 1]).T.astype(np.float64)
            self._sums[:, g] += drawn @ np.where(finite, flat, 0)
            self._counts[:, g] += drawn @ finite

    def merge(self, other: "DrawnMeans") -> None:
        """Add the sums of other jets."""
        self._sums += other._sums
        self._counts += other._counts

    @property
    def result(self) -> np.ndarray:
        """The means (R, G, S); NaN where a draw has no jet."""
        means = np.divide(self._sums, self._counts, out=np.full(self._sums.shape, np.nan), where=self._counts > 0)
        return means.reshape(*means.shape[:2], *self._shape)


def drawn_interval(replicas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the central interval (S) of replicas (R, S) that holds LEVEL of those that are numbers, or NaN."""
    tail = (1 - LEVEL) / 2
    has_any = np.isfinite(replicas).any(0)
    filled = np.where(has_any, replicas, 0.0)
    low, high = (np.nanquantile(filled, q, axis=0) for q in (tail, 1 - tail))
    return np.where(has_any, low, np.nan), np.where(has_any, high, np.nan)
