"""The reader of files as a data config says: any tree, any names, the entries that its selection keeps.

Shapes: J jets.
"""

import re
import warnings
from collections.abc import Sequence

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.config.config import DataConfig
from part.jets.config.prepare import prepare
from part.jets.config.standardise import standardised
from part.jets.expressions.evaluation import variables
from part.jets.formats.opening import bounds, open_source
from part.jets.formats.source import Column, Source


def read_prepared(
    path: str,
    config: DataConfig,
    start: int | None = None,
    stop: int | None = None,
    selection: str | None = None,
) -> ak.Array:
    """Read the jets of a file that a data config selects, with the inputs that it describes.

    Parameters
    ----------
    path : str
        A ROOT, parquet, HDF5 or npz file, also at a URL.
    config : DataConfig
    start, stop : int, optional
        The entries [start, stop) of the file to select from; by default all.
    selection : str, optional
        The expression that decides which jets are kept; by default the config's for prediction.

    Returns
    -------
    ak.Array
        See `part.jets.config.prepare`.

    Raises
    ------
    PartError
        If the file lacks a branch that the inputs need, or a variable cannot be computed.
    """
    config = standardised(config, [path])
    with open_source(path, config.tree) as source:
        first, last = bounds(path, start, stop, source.n_jets)
        columns = read_columns(path, source, config, first, last, selection)
    jets = prepare(columns, config, first, path, selection)
    _report(path, jets, config)
    return jets


def read_columns(
    path: str, source: Source, config: DataConfig, first: int, last: int, selection: str | None = None
) -> dict[str, Column]:
    """Return the branches that a config needs, by its names, for the entries [first, last)."""
    needed, optional = branch_names(config, config.test_selection if selection is None else selection)
    stored = {name: _decoded(name, config) for name in (*needed, *optional)}
    constants = _constants(path, config)
    present = set(source.branches)
    if missing := [name for name in needed if stored[name] not in present and name not in constants]:
        count = f" ({len(missing)} such in all)" if len(missing) > 1 else ""
        near = ", ".join(source.branches[:8])
        raise PartError(
            f"{path}: branch {stored[missing[0]]} is missing{count}, which {config.name} needs; the file has {near}"
            f"{', ...' if len(source.branches) > 8 else ''}."
        )
    wanted = [name for name in stored if stored[name] in present]
    columns = source.read(list(dict.fromkeys(stored[name] for name in wanted)), first, last)
    out: dict[str, Column] = {name: columns[stored[name]] for name in wanted}
    return out | {name: np.full(last - first, value) for name, value in constants.items()}


def branch_names(config: DataConfig, selection: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the branches without which nothing can be read, and those that only truth, observers and roles need."""
    names = [name for collection in config.collections for name in collection.variables]
    needed = config.branches_of([*names, *(variables(selection) if selection else ())])
    truth = [name for expression in config.labels.expressions for name in variables(expression)]
    optional = config.branches_of([*truth, *config.observers, *config.roles.variables])
    return needed, tuple(name for name in optional if name not in needed)


def _decoded(name: str, config: DataConfig) -> str:
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


def _report(path: str, jets: ak.Array, config: DataConfig) -> None:
    missing: Sequence[str] = [name for name in config.observers if name not in jets.fields]
    if missing:
        warnings.warn(f"{path} has no {', '.join(missing)}, which {config.name} observes; left out.", stacklevel=3)
