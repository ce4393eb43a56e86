"""The branches that some variables of a data config need, by the names that its expressions use."""

import re
from collections.abc import Sequence

import numpy as np

from part.errors import PartError
from part.jets.config.config import DataConfig
from part.jets.formats.source import Column, Source
from part.text import first_names

FOR_TRAINING = "aux_training_"  # what weaver-core 0.5 calls the column that is true in training
SHOWN = 8  # branches of a file that an error names


def read_branches(
    path: str,
    source: Source,
    config: DataConfig,
    needed: Sequence[str],
    optional: Sequence[str] = (),
    start: int = 0,
    stop: int | None = None,
    is_training: bool = False,
) -> dict[str, Column]:
    """Read branches for the entries [start, stop) of an open file.

    Parameters
    ----------
    path : str
        The file.
    source : Source
        The same file, open.
    config : DataConfig
        Its `branch_magic` says how branches are called in the file, its `file_magic` which columns the path decides.
    needed, optional : sequence of str
        Branches that have to be there, and those that are left out where they are not.
    start, stop : int, optional
        By default all entries.
    is_training : bool
        What the column `aux_training_` holds, which weaver-core 0.5 adds.

    Returns
    -------
    dict
        Columns of `stop - start` entries by the config's names, those that the path decides among them.

    Raises
    ------
    PartError
        If a needed branch is missing.
    """
    stop = source.n_jets if stop is None else stop
    stored = {name: stored_name(name, config) for name in (*needed, *optional)}
    constants: dict[str, float] = {FOR_TRAINING: is_training} | _constants(path, config)
    present = set(source.branches)
    if missing := [name for name in needed if stored[name] not in present and name not in constants]:
        count = f" ({len(missing)} such in all)" if len(missing) > 1 else ""
        raise PartError(
            f"{path}: branch {stored[missing[0]]} is missing{count}, which the data config {config.name} needs; the "
            f"file has {first_names(source.branches, SHOWN)}."
        )
    wanted = [name for name in stored if stored[name] in present]
    columns = source.read(list(dict.fromkeys(stored[name] for name in wanted)), start, stop)
    out: dict[str, Column] = {name: columns[stored[name]] for name in wanted}
    return out | {name: np.full(stop - start, value) for name, value in constants.items() if name in stored}


def stored_name(name: str, config: DataConfig) -> str:
    """Return the name that a branch has in the file."""
    for old, new in config.branch_magic:
        name = name.replace(old, new)
    return name


def _constants(path: str, config: DataConfig) -> dict[str, float]:
    """Return the columns that the path decides: the value of the first pattern that it holds, otherwise 0."""
    out = {}
    for name, patterns in config.file_magic:
        try:
            out[name] = next((value for pattern, value in patterns if re.search(pattern, path)), 0.0)
        except re.error as error:
            raise PartError(f"{config.name}: file_magic.{name}: {error}; expected a regular expression.") from None
    return out
