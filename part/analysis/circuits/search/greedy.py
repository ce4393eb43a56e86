"""The choices of a greedy search: which heads are tried next, and which one enters or leaves the set.

Shapes: S heads.
"""

import numpy as np

from part.errors import PartError

DIGITS = 6  # of a gain as a share of the error without heads; smaller differences are a tie, which the first head wins
ALL_TRIED = 2  # sizes of the set at which all heads are tried


class GreedySearch:
    """A set of heads that grows one by one to its largest size, and then shrinks one by one.

    The error of a set is the mean squared distance, over jets, of its difference of logits from that of the whole
    model. The head that enters is the one that lowers it most, and the one that leaves costs least. Where none lowers
    it, as with heads that work only together, the one enters without which the whole model errs most; the first step
    measures this. With all heads tried in each step this is the plain greedy search. Otherwise all are tried in the
    first steps, and from then on those that lowered the error most when they were last tried: a head is tried again as
    soon as it looks better than the others, which finds the same head wherever gains shrink as the set grows.

    Parameters
    ----------
    n_heads : int
        S.
    most : int
        The largest size.
    tried : int
        How many heads are tried in a step.

    Attributes
    ----------
    kept : list of int
        The heads in the set; while it grows, in the order in which they entered.
    grown : tuple of int
        The heads in the order in which they entered.
    removed : list of int
        The heads in the order in which they left.
    """

    def __init__(self, n_heads: int, most: int, tried: int):
        self._n_heads, self._most, self._n_tried = n_heads, most, tried
        self._gains = np.zeros(n_heads)
        self._losses: np.ndarray | None = None  # errors of the whole model without each head, the largest is 1
        self._scale: float | None = None  # the error without heads
        self.kept: list[int] = []
        self.grown: tuple[int, ...] = ()
        self.removed: list[int] = []

    @property
    def flags(self) -> np.ndarray:
        """Which heads (S,) are in the set; in the first step these are all."""
        if self._losses is None:
            return np.ones(self._n_heads, bool)
        flags = np.zeros(self._n_heads, bool)
        flags[self.kept] = True
        return flags

    @property
    def order(self) -> tuple[int, ...]:
        """The heads in the order of the sets that were found: the first s of them are the set of size s."""
        return (*self.kept, *reversed(self.removed))

    @property
    def is_growing(self) -> bool:
        return len(self.grown) < self._most

    @property
    def tried(self) -> list[int]:
        """The heads that the next step tries: to enter, or to leave."""
        if self._losses is None:
            return list(range(self._n_heads))
        if not self.is_growing:
            return sorted(self.kept)
        outside = [head for head in range(self._n_heads) if head not in self.kept]
        if len(self.kept) >= ALL_TRIED:
            losses = self._losses
            outside = sorted(outside, key=lambda head: (-self._gains[head], -losses[head]))[: self._n_tried]
        return sorted(outside)

    def step(self, own: float, flipped: np.ndarray) -> None:
        """Let a head enter or leave; the first step only measures.

        Parameters
        ----------
        own : float
            The error of the present set.
        flipped : ndarray (S,)
            The error with each of the tried heads added or removed.

        Raises
        ------
        PartError
            If no head matters.
        """
        if self._losses is None:
            self._losses = np.round(flipped / max(flipped.max(), np.finfo(float).tiny), DIGITS)
            return
        if self._scale is None:
            self._scale = own
        if not self._scale > 0:
            raise PartError("Without its heads the model says the same of these jets; there is no circuit to search.")
        tried = np.array(self.tried)
        gains = np.round((own - flipped[tried]) / self._scale, DIGITS)
        losses = self._losses[tried] if self.is_growing else np.zeros(len(tried))
        chosen = int(tried[np.lexsort((-losses, -gains))[0]])
        if self.is_growing:
            self._gains[tried] = gains
            self.kept.append(chosen)
            self.grown = tuple(self.kept)
        else:
            self.kept.remove(chosen)
            self.removed.append(chosen)
