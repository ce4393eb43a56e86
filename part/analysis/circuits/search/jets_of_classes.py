"""The jets that a search takes: those of two classes, divided into samples, and the corrupted jet of each.

Shapes: J jets, P samples of jets.
"""

from dataclasses import dataclass, replace

import awkward as ak
import numpy as np

from part.analysis.circuits.corruptions import Corruption
from part.analysis.circuits.pairs import Donors, Pairs, make_pairs
from part.jets.class_groups import ClassGroup
from part.jets.hashing import jet_hashes
from part.jets.schema import Dataset


@dataclass(frozen=True, eq=False)
class Labelled:
    """Some jets of the two classes.

    Attributes
    ----------
    jets : ak.Array (J,)
    hashes : ndarray (J,)
        See `jet_hashes`.
    side : ndarray (J,)
        0 for the class, 1 for the one that it is compared with.
    sample : ndarray (J,)
        Which of the P samples each jet belongs to.
    pairs : Pairs, optional
        The jets with the corrupted jet of each.
    """

    jets: ak.Array
    hashes: np.ndarray
    side: np.ndarray
    sample: np.ndarray
    pairs: Pairs | None = None

    def __getitem__(self, rows: np.ndarray) -> "Labelled":
        pairs = self.pairs
        if pairs is not None:
            pairs = Pairs(pairs.clean[rows], pairs.corrupted[rows], pairs.by_rank)
        return Labelled(self.jets[rows], self.hashes[rows], self.side[rows], self.sample[rows], pairs)

    def __len__(self) -> int:
        return len(self.jets)


def of_two_classes(
    jets: ak.Array, labels: np.ndarray, contrast: tuple[ClassGroup, ClassGroup], n_samples: int
) -> Labelled:
    """Return those of J jets that are of either class. The content of a jet decides which sample it belongs to."""
    side = np.full(len(jets), -1)
    for s, group in enumerate(contrast):
        side[np.isin(labels, group.members)] = s
    hashes = jet_hashes(jets)
    return Labelled(jets, hashes, side, hashes // 1000 % n_samples)[side >= 0]


def concatenate(some: list[Labelled]) -> Labelled | None:
    """Return all of some jets together, which have no pairs yet; None if there are none."""
    if not some:
        return None
    hashes, side, sample = (
        np.concatenate([getattr(jets, name) for jets in some]) for name in ("hashes", "side", "sample")
    )
    return Labelled(ak.concatenate([jets.jets for jets in some]), hashes, side, sample)


class Partners:
    """How many jets each sample has of either class, and jets that corrupt those of the other class.

    A jet is corrupted by one of its own sample, so that jets on which a set is measured have no part in its search.
    """

    def __init__(self, dataset: Dataset, contrast: tuple[ClassGroup, ClassGroup], n_samples: int):
        self.counts = np.zeros((n_samples, 2), int)
        others = [dataset.classes[group.members[0]] for group in reversed(contrast)]  # any class of a group serves
        places = [(sample, side) for sample in range(n_samples) for side in (0, 1)]
        self._donors = {place: Donors(dataset, others[place[1]]) for place in places}

    def add(self, jets: Labelled, as_donors: bool) -> None:
        np.add.at(self.counts, (jets.sample, jets.side), 1)
        if not as_donors:
            return
        for (sample, side), donors in self._donors.items():
            rows = np.flatnonzero((jets.sample == sample) & (jets.side == 1 - side))
            donors.merge([(int(jets.hashes[i]), jets.jets[i : i + 1]) for i in rows])

    def merge(self, other: "Partners") -> None:
        self.counts += other.counts
        for place, donors in self._donors.items():
            donors.merge(other._donors[place].sums)

    def paired(self, jets: Labelled, corruption: Corruption) -> Labelled:
        """Return the jets with the corrupted jet of each."""
        rows, clean, corrupted = [], [], []
        for (sample, side), donors in self._donors.items():
            if len(own := np.flatnonzero((jets.sample == sample) & (jets.side == side))):
                rows.append(own)
                pairs = make_pairs(jets.jets[own], corruption, donors)
                clean.append(pairs.clean)
                corrupted.append(pairs.corrupted)
        order = np.argsort(np.concatenate(rows))
        in_order = Pairs(ak.concatenate(clean)[order], ak.concatenate(corrupted)[order], corruption.by_rank)
        return replace(jets, jets=in_order.clean, pairs=in_order)
