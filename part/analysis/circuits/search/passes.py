"""What the passes of a search for a circuit collect of the jets.

Shapes: J jets, P samples of jets, S heads.
"""

from dataclasses import dataclass, field

import numpy as np

from part.analysis.circuits.search.jets_of_classes import Labelled
from part.analysis.intervention.reference import Reference
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.inference.tagger import Tagger


class Means:
    """The mean outputs of all heads, the same weight for both classes."""

    def __init__(self) -> None:
        self._references = [Reference(donors=0), Reference(donors=0)]

    def add(self, tagger: Tagger, jets: Labelled) -> None:
        for side, reference in enumerate(self._references):
            if len(own := jets[jets.side == side]):
                reference.add(CachedForward(tagger, own.jets, {HEAD_OUTPUT}), own.jets)

    def merge(self, other: "Means") -> None:
        for own, others in zip(self._references, other._references, strict=True):
            own.merge(others)

    @property
    def constants(self) -> dict:
        """The mean output (H, 1, d) of the heads of each block, by the name of the tap."""
        first, second = self._references
        return {name: (first.mean(name) + second.mean(name)) / 2 for name in first.names}


class Errors:
    """The squared distances from the whole model: of each sample's set, and with each tried head added or removed."""

    def __init__(self, n_samples: int, n_heads: int):
        self._sums = np.zeros((n_samples, 2, n_heads + 1))  # the last one is of the set itself
        self._counts = np.zeros((n_samples, 2))

    def add(self, sample: int, side: np.ndarray, tried: list[int], own: np.ndarray, flipped: np.ndarray) -> None:
        """Add squared distances (J,) and (A, J)."""
        for s in (0, 1):
            self._sums[sample, s, tried] += flipped[:, side == s].sum(1)
            self._sums[sample, s, -1] += own[side == s].sum()
            self._counts[sample, s] += (side == s).sum()

    def merge(self, other: "Errors") -> None:
        self._sums += other._sums
        self._counts += other._counts

    def of(self, sample: int) -> tuple[float, np.ndarray]:
        """Return the error of a sample's set, and with each head flipped (S,), the same weight for both classes."""
        mean = (self._sums[sample] / self._counts[sample, :, None]).mean(0)
        return float(mean[-1]), mean[:-1]


@dataclass
class Measured:
    """Differences of logits of the sets that were found, by jet."""

    hashes: list[np.ndarray] = field(default_factory=list)
    side: list[np.ndarray] = field(default_factory=list)
    sample: list[np.ndarray] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)

    def add(self, jets: Labelled, values: np.ndarray) -> None:
        """Add the differences (J, sets) of jets, NaN for sets that are not measured on them."""
        self.hashes.append(jets.hashes)
        self.side.append(jets.side)
        self.sample.append(jets.sample)
        self.values.append(values.astype(np.float32))

    def merge(self, other: "Measured") -> None:
        self.hashes += other.hashes
        self.side += other.side
        self.sample += other.sample
        self.values += other.values

    def sorted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return side and sample (J,) and values (J, sets), in an order that only the content of the jets decides."""
        order = np.argsort(np.concatenate(self.hashes), kind="stable")
        side, sample, values = (np.concatenate(lists)[order] for lists in (self.side, self.sample, self.values))
        return side, sample, values
