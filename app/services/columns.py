"""Columns of files of jets: names without reading, and each column when it is first chosen."""

import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import MAX_BROWSED, data_config, error_context, load_sample
from part.jets.columns import column_names, column_title, read_column
from part.jets.notices import gathered


@cached(max_entries=32)
def names(file: JetFile) -> tuple[str, ...]:
    """Return the names of the numbers that each jet of a file has. Raises PartError if it cannot be opened."""
    with error_context(file):
        return column_names(file.path, file.config)


@cached(max_entries=32, spinner="Reading the column …")
def values(file: JetFile, name: str) -> np.ndarray:
    """Return a column (J,) float64 for the entries of the file's sample. Raises PartError if it cannot be read."""
    stop = min(load_sample(file).total, MAX_BROWSED)
    with error_context(file), gathered(lambda _: None):  # load_sample keeps what there is to say
        return read_column(file.path, name, 0, stop, data_config(file)).astype(np.float64)


def title(name: str) -> str:
    """Return what a column is called, with its unit where that is known."""
    return column_title(name)
