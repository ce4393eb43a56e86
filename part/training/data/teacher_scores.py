"""The probabilities of a teacher for the training jets, from a table that `python -m part predict` wrote.

The teacher then runs once per jet, and not in every epoch. Shapes: J jets, C classes.
"""

import itertools
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from part.errors import PartError
from part.jets.schema import Dataset
from part.jets.streaming import EntryRange


class TeacherScores:
    """The probabilities of a table, by file and entry.

    Parameters
    ----------
    path : str
        The parquet table, or a folder of tables; the first row of a jet counts if there are several.
    dataset : Dataset
        The classes.

    Raises
    ------
    PartError
        If the table cannot be read, or has no scores of these classes.
    """

    def __init__(self, path: str, dataset: Dataset):
        self._path, self._n_classes = path, len(dataset.classes)
        names = [f"score_{name}" for name in dataset.classes]
        try:
            table = pq.read_table(path)
        except (OSError, ValueError):
            raise PartError(f"{path} is no complete parquet table; expected one that `part predict` wrote.") from None
        if missing := [name for name in ("file", "entry", *names) if name not in table.column_names]:
            raise PartError(f"{path} has no column {missing[0]}; expected the scores of a {dataset.name} model.")
        files = table["file"].combine_chunks().dictionary_encode()
        entry, file = table["entry"].to_numpy(), files.indices.to_numpy()
        order = np.lexsort((entry, file))
        order = order[np.diff(np.stack((file, entry))[:, order], prepend=-1).any(0)]  # the first row of each jet
        scores = np.stack([table[name].to_numpy() for name in names], 1).astype(np.float32)[order]
        edges = np.searchsorted(file[order], np.arange(len(files.dictionary) + 1))
        rows = [slice(*pair) for pair in itertools.pairwise(edges)]
        paths = [_resolve(name) for name in files.dictionary.to_pylist()]
        self._entries = {name: entry[order][own] for name, own in zip(paths, rows, strict=True)}
        self._scores = {name: scores[own] for name, own in zip(paths, rows, strict=True)}

    def probabilities(self, block: EntryRange, entries: np.ndarray | None = None) -> np.ndarray:
        """Return the probabilities (J, C) of some entries (J,) of a block, by default of all.

        Raises PartError if the table lacks one of them.
        """
        entries = np.arange(block.start, block.stop) if entries is None else entries
        path = _resolve(block.path)
        known = self._entries.get(path, np.empty(0, int))
        rows = np.searchsorted(known, entries)
        found = known[np.minimum(rows, len(known) - 1)] == entries if len(known) else np.zeros(len(entries), bool)
        if not found.all():
            raise PartError(f"{self._path} has no scores of all jets {block.start} to {block.stop} of {block.path}.")
        return self._scores[path][rows] if len(entries) else np.empty((0, self._n_classes), np.float32)


def _resolve(path: str) -> str:
    """Return a path or URL in a form that does not depend on how it is written."""
    return path if "://" in path else str(Path(path).resolve())
