"""The result of the studies `circuit` and `edge_circuit`.

Shapes: P samples, K the largest size, Z sizes of found sets, S members, N random orders, G sizes of random sets.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from part.lazy import ShownInNotebooks

CURVES = ("kept", "removed", "auc", "least_lost", "mean_lost")
LISTED = 4  # names in a cell of the table
STABLE = 0.5  # mean overlap of the sets of two samples from which on they are called stable


@dataclass(frozen=True, eq=False)
class Searched:
    """What was searched and found.

    Attributes
    ----------
    model : str
    classes : tuple of str
        The class or group, and the one that it is compared with.
    replacement : str
        What all others carry, in words: "their mean", "zero", or what the corrupted jet is.
    members : sequence (S,) of AblationTarget, or of Edge
        All heads that were searched; of edges only those that are in a set.
    n_members : int
        How many heads or edges were searched.
    grown, orders : ndarray (P, K)
        Places in `members`: as they entered the growing set, and such that the first s are the set of size s that
        pruning left.
    found_sizes, sizes : tuple of int (Z,), (G,)
        Sizes at which the sets were measured, and those of the random sets.
    """

    model: str
    classes: tuple[str, str]
    replacement: str
    members: Any
    n_members: int
    grown: np.ndarray
    orders: np.ndarray
    found_sizes: tuple[int, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Curve:
    """Numbers with their 95 % intervals, by default one for each sample and size (P, Z)."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False)
