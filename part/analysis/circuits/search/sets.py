"""The sets of heads that the last pass of a search measures, in one order for all jets.

Shapes: P samples, K the largest size, N random orders, G sizes of random sets, S heads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SIZES = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # of random sets


@dataclass(frozen=True, eq=False)
class MeasuredSets:
    """All sets that are measured.

    Parameters
    ----------
    orders : ndarray (P, K)
        The heads that each search found; the first s are its set of size s.
    n_heads : int
        S.
    n_random : int
        N, how many random orders there are beside them.
    seed : int
        Decides the random orders.

    Attributes
    ----------
    flags : ndarray (sets, S)
        Which heads are kept: in the whole model, in none; for each search in its sets of 1 to K heads, then in all but
        these; for each random order likewise, at G sizes.
    sample : ndarray (sets,)
        The sample whose jets a set is not measured on, since it was found there; -1 for the first two sets. Random
        sets are measured on the last sample alone, which is -2 here.
    """

    orders: np.ndarray
    n_heads: int
    n_random: int
    seed: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes (G,) of random sets."""
        most = self.orders.shape[1]
        return tuple(sorted({size for size in (*SIZES, most) if size <= most}))

    @property
    def flags(self) -> np.ndarray:
        random = np.random.default_rng(self.seed).permuted(np.tile(np.arange(self.n_heads), (self.n_random, 1)), axis=1)
        sets = [np.ones((1, self.n_heads), bool), np.zeros((1, self.n_heads), bool)]
        sets += [self._nested(order, range(1, len(order) + 1)) for order in self.orders]
        sets += [self._nested(order, self.sizes) for order in random]
        return np.concatenate(sets)

    @property
    def sample(self) -> np.ndarray:
        found = np.repeat(np.arange(len(self.orders)), 2 * self.orders.shape[1])
        return np.concatenate(([-1, -1], found, np.full(self.n_random * 2 * len(self.sizes), -2)))

    def is_measured_on(self, sample: int) -> np.ndarray:
        """Return which sets are measured on the jets of a sample."""
        own = self.sample
        return (own != sample) & ((own != -2) | (sample == len(self.orders) - 1))

    def found(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the values (..., P, K) of the sets that were found, kept alone and removed."""
        samples, most = self.orders.shape
        both = values[..., 2 : 2 + samples * 2 * most]
        split = both.reshape(*values.shape[:-1], samples, 2, most)
        return split[..., 0, :], split[..., 1, :]

    def random(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the values (..., N, G) of random sets, kept alone and removed."""
        samples, most = self.orders.shape
        split = values[..., 2 + samples * 2 * most :].reshape(*values.shape[:-1], self.n_random, 2, len(self.sizes))
        return split[..., 0, :], split[..., 1, :]

    def _nested(self, order: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
        kept = np.zeros((len(sizes), self.n_heads), bool)
        for row, size in zip(kept, sizes, strict=True):
            row[order[:size]] = True
        return np.concatenate((kept, ~kept))
