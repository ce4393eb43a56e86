"""Pruning of a set of edges by exact measurement, from each size to the next smaller one.

The set is divided into groups of edges of like strength, single edges once there are no more than GROUPS. Each group is
taken out on its own, and those go that cost least for an edge. The error of a set is the mean squared distance, over
jets, of its difference of logits from that of the whole model, with the same weight for both classes.
Shapes: J jets, K the size of the set at first, G groups.
"""

import numpy as np

PRUNED_FROM = 256  # edges; pruning larger sets in groups found none that are better
GROUPS = 32


class Pruning:
    """A set that shrinks.

    Parameters
    ----------
    edges : ndarray (K,)
        The set at first, the strongest edge first.
    sizes : tuple of int
        The sizes that it goes through, K first. The members of the smallest set are ranked at last.
    """

    def __init__(self, edges: np.ndarray, sizes: tuple[int, ...]):
        self._edges, self._sizes, self._step = edges, sizes, 0
        self._removed: list[np.ndarray] = []
        self._start()

    def _start(self) -> None:
        self._groups = np.array_split(np.arange(len(self._edges)), min(GROUPS, len(self._edges)))
        self._sums = np.zeros((2, 1 + len(self._groups)))
        self._counts = np.zeros(2)

    @property
    def tried(self) -> list[np.ndarray]:
        """The sets to measure (1 + G): the present one, then without each group."""
        return [self._edges, *(np.delete(self._edges, group) for group in self._groups)]

    def add(self, side: np.ndarray, distances: np.ndarray) -> None:
        """Add the squared distances (1 + G, J) of jets of the classes `side` (J,)."""
        for s in (0, 1):
            self._sums[s] += distances[:, side == s].sum(1)
            self._counts[s] += (side == s).sum()

    @property
    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        return self._sums, self._counts

    def merge(self, sums: tuple[np.ndarray, np.ndarray]) -> None:
        self._sums += sums[0]
        self._counts += sums[1]

    def step(self) -> None:
        """Take out what costs least, down to the next size; what is left after the last one is ranked."""
        self._step += 1
        error = (self._sums / self._counts[:, None]).mean(0)
        lengths = np.array(list(map(len, self._groups)))
        cost = np.repeat((error[1:] - error[0]) / lengths, lengths)
        # Costs that differ by rounding alone, as those of edges that do nothing, are equal: strength then decides.
        ranked = self._edges[np.argsort(-np.round(cost / (np.abs(cost).max() or 1.0), 5), kind="stable")]
        size = self._sizes[self._step] if self._step < len(self._sizes) else 0
        self._removed.append(ranked[size:])
        # The rest keeps its order by strength, in which it is divided again.
        self._edges = self._edges[np.isin(self._edges, ranked[:size])]
        if size:
            self._start()

    @property
    def order(self) -> np.ndarray:
        """The edges (K,) such that the first s are the set of each of the sizes s."""
        return np.concatenate(list(reversed(self._removed)))
