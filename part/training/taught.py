"""What a teacher says of the training jets, from a table that `python -m part predict` wrote: it is asked once a jet.

Shapes: J jets, C classes.
"""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from part.errors import PartError
from part.jets.schema import Dataset
from part.streaming import Span


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
        self._scores, self._entries = {}, {}
        for file in pc.unique(table["file"]).to_pylist():
            rows = table.filter(pc.equal(table["file"], file))
            entries, order = np.unique(rows["entry"].to_numpy(), return_index=True)
            place = _place(file)
            self._entries[place] = entries
            self._scores[place] = np.stack([rows[name].to_numpy() for name in names], 1).astype(np.float32)[order]

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
