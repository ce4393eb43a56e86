"""Numbers of jets by name: every flat column of a file, observers of a data config, and what constituents add up to.

Shapes: J jets.
"""

import os
from collections.abc import Sequence
from difflib import get_close_matches

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets import kinematics
from part.jets.config.columns import read_branches, stored_name
from part.jets.config.config import DataConfig
from part.jets.config.per_jet import numbers_of_jets
from part.jets.config.variables import Variables
from part.jets.expressions.lists import Value
from part.jets.features import multiplicities
from part.jets.formats.opening import bounds, open_source
from part.jets.formats.source import Source
from part.jets.preprocessing import particles_only, require_branches
from part.jets.readers import read_jets
from part.jets.schema import ENTRY, MOMENTA

DERIVED = {
    "pt": "pT of all constituents [GeV]",
    "eta": "η of all constituents",
    "mass": "mass of all constituents [GeV]",
    "multiplicity": "number of constituents",
}
_UNITS = {"GeV": ("pt", "energy", "mass", "sdmass", "e")}  # last words of names whose unit the project's files share


def column_names(path: str | os.PathLike, config: DataConfig | None = None) -> tuple[str, ...]:
    """Return the names of all numbers that each jet of a file has, without reading any.

    Parameters
    ----------
    path : str or os.PathLike
        See `part.read_jets`.
    config : DataConfig, optional
        How the file is read; its observers count as well, and its tree is opened.

    Returns
    -------
    tuple of str
        First those of `DERIVED`, then observers, then the branches of the file with one number for each entry. Such
        a branch whose name is one of `DERIVED` takes its place.

    Raises
    ------
    PartError
        If the file cannot be opened.
    """
    with open_source(os.fspath(path), None if config is None else config.tree) as source:
        # ROOT counts the items of each jagged branch in one of its own.
        flat = tuple(name for name in source.flat() if not (name[0] == "n" and name[1:] in source.branches))
    if config is None:
        return tuple(dict.fromkeys((*DERIVED, *flat)))
    # An observer that is a branch counts only if it is flat; one that is computed is taken at its word.
    definitions = dict(config.definitions)
    observers = [name for name in config.observers if stored_name(name, config) in flat or name in definitions]
    return tuple(dict.fromkeys((*derived_names(config), *observers, *flat)))


def derived_names(config: DataConfig | None = None) -> tuple[str, ...]:
    """Return the names of `DERIVED` that jets have; a data config need not say the momenta of constituents."""
    if config is None or all(
        bool(collection.vectors) or set(MOMENTA) <= set(roles)
        for collection, roles in zip(config.collections, config.roles.constituents, strict=True)
    ):
        return tuple(DERIVED)
    return ("multiplicity",)


def column_title(name: str) -> str:
    """Return what an axis is called: the name, with the unit where it is known."""
    if name in DERIVED:
        return DERIVED[name]
    word = name.rpartition("_")[2].lower()
    units = [unit for unit, words in _UNITS.items() if word in words and name.startswith(("jet_", "genjet_"))]
    return f"{name} [{units[0]}]" if units else name


def read_column(
    path: str | os.PathLike,
    name: str,
    start: int | None = None,
    stop: int | None = None,
    config: DataConfig | None = None,
) -> np.ndarray:
    """Read one number for each entry of a file.

    Parameters
    ----------
    path : str or os.PathLike
        See `part.read_jets`.
    name : str
        One of `column_names`, or a new variable of the data config with one number for each jet.
    start, stop : int, optional
        The entries [start, stop) of the file; by default all.
    config : DataConfig, optional
        How the file is read. Its selection leaves no entry out here, except of what constituents add up to.

    Returns
    -------
    np.ndarray
        (J,) bool, int64, uint64 or float64, NaN where a number is missing. Only the branches that it is computed from
        are read.

    Raises
    ------
    PartError
        If there is no such column, or if it does not hold one number for each entry.
    """
    path = os.fspath(path)
    with open_source(path, None if config is None else config.tree) as source:
        first, last = bounds(path, start, stop, source.n_jets)
        is_derived = name in derived_names(config) and name not in source.flat()
        column = None if is_derived or config is None else _variable(path, source, name, first, last, config)
        if column is None and name in source.branches and not is_derived:
            column = Variables(source.read([name], first, last), {}, path)[name]
        if column is not None:
            return _plain_numbers(numbers_of_jets(column, f"{path}: column {name}"))
    if not is_derived:
        raise PartError(_unknown(path, name, config))
    jets = read_jets(path, first, last, branches=(), config=config)
    values = np.full(last - first, np.nan)
    values[jets[ENTRY].to_numpy() - first if ENTRY in jets.fields else slice(None)] = derived(jets, name)
    return values


def columns_of_jets(
    jets: ak.Array, names: Sequence[str], path: str, start: int, stop: int, config: DataConfig | None = None
) -> dict[str, np.ndarray]:
    """Return columns (J,) for jets that were read already.

    Parameters
    ----------
    jets : ak.Array
        All jets of the entries [start, stop) of a file, as `part.read_jets` returned them.
    names : sequence of str
        See `read_column`.
    path, start, stop, config
        Where the jets come from.

    Raises
    ------
    PartError
        See `read_column`.
    """
    if not names:
        return {}
    rows = jets[ENTRY].to_numpy() - start if ENTRY in jets.fields else np.arange(len(jets))
    with open_source(path, None if config is None else config.tree) as source:
        of_constituents = set(derived_names(config)) - set(source.flat())
    return {
        name: derived(jets, name) if name in of_constituents else read_column(path, name, start, stop, config)[rows]
        for name in names
    }


def derived(jets: ak.Array, name: str) -> np.ndarray:
    """Return one of `DERIVED` (J,) of jets: the multiplicity, or a quantity of the sum of their constituents.

    With a data config these are the particles that it keeps, without vertices, see `particles_only`.
    """
    if name == "multiplicity":
        return multiplicities(jets)
    require_branches(jets, MOMENTA)
    jets = particles_only(jets)
    p4 = [ak.values_astype(jets[component], np.float64) for component in MOMENTA]
    px, py, pz, energy = (ak.to_numpy(ak.sum(component, axis=1)) for component in p4)
    with np.errstate(divide="ignore", invalid="ignore"):
        match name:
            case "pt":
                return kinematics.pt(px, py)
            case "eta":
                return kinematics.eta(px, py, pz)
            case "mass":
                return np.sqrt(np.maximum(kinematics.m2(px, py, pz, energy), 0))
    raise ValueError(f"unknown quantity {name!r}; expected one of {', '.join(DERIVED)}")


def _variable(path: str, source: Source, name: str, start: int, stop: int, config: DataConfig) -> Value | None:
    """Return a variable of a data config, or None if it has none of this name that the file can give."""
    branches = config.branches_of([name])
    table = Variables(read_branches(path, source, config, (), branches, start, stop), dict(config.definitions), path)
    return table[name] if table.has(branches) and (branches or name in table) else None


def _plain_numbers(values: np.ndarray) -> np.ndarray:
    """Return numbers of the widest type of their kind, so that all files give a column the same type."""
    kinds = {"f": np.float64, "i": np.int64, "u": np.uint64 if values.dtype.itemsize == 8 else np.int64, "b": np.bool_}
    return values.astype(kinds[values.dtype.kind])


def _unknown(path: str, name: str, config: DataConfig | None) -> str:
    names = column_names(path, config)
    near = get_close_matches(name, names, 3, 0.5) or names[:8]
    return f"{path}: there is no column {name}; expected one number for each jet, such as {', '.join(near)}."