class CircuitResult(ShownInNotebooks):
    """Sets of heads or edges against random sets of as many, on jets on which they were not searched.

    Faithfulness is the difference of logits between the two classes that a set keeps: its mean over jets of the first
    class minus that over jets of the second, from 0 with all members replaced to 1 with none. It may exceed 1.

    Attributes
    ----------
    searched : Searched
    kept, removed : Curve (P, Z)
        Faithfulness with the set of each size alone, and with all members but these.
    auc : Curve (P, Z)
        The AUC of the difference of logits with the set alone.
    agreement : ndarray (P, Z)
        One minus the mean squared distance of the set's differences of logits from those of the whole model, over that
        with all members replaced: 1 where it says the same of each jet. A search makes this as large as it can.
    whole_auc : Curve (P, 1)
        The AUC of the whole model on the same jets.
    lost : Curve (P, Z, L)
        Faithfulness that the set of each size loses without its i-th member (axis 2), or that of `left_out`; NaN beyond
        the set.
    least_lost, mean_lost : Curve (P, Z)
        The smallest of these losses, with the interval of that member's loss, and their mean.
    random_kept, random_removed, random_auc : ndarray (N, G)
        The same for random sets, on the jets of the last sample.
    random_lost : ndarray (N, G)
        Faithfulness that a random set loses without a random one of its members.
    total : ndarray (P, 2)
        The difference of logits between the classes, of the whole model and with all members replaced.
    jets : ndarray (P,)
        How many jets of both classes each sample has.
    left_out : ndarray (Z, L), optional
        Which members of each set were left out in turn, by their places in its order, -1 beyond them; None for all.
    """

    searched: Searched
    kept: Curve
    removed: Curve
    auc: Curve
    agreement: np.ndarray
    whole_auc: Curve
    lost: Curve
    least_lost: Curve
    mean_lost: Curve
    random_kept: np.ndarray
    random_removed: np.ndarray
    random_auc: np.ndarray
    random_lost: np.ndarray
    total: np.ndarray
    jets: np.ndarray
    left_out: np.ndarray | None = None

    @property
    def largest(self) -> int:
        """K, the largest size."""
        return self.searched.orders.shape[1]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the sets that were found (Z,)."""
        return self.searched.found_sizes

    def place(self, size: int) -> int:
        """Return the place of a size in the curves, that of the next smaller one if it was not measured."""
        return max(i for i, own in enumerate(self.sizes) if own <= max(size, self.sizes[0]))

    def members(self, size: int, sample: int = 0) -> tuple[Any, ...]:
        """Return the set of a size that was found in a sample, its last survivor first."""
        return tuple(self.searched.members[i] for i in self.searched.orders[sample, :size])

    def places_left_out(self, size: int) -> np.ndarray:
        """Return the places in the order of the members of a set that were left out in turn."""
        if self.left_out is None:
            return np.arange(size)
        own = self.left_out[self.place(size)]
        return own[own >= 0]

    def overlap(self, size: int) -> float:
        """Return the mean overlap of the sets of two samples: the members in both over those in either."""
        sets = [set(order[:size].tolist()) for order in self.searched.orders]
        return float(np.mean([len(a & b) / len(a | b) for a, b in combinations(sets, 2)]))

    def overlap_by_chance(self, size: int) -> tuple[float, float]:
        """Return the mean overlap of two random sets of a size, and what 5 % of pairs reach at least."""
        n, shared = self.searched.n_members, np.arange(size + 1)
        ln_factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))
        possible = shared[2 * size - shared <= n]  # two sets of more than half of all members share some
        ways = -ln_factorial[possible] - 2 * ln_factorial[size - possible] - ln_factorial[n - 2 * size + possible]
        chance = np.zeros(size + 1)
        chance[possible] = np.exp(ways - ways.max())
        chance, overlap = chance / chance.sum(), shared / (2 * size - shared)
        at_least = chance[::-1].cumsum()[::-1]
        reached = overlap[np.flatnonzero(at_least <= 0.05)[:1]]
        return float(chance @ overlap), float(reached[0]) if len(reached) else 1.0

    def is_stable(self, size: int) -> bool:
        """Return whether the samples found much the same: half of the members or more, and more than by chance."""
        overlap = self.overlap(size)
        return overlap >= STABLE and overlap >= self.overlap_by_chance(size)[1]

    def exceeded_by(self, size: int) -> float:
        """Return the p-value of the first sample's faithfulness among random sets of that size or the next smaller."""
        column = max(i for i, own in enumerate(self.searched.sizes) if own <= size)
        random = self.random_kept[:, column]
        return float((1 + (random >= self.kept.value[0, self.place(size)]).sum()) / (1 + len(random)))

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each size and sample: how good the set is, and what is in it that a smaller one lacks."""
        rows = []
        for sample in range(len(self.searched.orders)):
            for i, size in enumerate(self.sizes):
                smaller = self.sizes[i - 1] if i else 0
                row: dict[str, Any] = {"sample": sample + 1, "size": size}
                row["new"] = _listed(self.members(size, sample)[smaller:])
                for name in CURVES:
                    curve: Curve = getattr(self, name)
                    row |= {
                        f"{name}{end}": float(values[sample, i])
                        for end, values in (("", curve.value), ("_low", curve.low), ("_high", curve.high))
                    }
                row["agreement"] = float(self.agreement[sample, i])
                row |= {"overlap": self.overlap(size), "overlap_by_chance": self.overlap_by_chance(size)[0]}
                rows.append(row)
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of this class by name, curves as three, with the `members` (S,), `grown` and `orders`."""
        arrays = {"members": np.array([str(member) for member in self.searched.members])}
        arrays |= {"grown": self.searched.grown, "orders": self.searched.orders}
        arrays |= {"found_sizes": np.array(self.sizes), "sizes": np.array(self.searched.sizes)}
        arrays |= {"jets": self.jets, "total": self.total}
        for name in (*CURVES, "whole_auc", "lost"):
            curve: Curve = getattr(self, name)
            arrays |= {name: curve.value, f"{name}_low": curve.low, f"{name}_high": curve.high}
        names = ("agreement", "random_kept", "random_removed", "random_auc", "random_lost")
        return arrays | {name: getattr(self, name) for name in names}


def _listed(members: tuple[Any, ...]) -> str:
    """Return the names of some members, the first LISTED of many; `arrays` has all."""
    more = f"; and {len(members) - LISTED} more" if len(members) > LISTED else ""
    return "; ".join(map(str, members[:LISTED])) + more
