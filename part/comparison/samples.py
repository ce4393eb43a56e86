"""The jets that models are compared on: in files of any size, or in memory.

Shapes: B jets of a batch, J jets of a sample.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import awkward as ak
import numpy as np

from part.inference.cluster import Cluster
from part.inference.tagger import Tagger
from part.jets.labels import labels
from part.jets.schema import Dataset
from part.jets.streaming import CHUNK, Chunk, EntryRange, chunks


@dataclass(frozen=True, eq=False)
class SampleBatch:
    """Some jets of a sample.

    Parameters
    ----------
    rows : ndarray (B,)
        The positions of the jets in the sample, from 0 on.
    jets : ak.Array
    labels : ndarray (B,) or None
        Class indices.
    columns : mapping of str to sequence
        Where each jet comes from, as columns of a table.
    error_context : callable
        Returns a context that adds the file to errors about the jets.
    probabilities : ndarray (M, B, C) or None
        Those of all models, where workers have predicted them; `jets` is empty then.
    """

    rows: np.ndarray
    jets: ak.Array
    labels: np.ndarray | None
    columns: Mapping[str, Sequence | np.ndarray] = field(default_factory=dict)
    error_context: Callable[[], AbstractContextManager[None]] = nullcontext
    probabilities: np.ndarray | None = None


class Sample(Protocol):
    """Jets that can be read several times, a batch at a time."""

    def __len__(self) -> int: ...

    def batches(self, size: int | None = None) -> Iterator[SampleBatch]:
        """Yield all jets, at most `size` at a time; the sample chooses the size if it is None."""


@dataclass(frozen=True, eq=False)
class FileSample:
    """Jets of files, which are read a chunk at a time and discarded.

    Parameters
    ----------
    ranges : sequence of EntryRange
    dataset : Dataset
        Whose classes the labels count.
    names : sequence of str
        Columns that batches have as well, see `part.jets.columns.read_column`.
    cluster : Cluster, optional
        Workers that read the jets and predict them with all models.
    """

    ranges: Sequence[EntryRange]
    dataset: Dataset
    names: Sequence[str] = ()
    cluster: Cluster | None = None

    def __len__(self) -> int:
        return sum(map(len, self.ranges))

    def batches(self, size: int | None = None) -> Iterator[SampleBatch]:
        if self.cluster is not None:
            yield from self._predicted(self.cluster)
            return
        first_row = 0
        for chunk in chunks(self.ranges):
            truth = chunk.labels(self.dataset)
            n, numbers = len(chunk.jets), chunk.numbers(self.names)
            for start in range(0, n, size or n):
                window = slice(start, min(start + (size or n), n))
                rows = np.arange(first_row + window.start, first_row + window.stop)
                columns = {name: values[window] for name, values in {**chunk.columns, **numbers}.items()}
                own = None if truth is None else truth[window]
                yield SampleBatch(rows, chunk.jets[window], own, columns, chunk.error_context)
            first_row += n

    def _predicted(self, cluster: Cluster) -> Iterator[SampleBatch]:
        first_row = 0
        function = partial(_predict_chunk, self.dataset, tuple(self.names))
        for _, (probabilities, truth, columns) in cluster.map_chunks(function, self.ranges):
            rows = np.arange(first_row, first_row + probabilities.shape[1])
            yield SampleBatch(rows, ak.Array([]), truth, columns, probabilities=probabilities)
            first_row += len(rows)


def _predict_chunk(
    dataset: Dataset, names: Sequence[str], taggers: Sequence[Tagger], chunk: Chunk
) -> tuple[np.ndarray, np.ndarray | None, dict[str, Any]]:
    """Return the probabilities (M, B, C), the labels (B,) and the columns of a chunk."""
    truth, columns = chunk.labels(dataset), {**chunk.columns, **chunk.numbers(names)}
    with chunk.error_context():
        return np.stack([tagger.predict(chunk.jets) for tagger in taggers]), truth, columns


@dataclass(frozen=True, eq=False)
class MemorySample:
    """Jets in memory."""

    jets: ak.Array
    dataset: Dataset

    def __len__(self) -> int:
        return len(self.jets)

    def batches(self, size: int | None = None) -> Iterator[SampleBatch]:
        truth, size = labels(self.jets, self.dataset), size or CHUNK
        for start in range(0, len(self), size):
            window = slice(start, min(start + size, len(self)))
            own = None if truth is None else truth[window]
            yield SampleBatch(np.arange(window.start, window.stop), self.jets[window], own)


def evenly_spaced(n: int, count: int) -> np.ndarray:
    """Return at most `count` different indices of n jets, evenly spaced from the first to the last."""
    return np.unique(np.linspace(0, n - 1, count).astype(int))
