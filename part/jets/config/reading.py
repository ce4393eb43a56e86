"""The reader of files as a data config says: any tree, any names, the entries that its selection keeps.

Shapes: J jets.
"""

import warnings
from collections.abc import Mapping, Sequence

import awkward as ak
import numpy as np

from part.jets.config.columns import read_branches
from part.jets.config.config import DataConfig
from part.jets.config.prepare import prepare
from part.jets.config.standardise import standardised
from part.jets.expressions.evaluation import variables
from part.jets.formats.opening import bounds, open_source
from part.jets.parton_branches import PARTONS, parton_columns, with_columns
from part.jets.schema import ENTRY


def read_prepared(
    path: str,
    config: DataConfig,
    start: int | None = None,
    stop: int | None = None,
    selection: str | None = None,
    with_partons: bool = True,
    strict: bool = True,
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
    with_partons : bool
        Whether the branches of partons are read, by their names in the file.
    strict : bool
        Whether truth that contradicts itself is an error: labels of several classes, or lists of partons of different
        lengths. Otherwise such a jet has no class, or no partons, and a notice says so.

    Returns
    -------
    ak.Array
        See `part.jets.config.prepare`, with `parton_*` and `aux_genpart_*` as `read_jets` returns them.

    Raises
    ------
    PartError
        If the file lacks a branch that the inputs need, or a variable cannot be computed.
    """
    config = standardised(config, [path])
    with open_source(path, config.tree) as source:
        first, last = bounds(path, start, stop, source.n_jets)
        needed, optional = branch_names(config, config.test_selection if selection is None else selection)
        columns = read_branches(path, source, config, needed, optional, first, last)
        names = [n for n in source.branches if with_partons and n.startswith(PARTONS) and "/" not in n]
        found = source.read(names, first, last) if names else {}
    jets = prepare(columns, config, first, path, selection, strict)
    jets = with_columns(jets, _of_kept(parton_columns(path, found, first, strict), ak.to_numpy(jets[ENTRY]) - first))
    _report(path, jets, config)
    return jets


def branch_names(config: DataConfig, selection: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the branches without which nothing can be read, and those that only truth, observers and roles need."""
    names = [name for collection in config.collections for name in collection.variables]
    needed = config.branches_of([*names, *(variables(selection) if selection else ())])
    truth = [name for expression in config.labels.expressions for name in variables(expression)]
    optional = config.branches_of([*truth, *config.observers, *config.roles.variables])
    return needed, tuple(name for name in optional if name not in needed)


def _of_kept(columns: Mapping[str, ak.Array], rows: np.ndarray) -> dict[str, ak.Array]:
    return {name: column[rows] for name, column in columns.items()}


def _report(path: str, jets: ak.Array, config: DataConfig) -> None:
    missing: Sequence[str] = [n for n in config.observers if n not in jets.fields or jets[n].ndim > 1]
    if missing:
        names = ", ".join(missing)
        warnings.warn(f"{path} has no {names} per jet, which {config.name} observes; left out.", stacklevel=3)
