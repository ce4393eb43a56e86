"""Opening of files, whose content, not their name, decides how they are read."""

import os
import re
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

import numpy as np

from part.errors import PartError
from part.io import check_regular
from part.jets.formats.hdf5 import jet_tables, open_hdf5
from part.jets.formats.npz import open_npz
from part.jets.formats.parquet import open_parquet
from part.jets.formats.remote import download, first_bytes, is_web
from part.jets.formats.root import open_root
from part.jets.formats.source import Source
from part.jets.formats.trees import jet_trees
from part.limits import check_jets

_Opener = Callable[..., AbstractContextManager[Source]]
ROOT, HDF5 = "ROOT", "HDF5"  # the formats that may hold several trees or tables
FORMATS: tuple[tuple[bytes, str, _Opener], ...] = (  # the first bytes of a file, the name of its format, the opener
    (b"root", ROOT, open_root),
    (b"PAR1", "parquet", open_parquet),
    (b"\x89HDF\r\n\x1a\n", HDF5, open_hdf5),
    (b"PK", "npz", open_npz),
)
SUFFIXES = (".root", ".parquet", ".h5", ".hdf5", ".npz")  # of files that are taken from a folder
WITHOUT_OBJECTS = (".parquet", ".npz")
_TREE_AT_URL = re.compile(r"(?P<file>.+\.(root|h5|hdf5)):(?P<tree>[^:?&=]+)")


def jet_objects(path: str) -> tuple[str, ...]:
    """Return the names of the trees or tables with jets in a local file, of which "FILE:NAME" chooses one.

    Empty for a format that has none of either. Raises PartError if the file cannot be read.
    """
    name, _ = _format(path, _first_bytes_here(path))
    finders = {ROOT: jet_trees, HDF5: jet_tables}
    try:
        return finders[name](path) if name in finders else ()
    except PartError:
        raise
    except Exception as error:
        raise PartError(f"{path}: cannot be read; expected an undamaged {name} file") from error


@contextmanager
def open_source(path: str, tree: str | None = None) -> Generator[Source, None, None]:
    """Open a file with all its branches.

    Parameters
    ----------
    path : str
        A ROOT, parquet, HDF5 or npz file, also at a URL; "FILE:NAME" chooses a tree of a ROOT file, or a table or a
        group of arrays of an HDF5 file.
    tree : str, optional
        The tree of a ROOT file if the path does not choose one, see `part.jets.formats.trees.choose_trees`. Other
        formats have none and ignore it.

    Yields
    ------
    Source
        `branches` are all names that `read` knows: also those of branches in folders and records, in full and, where
        that is clear, by their last word. Columns have the type of the file.

    Raises
    ------
    PartError
        If the file cannot be opened, or not be read within the block.
    """
    file, chosen = split_tree(path)
    magic, version = first_bytes(file) if is_web(file) else (_first_bytes_here(file), None)
    name, opener = _format(file, magic)
    if chosen and name not in (ROOT, HDF5):
        raise PartError(f"{path}: a {name} file has no trees; expected {file}")
    copy = download(file, version) if version is not None and name != ROOT else ""
    wanted = {ROOT: (chosen or tree,), HDF5: (chosen,)}.get(name, ())
    try:
        with opener(copy or file, *wanted) as source:
            if "://" not in (local := copy or file):
                check_jets(local, source.n_jets)
            yield source
    except PartError as error:
        if copy and copy in str(error):
            raise PartError(str(error).replace(copy, file)) from error
        raise
    except Exception as error:  # damaged bytes can raise anything in the libraries
        reason = " ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])[:120].rstrip(". :")
        raise PartError(f"{path}: cannot be read ({reason}); expected an undamaged {name} file") from error


def split_tree(path: str) -> tuple[str, str | None]:
    """Return the file and the tree or table that a path names: "FILE:NAME", unless a file is called so."""
    if "://" in path:
        match = _TREE_AT_URL.fullmatch(path)
        return (match["file"], match["tree"]) if match else (path, None)
    if ":" in path and not os.path.exists(path):
        file, _, tree = path.rpartition(":")
        if tree and os.path.isfile(file):
            return file, tree
    return path, None


def bounds(path: str, start: int | None, stop: int | None, n_jets: int) -> tuple[int, int]:
    """Return the entries [first, last) of a file that are meant. Raises PartError if there are none."""
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


def _format(path: str, magic: bytes) -> tuple[str, _Opener]:
    """Return the format of a file by its first bytes, and its opener."""
    if not magic:
        raise PartError(f"{path}: the file is empty; expected a file of jets")
    for first, name, opener in FORMATS:
        if magic.startswith(first):
            return name, opener
    raise PartError(f"{path}: an unknown kind of file; expected ROOT, parquet, HDF5 or npz")


def _first_bytes_here(path: str) -> bytes:
    if "://" in path:
        return FORMATS[0][0]  # what is not on the web is left to uproot
    check_regular(path)
    try:
        with open(path, "rb") as file:
            return file.read(8)
    except OSError as error:
        raise PartError(f"{path}: {error.strerror or error}; expected a file of jets") from error
