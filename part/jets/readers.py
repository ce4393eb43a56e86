"""The readers of jets from files, whose content, not their name, decides how they are read."""

import os
from collections.abc import Callable, Collection, Generator
from contextlib import AbstractContextManager, contextmanager

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.formats.hdf5 import open_hdf5
from part.jets.formats.npz import open_npz
from part.jets.formats.parquet import open_parquet
from part.jets.formats.root import open_root
from part.jets.formats.source import Column, Source
from part.jets.labels import LABEL_BRANCHES
from part.jets.schema import CONSTITUENT_BRANCHES, JET_MOMENTUM, MOMENTA
from part.jets.validation import to_jets

_Opener = Callable[[str], AbstractContextManager[Source]]
FORMATS: tuple[tuple[bytes, str, _Opener], ...] = (  # the first bytes of a file, the name of its format, the opener
    (b"root", "ROOT", open_root),
    (b"PAR1", "parquet", open_parquet),
    (b"\x89HDF\r\n\x1a\n", "HDF5", open_hdf5),
    (b"PK", "npz", open_npz),
)
# Branches of these names must hold numbers; others are left out if they do not.
SCHEMA_BRANCHES = frozenset((*CONSTITUENT_BRANCHES, "part_pid", *JET_MOMENTUM, *LABEL_BRANCHES, "label"))


def read_jets(
    path: str | os.PathLike,
    start: int | None = None,
    stop: int | None = None,
    branches: Collection[str] | None = None,
) -> ak.Array:
    """Read jets from a file.

    Parameters
    ----------
    path : str or os.PathLike
        A ROOT file (TTree or RNTuple, also at a URL), parquet, HDF5 (TopLandscape) or npz (QuarkGluon).
    start, stop : int, optional
        The entries [start, stop) of the file; by default all. `stop` may lie beyond the last entry.
    branches : collection of str, optional
        Read only these branches and the four-momenta; by default all of JetClass's schema, and `jet_*` and `aux_*`.

    Returns
    -------
    ak.Array
        One record for each jet, with JetClass's branch names. Constituent branches `part_*` are jagged, hold all
        constituents in file order, and are in GeV and mm; `jet_*`, `label_*` and `aux_*` are flat.

    Raises
    ------
    PartError
        If the file cannot be read, or if an entry cannot be a jet: one sentence with file, branch and entry. Only what
        is read is checked.
    """
    path = os.fspath(path)
    with _open(path) as source:
        first, last = _bounds(path, start, stop, source.n_jets)
        for name in MOMENTA:
            if name not in source.branches:
                raise PartError(f"{path}: branch {name} is missing; expected {', '.join(MOMENTA)}")
        names = [n for n in source.branches if n in SCHEMA_BRANCHES or n.startswith(("jet_", "aux_"))]
        if branches is not None:
            names = [name for name in names if name in branches or name in MOMENTA]
        columns = source.read(names, first, last)
    columns = {name: c for name, c in columns.items() if name in SCHEMA_BRANCHES or _is_flat_numbers(c)}
    return to_jets(path, columns, first, last)


def count_jets(path: str | os.PathLike) -> int:
    """Return the number of jets in a file, without reading them.

    Parameters
    ----------
    path : str or os.PathLike
        See `read_jets`.

    Returns
    -------
    int

    Raises
    ------
    PartError
        If the file cannot be opened.
    """
    path = os.fspath(path)
    with _open(path) as source:
        return source.n_jets


def cluster_boundaries(path: str | os.PathLike) -> tuple[int, ...]:
    """Return the entries at which a file can be cut so that no jet is decompressed twice.

    Parameters
    ----------
    path : str or os.PathLike
        See `read_jets`.

    Returns
    -------
    tuple of int
        From 0 to the number of jets; empty where the format does not say.

    Raises
    ------
    PartError
        If the file cannot be opened.
    """
    with _open(os.fspath(path)) as source:
        return source.cluster_boundaries


def _is_flat_numbers(column: Column) -> bool:
    array = ak.Array(column)
    kind = str(array.type.content).removeprefix("?")
    return array.ndim == 1 and kind.startswith(("float", "int", "uint", "bool"))


def _bounds(path: str, start: int | None, stop: int | None, n_jets: int) -> tuple[int, int]:
    if n_jets == 0:
        raise PartError(f"{path}: holds no jets; expected at least one")
    first, last = 0 if start is None else start, n_jets if stop is None else stop
    if not (isinstance(first, int | np.integer) and isinstance(last, int | np.integer)):
        raise PartError(f"{path}: start {first} and stop {last}; expected whole numbers")
    if first < 0 or last < 0:
        raise PartError(f"{path}: start {first} and stop {last}; expected no negative entry numbers")
    if first >= n_jets:
        raise PartError(f"{path}: start {first} is beyond the last entry; expected 0 to {n_jets - 1}")
    if first >= last:
        raise PartError(f"{path}: start {first} and stop {last}; expected start to be smaller than stop")
    return int(first), int(min(last, n_jets))


def _detect_format(path: str) -> tuple[str, _Opener]:
    """Return the format of a file by its first bytes, and its opener; a URL is left to uproot."""
    if "://" in path:
        return "ROOT", open_root
    try:
        with open(path, "rb") as file:
            magic = file.read(8)
    except OSError as error:
        raise PartError(f"{path}: {error.strerror or error}; expected a file of jets") from error
    if not magic:
        raise PartError(f"{path}: the file is empty; expected a file of jets")
    for first_bytes, name, opener in FORMATS:
        if magic.startswith(first_bytes):
            return name, opener
    raise PartError(f"{path}: an unknown kind of file; expected ROOT, parquet, HDF5 or npz")


@contextmanager
def _open(path: str) -> Generator[Source, None, None]:
    name, opener = _detect_format(path)
    try:
        with opener(path) as source:
            yield source
    except PartError:
        raise
    except Exception as error:  # damaged bytes can raise anything in the libraries
        reason = " ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])[:120].rstrip(". :")
        raise PartError(f"{path}: cannot be read ({reason}); expected an undamaged {name} file") from error
