"""What a teacher says of the training jets, from a table that `python -m part predict` wrote: it is asked once a jet.

Shapes: J jets, C classes.
"""

import itertools
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from part.errors import PartError
from part.jets.schema import Dataset
from part.jets.streaming import Span


class Taught:
    """Probabilities by file and entry. Raises PartError for a table that holds no such thing."""

    def __init__(self, path: str, dataset: Dataset):
        self._path = path
        names = [f"score_{name}" for name in dataset.classes]
        try:
            table = pq.read_table(path)
        except (OSError, ValueError):
            raise PartError(f"{path} is no whole parquet table; expected one that `part predict` wrote.") from None
        if missing := [name for name in ("file", "entry", *names) if name not in table.column_names]:
            raise PartError(f"{path} has no column {missing[0]}; expected the scores of a {dataset.name} model.")
        files = table["file"].combine_chunks().dictionary_encode()
        entry, file = table["entry"].to_numpy(), files.indices.to_numpy()
        order = np.lexsort((entry, file))
        # Of a jet that is there twice, the first.
        order = order[np.diff(np.stack((file, entry))[:, order], prepend=-1).any(0)]
        scores = np.stack([table[name].to_numpy() for name in names], 1).astype(np.float32)[order]
        edges = np.searchsorted(file[order], np.arange(len(files.dictionary) + 1))
        pieces = [slice(*pair) for pair in itertools.pairwise(edges)]
        places = [_place(name) for name in files.dictionary.to_pylist()]
        self._entries = {place: entry[order][piece] for place, piece in zip(places, pieces, strict=True)}
        self._scores = {place: scores[piece] for place, piece in zip(places, pieces, strict=True)}

    def of(self, span: Span) -> np.ndarray:
        """Of the jets of a stretch of a file (J, C). Raises PartError where the table has none."""
        entries = self._entries.get(_place(span.path), np.empty(0, int))
        first = int(np.searchsorted(entries, span.start))
        if not np.array_equal(entries[first : first + len(span)], np.arange(span.start, span.stop)):
            raise PartError(f"{self._path} has no scores of all jets {span.start} to {span.stop} of {span.path}.")
        return self._scores[_place(span.path)][first : first + len(span)]


def _place(path: str) -> str:
    """The same for all ways to write it."""
    return path if "://" in path else str(Path(path).resolve())
