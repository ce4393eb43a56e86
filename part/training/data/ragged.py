"""Jets in memory without padding, read from a file and selected for batches.

Shapes: J jets, P constituents of all jets, B jets of a batch, N particles, F features, C classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.errors import PartError
from part.jets.config.labelled import WEIGHT, read_labelled
from part.jets.features import JetBatch, RaggedJets, make_ragged, padding_indices
from part.jets.labels import UNKNOWN
from part.jets.notices import gathered
from part.jets.readers import read_jets
from part.jets.schema import ANGLES, ENTRY, JET_MOMENTUM, MOMENTA, Dataset, FeatureSet
from part.jets.streaming import Chunk, EntryRange
from part.jets.usable import leave_out_unusable


@dataclass(frozen=True)
class DistillationBatch(JetBatch):
    """A JetBatch with the probabilities (B, C) that a teacher assigns to its jets."""

    teacher_probabilities: Tensor


@dataclass(frozen=True)
class JetTensors:
    """Jets as tensors without padding.

    Parameters
    ----------
    x : Tensor
        Inputs (P, F) of the constituents of all jets in a row.
    v : Tensor
        Their four-momenta (P, 4): px, py, pz, E in GeV.
    offsets : Tensor
        Where the jets begin in that row (J + 1,), and its end.
    y : Tensor
        Class indices (J,).
    teacher_probabilities : Tensor, optional
        The probabilities (J, C) that a teacher assigns to the jets.
    weights : Tensor, optional
        The probabilities (J,) with which a training takes the jets, where its data config says so.
    entries : Tensor, optional
        The places (J,) of the jets in their file, where some of its entries are left out.
    """

    x: Tensor
    v: Tensor
    offsets: Tensor
    y: Tensor
    teacher_probabilities: Tensor | None = None
    weights: Tensor | None = None
    entries: Tensor | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def lengths(self) -> np.ndarray:
        """The numbers of constituents (J,)."""
        return self.offsets.diff().numpy()

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in (self.x, self.v, self.offsets, self.y))

    def batch(self, jets: Tensor) -> JetBatch:
        """Return the jets with the given indices (B,), padded to the longest of them."""
        offsets, chosen = self.offsets.numpy(), jets.numpy()
        index, mask = padding_indices(offsets[chosen], offsets[chosen + 1] - offsets[chosen])
        x, v = (torch.from_numpy(rows.numpy().take(index, axis=0)) for rows in (self.x, self.v))
        n_truncated = torch.zeros(len(jets), dtype=torch.int64)
        batch = JetBatch(x, v, torch.from_numpy(mask), self.y[jets], n_truncated)
        if self.teacher_probabilities is None:
            return batch
        return DistillationBatch(**vars(batch), teacher_probabilities=self.teacher_probabilities[jets])

    def take(self, jets: np.ndarray) -> "JetTensors":
        """Return the jets with the given indices, in their order."""
        chosen = torch.from_numpy(jets)
        lengths = self.offsets.diff()[chosen]
        offsets = _offsets(lengths)
        shifts = self.offsets[chosen] - offsets[:-1]
        index = torch.repeat_interleave(shifts, lengths) + torch.arange(int(offsets[-1]))
        teacher_probabilities = None if self.teacher_probabilities is None else self.teacher_probabilities[chosen]
        return JetTensors(self.x[index], self.v[index], offsets, self.y[chosen], teacher_probabilities)


@dataclass(frozen=True)
class JetSelection:
    """Some jets of a larger block, by their indices (J,); they are copied only once, into a batch."""

    source: JetTensors
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, window: slice) -> "JetSelection":
        return JetSelection(self.source, self.indices[window])

    @property
    def lengths(self) -> np.ndarray:
        return self.source.lengths[self.indices]

    @property
    def jets(self) -> JetTensors:
        """The selected jets, copied."""
        return self.source.take(self.indices)

    def batch(self, jets: np.ndarray) -> JetBatch:
        """Return the jets at the given positions (B,) of the selection, padded to the longest of them."""
        return self.source.batch(torch.from_numpy(self.indices[jets]))


def join_selections(selections: Sequence[JetSelection]) -> JetSelection:
    """Return several selections as one; they are copied if there is more than one."""
    if len(selections) == 1:
        return selections[0]
    jets = concatenate([selection.jets for selection in selections])
    return JetSelection(jets, np.arange(len(jets)))


def concatenate(blocks: Sequence[JetTensors]) -> JetTensors:
    """Return the jets of several blocks in a row, without their entries."""
    if len(blocks) == 1:
        return blocks[0]
    x, v, y = (torch.cat([getattr(block, name) for block in blocks]) for name in ("x", "v", "y"))
    offsets = _offsets(torch.cat([block.offsets.diff() for block in blocks]))
    teacher = [block.teacher_probabilities for block in blocks if block.teacher_probabilities is not None]
    weights = [block.weights for block in blocks if block.weights is not None]
    return JetTensors(x, v, offsets, y, torch.cat(teacher) if teacher else None, torch.cat(weights) if weights else None)


def _offsets(lengths: Tensor) -> Tensor:
    return torch.cat((torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)))


def read_tensors(
    entries: EntryRange, features: FeatureSet, dataset: Dataset, is_training: bool = True
) -> JetTensors:
    """Read the labelled jets of a range of entries.

    Parameters
    ----------
    entries : EntryRange
        The file and the range.
    features : FeatureSet
        The inputs. Those of a data config come with its selection for training, which may leave no jet.
    dataset : Dataset
        The classes.
    is_training : bool
        Whether the jets train, which variables of a data config may depend on.

    Raises
    ------
    PartError
        If the file cannot be read, lacks a branch, or holds no labels. Jets that cannot be used are left out.
    """
    with gathered(counted=False):  # each block has other numbers, of which no end would be said
        if features.config is not None:
            return _read_selected(entries, features, dataset, is_training)
        needed = {*features.branches, *ANGLES, *JET_MOMENTUM, *dataset.labels, "label"}
        jets = read_jets(entries.path, entries.start, entries.stop, needed, strict=entries.strict)
        jets = leave_out_unusable(jets, [features], entries.path, entries.start)
        if not len(jets):
            return _no_tensors(features)
        with Chunk(entries, jets).error_context():
            ragged = make_ragged(jets, features, dataset)
    if ragged.y is None:
        raise PartError(f"{entries.path} has no labels; training needs {', '.join(dataset.labels)}.")
    if (ragged.y == UNKNOWN).any():
        jet = int(np.argmax(ragged.y == UNKNOWN))
        entry = int(jets[ENTRY][jet]) if ENTRY in jets.fields else entries.start + jet
        raise PartError(f"{entries.path}, entry {entry}: a jet of no class of {dataset.name}; training needs one.")
    tensors = _tensors(ragged, ragged.y)
    place = torch.from_numpy(ak.to_numpy(jets[ENTRY])) if ENTRY in jets.fields else None
    return tensors if place is None else replace(tensors, entries=place)


def _no_tensors(features: FeatureSet) -> JetTensors:
    x, v, y = torch.empty(0, len(features)), torch.empty(0, len(MOMENTA)), torch.empty(0, dtype=torch.int64)
    return JetTensors(x, v, _offsets(y), y, entries=y)


def _read_selected(entries: EntryRange, features: FeatureSet, dataset: Dataset, is_training: bool) -> JetTensors:
    assert features.config is not None, "only a data config selects"
    n_classes = len(dataset.labels)
    jets = read_labelled(entries.path, features.config, n_classes, entries.start, entries.stop, is_training)
    place = torch.from_numpy(ak.to_numpy(jets[ENTRY]))
    if not len(jets):
        tensors = _no_tensors(features)
    else:
        ragged = make_ragged(jets, features, dataset)
        assert ragged.y is not None, "such jets have a class"
        _check_finite(ragged, features, lambda jet: f"{entries.path}, entry {int(place[jet])}")
        tensors = _tensors(ragged, ragged.y)
    weights = torch.from_numpy(ak.to_numpy(jets[WEIGHT]).astype(np.float32)) if WEIGHT in jets.fields else None
    return replace(tensors, weights=weights, entries=place)


def _check_finite(ragged: RaggedJets, features: FeatureSet, where: Callable[[int], str]) -> None:
    """Raise PartError for an infinite input, which weaver-core keeps, and with which no training ends well."""
    for values in (ragged.x, ragged.v):
        if np.isfinite(values).all():
            continue
        row, column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
        jet = int(np.searchsorted(np.cumsum(ragged.counts), row, side="right"))
        name = features.features[column].name if values is ragged.x else f"component {column} of the vectors"
        raise PartError(f"{where(jet)}: {name} is {values[row, column]}; training needs finite numbers.")


def _tensors(ragged: RaggedJets, y: np.ndarray) -> JetTensors:
    x, v, counts, classes = (torch.from_numpy(array) for array in (ragged.x, ragged.v, ragged.counts, y))
    return JetTensors(x, v, _offsets(counts), classes)
