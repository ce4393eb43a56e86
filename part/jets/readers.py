"""The readers of jets from files."""

import os
from collections.abc import Collection
from typing import TYPE_CHECKING

import awkward as ak

from part.errors import PartError
from part.jets.formats.opening import bounds, jet_objects, open_source, split_tree
from part.jets.formats.source import Column, Source
from part.jets.labels import LABEL_BRANCHES
from part.jets.notices import ENERGY_BELOW, UNUSABLE, WITHOUT_MOMENTUM, notify, say
from part.jets.parton_branches import GENERATED, PARTONS, parton_lists, with_columns
from part.jets.schema import CONSTITUENT_BRANCHES, ENTRY, JET_MOMENTUM, MOMENTA
from part.jets.unclear_labels import without_unclear_labels
from part.jets.units import notify_units
from part.jets.validation import CheckedJets, to_jets
from part.text import first_names

if TYPE_CHECKING:
    from part.jets.config.config import DataConfig

__all__ = ["cluster_boundaries", "count_jets", "jet_objects", "open_source", "read_jets", "split_tree"]

# Branches of these names must hold numbers; others are left out if they do not.
SCHEMA_BRANCHES = frozenset((*CONSTITUENT_BRANCHES, "part_pid", *JET_MOMENTUM, *LABEL_BRANCHES, "label"))
MAX_NAMED = 8


def read_jets(
    path: str | os.PathLike,
    start: int | None = None,
    stop: int | None = None,
    branches: Collection[str] | None = None,
    config: "str | os.PathLike | DataConfig | None" = None,
    strict: bool = True,
) -> ak.Array:
    """Read jets from a file.

    Parameters
    ----------
    path : str or os.PathLike
        A ROOT file (TTree or RNTuple), parquet, HDF5 (TopLandscape or arrays) or npz (QuarkGluon or arrays), also at a
        URL. Of several trees or tables the one with jets is read, or the one that "FILE:NAME" names.
    start, stop : int, optional
        The entries [start, stop) of the file; by default all. `stop` may lie beyond the last entry.
    branches : collection of str, optional
        Read only these branches and the four-momenta; by default all of JetClass's schema, `jet_*`, `aux_*` and
        `parton_*`. Particles before the detector, `genpart_*`, are read only if they are named here.
    config : str, os.PathLike or DataConfig, optional
        The data config of a training with weaver-core, which says what is read of the file and which jets it selects
        for prediction.
    strict : bool
        Whether an entry that cannot be a jet is an error. Otherwise it is left out with a warning that says how many
        there are and what is wrong with the first; the others then have a field `entry`, and none may be left.

    Returns
    -------
    ak.Array
        With a data config the jets that it selects, as `part.jets.config.prepare` describes them. Otherwise one record
        for each jet, with JetClass's branch names. Constituent branches `part_*` are jagged, hold all constituents in
        file order, and are in GeV and mm; `jet_*`, `label_*` and `aux_*` are flat, but those of partons are lists where
        the file has lists, see `part.jets.truth.partons`. Constituents whose momentum is zero
        are padding, and left out; if they have other values than zeros, a warning says how many there were. Missing
        values are NaN.

    Raises
    ------
    PartError
        If the file cannot be read, or if an entry cannot be a jet: one sentence with file, branch and entry. Only what
        is read is checked.
    """
    path = os.fspath(path)
    if config is not None:
        from part.jets.config.parsing import load_config
        from part.jets.config.reading import read_prepared

        return read_prepared(path, load_config(config), start, stop, strict=strict)
    with open_source(path) as source:
        first, last = bounds(path, start, stop, source.n_jets)
        names = _jet_branches(path, source, branches)
        if branches is not None:
            names = [name for name in names if name in branches or name in MOMENTA]
        columns = source.read(names, first, last)
    if source.remark:
        say(source.remark)
    lists = parton_lists(path, columns, first, strict)
    columns = {name: c for name, c in columns.items() if name in SCHEMA_BRANCHES or _is_flat_numbers(c)}
    checked = to_jets(path, columns, first, last, strict)
    _notify(path, first, checked)
    entries = first + checked.rows
    usable = checked.jets if strict else without_unclear_labels(checked.jets, path, entries)
    if not checked.reason:
        return with_columns(usable, lists)
    jets = with_columns(usable, {name: column[checked.rows] for name, column in lists.items()})
    return ak.with_field(jets, entries, ENTRY)


def _notify(path: str, first: int, checked: CheckedJets) -> None:
    """Say what was left out of the jets, and what was taken although it is unusual."""
    entries = first + checked.rows
    for text, numbers in ((WITHOUT_MOMENTUM, checked.n_left_out), (ENERGY_BELOW, checked.n_below)):
        notify(text, {(path, int(entries[jet])): int(numbers[jet]) for jet in numbers.nonzero()[0]})
    notify(UNUSABLE, [(path, first + int(row)) for row in checked.refused.nonzero()[0]], example=checked.reason)
    notify_units(path, checked.jets)


def count_jets(path: str | os.PathLike, config: "DataConfig | None" = None) -> int:
    """Return the number of jets in a file, without reading them.

    Parameters
    ----------
    path : str or os.PathLike
        See `read_jets`.
    config : DataConfig, optional
        Names the tree of ROOT files; its selection is not applied.

    Returns
    -------
    int

    Raises
    ------
    PartError
        If the file cannot be opened.
    """
    with open_source(os.fspath(path), None if config is None else config.tree) as source:
        return source.n_jets


def cluster_boundaries(path: str | os.PathLike, config: "DataConfig | None" = None) -> tuple[int, ...]:
    """Return the entries at which a file can be cut so that no jet is decompressed twice.

    Parameters
    ----------
    path : str or os.PathLike
        See `read_jets`.
    config : DataConfig, optional
        Names the tree of ROOT files.

    Returns
    -------
    tuple of int
        From 0 to the number of jets; empty where the format does not say.

    Raises
    ------
    PartError
        If the file cannot be opened.
    """
    with open_source(os.fspath(path), None if config is None else config.tree) as source:
        return source.cluster_boundaries


def _jet_branches(path: str, source: Source, requested: Collection[str] | None) -> list[str]:
    """Return the names of the branches that jets may have. Raises PartError without four-momenta."""
    for name in MOMENTA:
        if name not in source.branches:
            other = f", or {source.alternative}" if source.alternative else ""
            shown = first_names(source.branches, MAX_NAMED)
            raise PartError(
                f"{path}: branch {name} is missing (there are: {shown or 'none'}); expected {', '.join(MOMENTA)}{other}"
            )
    # A column of classes is left out where their branches are there too, or were made of it.
    known = SCHEMA_BRANCHES - {"label"} if LABEL_BRANCHES & set(source.branches) else SCHEMA_BRANCHES
    # The particles before the detector would take as long to read as the constituents.
    families = ("jet_", "aux_", *PARTONS, *(() if requested is None else (GENERATED,)))
    return [n for n in source.branches if n in known or (n.startswith(families) and "/" not in n)]


def _is_flat_numbers(column: Column) -> bool:
    array = ak.Array(column)
    kind = str(array.type.content).removeprefix("?")
    return array.ndim == 1 and kind.startswith(("float", "int", "uint", "bool"))
