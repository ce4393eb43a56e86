"""The sets that the last pass of a search measures, in one order for all jets.

Shapes: P samples, K the largest size, Z sizes of the sets that were found, L left-out members in all, N random orders,
G sizes of random sets, S members to choose from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

SIZES = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # of random sets


@dataclass(frozen=True, eq=False)
class MeasuredSets:
    """All sets that are measured.

    Parameters
    ----------
    orders : ndarray (P, K)
        The members that each search found; the first s are its set of size s.
    found_sizes : tuple of int (Z,)
        The sizes at which these are measured, the last one K.
    sizes : tuple of int (G,)
        The sizes of random sets, some of the same.
    random_orders : ndarray (N, K)
        As `orders`, at random.
    n_members : int
        S.
    left_out : tuple of ndarray, optional
        Of each size, which places in the order are left out in turn; by default all.

    Attributes
    ----------
    flags : ndarray (sets, S)
        Which members are kept: in the whole model, in none; for each search in its sets, then in all but these, then
        in its sets without each of their members; for each random order in its sets, then in all but these, then in its
        sets without their last member.
    sample : ndarray (sets,)
        The sample whose jets a set is not measured on, since it was found there; -1 for the first two sets. Random
        sets are measured on the last sample alone, which is -2 here.
    """

    orders: np.ndarray
    found_sizes: tuple[int, ...]
    sizes: tuple[int, ...]
    random_orders: np.ndarray
    n_members: int
    left_out: tuple[np.ndarray, ...] = ()

    @cached_property
    def flags(self) -> np.ndarray:
        sets = [np.ones((1, self.n_members), bool), np.zeros((1, self.n_members), bool)]
        for order in self.orders:
            kept = self._nested(order, self.found_sizes)
            sets += [kept, ~kept, self._without_each(order)]
        for order in self.random_orders:
            kept = self._nested(order, self.sizes)
            sets += [kept, ~kept, self._nested(order, [size - 1 for size in self.sizes])]
        return np.concatenate(sets)

    @property
    def sample(self) -> np.ndarray:
        found = np.repeat(np.arange(len(self.orders)), self._per_search)
        return np.concatenate(([-1, -1], found, np.full(len(self.random_orders) * 3 * len(self.sizes), -2)))

    def is_measured_on(self, sample: int) -> np.ndarray:
        """Return which sets are measured on the jets of a sample."""
        own = self.sample
        return (own != sample) & ((own != -2) | (sample == len(self.orders) - 1))

    def found(self, values: np.ndarray, search: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the values of a search's sets: kept alone (..., Z), removed (..., Z), and without a member (..., L).

        The last are those of the smallest set first, and in each set in the order of its members.
        """
        start, n = 2 + search * self._per_search, len(self.found_sizes)
        own = values[..., start : start + self._per_search]
        return own[..., :n], own[..., n : 2 * n], own[..., 2 * n :]

    def random(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the values (..., N, G) of random sets: kept alone, removed, and kept without their last member."""
        start, n = 2 + len(self.orders) * self._per_search, len(self.sizes)
        split = values[..., start:].reshape(*values.shape[:-1], len(self.random_orders), 3, n)
        return split[..., 0, :], split[..., 1, :], split[..., 2, :]

    @property
    def _per_search(self) -> int:
        return 2 * len(self.found_sizes) + sum(map(len, self.left_out_places))

    @property
    def left_out_places(self) -> tuple[np.ndarray, ...]:
        """Of each size, the places in the order that are left out in turn."""
        return self.left_out or tuple(np.arange(size) for size in self.found_sizes)

    def _nested(self, order: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
        kept = np.zeros((len(sizes), self.n_members), bool)
        for row, size in zip(kept, sizes, strict=True):
            row[order[:size]] = True
        return kept

    def _without_each(self, order: np.ndarray) -> np.ndarray:
        by_size = zip(self.found_sizes, self.left_out_places, strict=True)
        rows = [(size, order[place]) for size, places in by_size for place in places]
        kept = self._nested(order, [size for size, _ in rows])
        kept[np.arange(len(rows)), [left_out for _, left_out in rows]] = False
        return kept


def random_sizes(found_sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sizes (G,) of random sets beside sets of these sizes."""
    return tuple(size for size in found_sizes if size in SIZES or size == found_sizes[-1])


def random_orders(n_members: int, most: int, count: int, seed: int) -> np.ndarray:
    """Return so many random orders of members, of each the first ones (count, most)."""
    all_of_them = np.tile(np.arange(n_members), (count, 1))
    return np.random.default_rng(seed).permuted(all_of_them, axis=1)[:, :most]
