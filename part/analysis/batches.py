"""The jets of a sample in batches of similar length, with their classes and the entries that they come from.

Shapes: J jets.
"""

from collections.abc import Iterable, Iterator

import awkward as ak
import numpy as np

from part.analysis.statistics.metrics import check_classes
from part.inference.tagger import Tagger
from part.jets.features import make_ragged, multiplicities
from part.jets.labels import UNKNOWN
from part.jets.schema import ENTRY
from part.jets.streaming import Chunk

Batch = tuple[ak.Array, np.ndarray | None]  # some jets and, where there are any, their class indices, -1 for none


def batches_of_chunks(tagger: Tagger, chunks: Iterable[Chunk], size: int) -> Iterator[Batch]:
    """Yield the jets of chunks, at most `size` at a time. Raises PartError for jets that the model cannot take."""
    for chunk in chunks:
        truth = chunk.labels(tagger.dataset)
        with chunk.error_context():
            # This reports bad jets here, where they still count as in the file.
            make_ragged(chunk.jets, tagger.features)
            jets = with_entries(chunk.jets, chunk.entries.start)
            if truth is not None:
                check_classes(truth, tagger.dataset, jets[ENTRY])
        yield from batches_by_length(jets, truth, size)


def count_unknown(truth: np.ndarray | None) -> int:
    """Return how many jets belong to no class."""
    return 0 if truth is None else int((truth == UNKNOWN).sum())


def with_entries(jets: ak.Array, start: int = 0) -> ak.Array:
    """Return jets with the `entry` that errors name once jets are in another order, counted from `start`."""
    return jets if ENTRY in jets.fields else ak.with_field(jets, np.arange(start, start + len(jets)), ENTRY)


def batches_by_length(jets: ak.Array, truth: np.ndarray | None, size: int) -> Iterable[Batch]:
    """Yield some jets at a time; jets of similar length share a batch, which saves padding."""
    order = np.argsort(-multiplicities(jets), kind="stable")
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        yield jets[rows], None if truth is None else truth[rows]
