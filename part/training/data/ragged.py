"""Jets in memory without padding, and the way from a file to them.

Shapes: J jets, P constituents of all jets, B jets of a batch, N particles, F features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from part.errors import PartError
from part.jets.features import JetBatch, make_flat, padded
from part.jets.readers import read_jets
from part.jets.schema import (ANGLES, JET_MOMENTUM, Dataset, FeatureSet)
from part.jets.streaming import Chunk, Span


@dataclass(frozen=True)
class PackedJets:
    """Jets without padding: x (P, F), v (P, 4) in GeV, first (J + 1,) offsets into them, y (J,) class indices.

    taught (J, C): probabilities by a teacher, if there is one.
    """

    x: Tensor
    v: Tensor
    first: Tensor
    y: Tensor
    taught: Tensor | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def lengths(self) -> np.ndarray:
        return self.first.diff().numpy()

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in (self.x, self.v, self.first, self.y))

    def batch(self, jets: Tensor) -> JetBatch:
        """The jets of these numbers (B,), wrapped around to the longest of them."""
        first, chosen = self.first.numpy(), jets.numpy()
        index, mask = padded(first[chosen], first[chosen + 1] - first[chosen])
        x, v = (torch.from_numpy(part.numpy().take(index, axis=0)) for part in (self.x, self.v))
        taught = None if self.taught is None else self.taught[jets]
        return JetBatch(x, v, torch.from_numpy(mask), self.y[jets], torch.zeros(len(jets), dtype=torch.int64), taught)

    def take(self, jets: np.ndarray) -> "PackedJets":
        """The jets of these numbers, in this order."""
        chosen = torch.from_numpy(jets)
        lengths = (self.first[1:] - self.first[:-1])[chosen]
        first = _offsets(lengths)
        index = torch.repeat_interleave(self.first[chosen] - first[:-1], lengths) + torch.arange(int(first[-1]))
        taught = None if self.taught is None else self.taught[chosen]
        return PackedJets(self.x[index], self.v[index], first, self.y[chosen], taught)


@dataclass(frozen=True)
class Drawn:
    """Some of many jets by their numbers (J,), so that they are copied once only, when they are put into a batch."""

    source: PackedJets
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, some: slice) -> "Drawn":
        return Drawn(self.source, self.numbers[some])

    @property
    def lengths(self) -> np.ndarray:
        return self.source.lengths[self.numbers]

    @property
    def jets(self) -> PackedJets:
        return self.source.take(self.numbers)

    def batch(self, jets: np.ndarray) -> JetBatch:
        """Of those drawn the ones at these places (B,)."""
        return self.source.batch(torch.from_numpy(self.numbers[jets]))


def join(parts: Sequence[Drawn]) -> Drawn:
    """One after the other; those of several sources are copied."""
    if len(parts) == 1:
        return parts[0]
    jets = concatenate([part.jets for part in parts])
    return Drawn(jets, np.arange(len(jets)))


def concatenate(parts: Sequence[PackedJets]) -> PackedJets:
    if len(parts) == 1:
        return parts[0]
    x, v, y = (torch.cat([getattr(part, name) for part in parts]) for name in ("x", "v", "y"))
    taught = None if parts[0].taught is None else torch.cat([part.taught for part in parts])
    return PackedJets(x, v, _offsets(torch.cat([part.first.diff() for part in parts])), y, taught)


def _offsets(lengths: Tensor) -> Tensor:
    return torch.cat((torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)))


def read_packed(span: Span, features: FeatureSet, dataset: Dataset) -> PackedJets:
    """The labelled jets of a stretch of a file. Raises PartError, also for jets without labels."""
    needed = {*features.branches, *ANGLES, *JET_MOMENTUM, *dataset.labels, "label"}
    chunk = Chunk(span, read_jets(span.path, span.start, span.stop, needed))
    with chunk.named():
        flat = make_flat(chunk.jets, features, dataset)
    if flat.y is None:
        raise PartError(f"{span.path} has no labels; training needs {', '.join(dataset.labels)}.")
    x, v, counts, y = (torch.from_numpy(array) for array in (flat.x, flat.v, flat.counts, flat.y))
    return PackedJets(x, v, _offsets(counts), y)
