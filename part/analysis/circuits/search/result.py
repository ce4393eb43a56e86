"""The result of the study `circuit`.

Shapes: P samples, K the largest size, S heads, N random orders, G sizes of random sets.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from part.analysis.intervention.ablation import AblationTarget
from part.lazy import ShownInNotebooks

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
        What the other heads give.
    heads : tuple of AblationTarget (S,)
        All heads that were searched.
    grown, orders : ndarray (P, K)
        Places in `heads`: as they entered the growing set, and such that the first s are the set of size s that
        pruning left.
    sizes : tuple of int (G,)
        Sizes of the random sets.
    """

    model: str
    classes: tuple[str, str]
    replacement: str
    heads: tuple[AblationTarget, ...]
    grown: np.ndarray
    orders: np.ndarray
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Curve:
    """A number for each sample and size, with its 95 % interval (P, K)."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False)
class CircuitResult(ShownInNotebooks):
    """Sets of heads against random sets of as many, on jets on which they were not searched.

    Faithfulness is the difference of logits between the two classes that a set keeps: its mean over jets of the first
    class minus that over jets of the second, from 0 with all heads replaced to 1 with none. It may exceed 1.

    Attributes
    ----------
    searched : Searched
    kept, removed : Curve (P, K)
        Faithfulness with the set of each size alone, and with all heads but these.
    auc : Curve (P, K)
        The AUC of the difference of logits with the set alone.
    agreement : ndarray (P, K)
        One minus the mean squared distance of the set's differences of logits from those of the whole model, over that
        with all heads replaced: 1 where it says the same of each jet. The search makes this as large as it can.
    whole_auc : Curve (P, 1)
        The AUC of the whole model on the same jets.
    random_kept, random_removed, random_auc : ndarray (N, G)
        The same for random sets, on the jets of the last sample.
    lost, lost_error : ndarray (P, K, K)
        Faithfulness that the set of size s (axis 1) loses without its i-th head (axis 2), with its standard error; NaN
        beyond the set.
    total : ndarray (P, 2)
        The difference of logits between the classes, of the whole model and with all heads replaced.
    jets : ndarray (P,)
        How many jets of both classes each sample has.
    """

    searched: Searched
    kept: Curve
    removed: Curve
    auc: Curve
    agreement: np.ndarray
    whole_auc: Curve
    random_kept: np.ndarray
    random_removed: np.ndarray
    random_auc: np.ndarray
    lost: np.ndarray
    lost_error: np.ndarray
    total: np.ndarray
    jets: np.ndarray

    @property
    def largest(self) -> int:
        """K, the largest size."""
        return self.searched.orders.shape[1]

    def members(self, size: int, sample: int = 0) -> tuple[AblationTarget, ...]:
        """Return the set of a size that was found in a sample, its last survivor first."""
        return tuple(self.searched.heads[i] for i in self.searched.orders[sample, :size])

    def overlap(self, size: int) -> float:
        """Return the mean overlap of the sets of two samples: the heads in both over those in either."""
        sets = [set(order[:size].tolist()) for order in self.searched.orders]
        return float(np.mean([len(a & b) / len(a | b) for a, b in combinations(sets, 2)]))

    def overlap_by_chance(self, size: int) -> tuple[float, float]:
        """Return the mean overlap of two random sets of a size, and what 5 % of pairs reach at least."""
        n, shared = len(self.searched.heads), np.arange(size + 1)
        ways = np.array([comb(size, k) * comb(n - size, size - k) for k in shared], float)
        chance, overlap = ways / ways.sum(), shared / (2 * size - shared)
        at_least = chance[::-1].cumsum()[::-1]
        reached = overlap[np.flatnonzero(at_least <= 0.05)[:1]]
        return float(chance @ overlap), float(reached[0]) if len(reached) else 1.0

    def is_stable(self, size: int) -> bool:
        """Return whether the samples found much the same: half of the heads or more, and more than by chance."""
        overlap = self.overlap(size)
        return overlap >= STABLE and overlap >= self.overlap_by_chance(size)[1]

    def exceeded_by(self, size: int) -> float:
        """Return the p-value of the first sample's faithfulness among random sets of that size or the next smaller."""
        column = max(i for i, own in enumerate(self.searched.sizes) if own <= size)
        random = self.random_kept[:, column]
        return float((1 + (random >= self.kept.value[0, size - 1]).sum()) / (1 + len(random)))

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each size and sample: how good the set is, and which head is new in it."""
        rows = []
        for sample, order in enumerate(self.searched.orders):
            for size in range(1, self.largest + 1):
                row: dict[str, Any] = {"sample": sample + 1, "size": size}
                row["new_head"] = str(self.searched.heads[order[size - 1]])
                for name in ("kept", "removed", "auc"):
                    curve: Curve = getattr(self, name)
                    row |= {
                        f"{name}{end}": float(values[sample, size - 1])
                        for end, values in (("", curve.value), ("_low", curve.low), ("_high", curve.high))
                    }
                row["agreement"] = float(self.agreement[sample, size - 1])
                row |= {"overlap": self.overlap(size), "overlap_by_chance": self.overlap_by_chance(size)[0]}
                rows.append(row)
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of this class by name, curves as three, with the `heads` (S,), `grown` and `orders`."""
        arrays = {"heads": np.array([str(head) for head in self.searched.heads])}
        arrays |= {"grown": self.searched.grown, "orders": self.searched.orders}
        arrays |= {"sizes": np.array(self.searched.sizes), "jets": self.jets, "total": self.total}
        for name in ("kept", "removed", "auc", "whole_auc"):
            curve: Curve = getattr(self, name)
            arrays |= {name: curve.value, f"{name}_low": curve.low, f"{name}_high": curve.high}
        names = ("agreement", "random_kept", "random_removed", "random_auc", "lost", "lost_error")
        return arrays | {name: getattr(self, name) for name in names}
