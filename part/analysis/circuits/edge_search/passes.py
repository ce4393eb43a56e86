"""What the first passes of a search for edges collect: which jets are taken, and the scores of all edges.

Shapes: J jets, P samples, E edges.
"""

import numpy as np

from part.analysis.circuits.search.jets_of_classes import Labelled


class Keys:
    """The jets of the lowest hashes of each class in each sample, so that the order of the jets does not matter."""

    def __init__(self, n_samples: int, most: int):
        self._most = most
        self._keys: dict[tuple[int, int], list[int]] = {(p, side): [] for p in range(n_samples) for side in (0, 1)}

    def add(self, jets: Labelled) -> None:
        for place in self._keys:
            self._extend(place, jets.hashes[(jets.sample == place[0]) & (jets.side == place[1])].tolist())

    def merge(self, other: "Keys") -> None:
        for place, keys in other._keys.items():
            self._extend(place, keys)

    def are_among(self, jets: Labelled) -> np.ndarray:
        """Return which jets (J,) are among them."""
        return np.isin(jets.hashes, [key for keys in self._keys.values() for key in keys])

    def _extend(self, place: tuple[int, int], keys: list[int]) -> None:
        self._keys[place] = sorted([*self._keys[place], *keys])[: self._most]


class Scores:
    """The mean scores of all edges, of each sample and class."""

    def __init__(self, n_samples: int, n_edges: int):
        self._sums = np.zeros((n_samples, 2, n_edges))
        self._counts = np.zeros((n_samples, 2))

    def add(self, jets: Labelled, scores: np.ndarray) -> None:
        """Add scores (J, E)."""
        np.add.at(self._sums, (jets.sample, jets.side), scores)
        np.add.at(self._counts, (jets.sample, jets.side), 1)

    def merge(self, other: "Scores") -> None:
        self._sums += other._sums
        self._counts += other._counts

    @property
    def strengths(self) -> np.ndarray:
        """How much each edge does for the difference between the classes (P, E)."""
        means = self._sums / self._counts[..., None]
        return np.abs(means[:, 0] - means[:, 1])
