"""Files -> jets: `read_jets`, `count_jets`, and what the labels of jets mean.

The content of a file, not its name, decides how it is read.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.formats.hdf5 import open_hdf5
from part.jets.formats.npz import open_npz
from part.jets.formats.parquet import open_parquet
from part.jets.formats.root import open_root
from part.jets.formats.source import Source
from part.jets.labels import LABELS
from part.jets.schema import CONSTITUENT_BRANCHES, DATASETS, JET_MOMENTUM, MOMENTA, Dataset
from part.jets.validation import assemble

KINDS = (  # by the first bytes
    (b"root", "ROOT", open_root),
    (b"PAR1", "parquet", open_parquet),
    (b"\x89HDF\r\n\x1a\n", "HDF5", open_hdf5),
    (b"PK", "npz", open_npz),
)
EXPECTED = (*CONSTITUENT_BRANCHES, "part_pid", *JET_MOMENTUM, *LABELS, "label")


def read_jets(
    path: str | os.PathLike,
    start: int | None = None,
    stop: int | None = None,
    branches: Collection[str] | None = None,
) -> ak.Array:
    """Jets `start` to `stop` of a file as records with JetClass's branch names.

    Constituent branches `part_*` are jagged (GeV, mm, in file order, all of them); `jet_*`, `label_*`,
    `aux_*` are flat. Only these branches, or of them those in `branches` and the four-momenta, and only the jets
    asked for, are read and checked.
    Reads ROOT (TTree or RNTuple, also at a URL), parquet, HDF5 (TopLandscape) and npz (QuarkGluon).
    Raises PartError, in one sentence with file, branch and entry, for anything that is no jet.
    """
    path = os.fspath(path)
    with _open(path) as source:
        first, last = _bounds(path, start, stop, source.n_jets)
        for name in MOMENTA:
            if name not in source.branches:
                raise PartError(f"{path}: branch {name} is missing; expected {', '.join(MOMENTA)}")
        wanted = [name for name in source.branches if _wanted(name)]
        if branches is not None:
            wanted = [name for name in wanted if name in branches or name in MOMENTA]
        columns = source.read(wanted, first, last)
    columns = {name: column for name, column in columns.items() if _strict(name) or _flat_numbers(column)}
    return assemble(path, columns, first, last)


def count_jets(path: str | os.PathLike) -> int:
    """The number of jets in a file, without reading them."""
    path = os.fspath(path)
    with _open(path) as source:
        return source.n_jets


def compressed_together(path: str | os.PathLike) -> tuple[int, ...]:
    """Entries at which a file can be cut so that nothing is decompressed twice, from 0 to the last; () if not known."""
    with _open(os.fspath(path)) as source:
        return source.edges


def detect_dataset(jets: ak.Array) -> Dataset | None:
    """The benchmark whose label branches the jets carry, or None."""
    for dataset in DATASETS.values():
        if set(dataset.labels) <= set(jets.fields):
            return dataset
    return None


def labels(jets: ak.Array, dataset: Dataset) -> np.ndarray | None:
    """Class indices (J,) in the label order of `dataset`; None for jets without labels.

    Raises PartError for a jet of no class or of several.
    """
    if set(dataset.labels) <= set(jets.fields):
        one_hot = np.stack([ak.to_numpy(jets[label]) == 1 for label in dataset.labels], axis=1)
        classes = one_hot.sum(axis=1)
        if (classes != 1).any():
            jet = int(np.argmax(classes != 1))
            raise PartError(f"jet {jet} belongs to {classes[jet]} classes of {dataset.name}; expected one")
        return one_hot.argmax(axis=1).astype(np.int64)
    if "label" in jets.fields:
        return _from_index(ak.to_numpy(jets["label"]), dataset)
    return None


def _from_index(index: np.ndarray, dataset: Dataset) -> np.ndarray:
    """The `label` column: a class index, or for two classes 1 for the signal, which is class 0 here."""
    index = index.astype(np.int64)
    n = len(dataset.labels)
    if ((index < 0) | (index >= n)).any():
        jet = int(np.argmax((index < 0) | (index >= n)))
        raise PartError(f"jet {jet} has label {index[jet]}; expected 0 to {n - 1} for {dataset.name}")
    return 1 - index if n == 2 else index


def _strict(name: str) -> bool:
    return name in EXPECTED


def _wanted(name: str) -> bool:
    return _strict(name) or name.startswith(("jet_", "aux_"))


def _flat_numbers(column) -> bool:
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


def _sniff(path: str) -> tuple[str, Callable[[str], AbstractContextManager[Source]]]:
    """The kind of a file by its first bytes, and its opener; a URL is left to uproot."""
    if "://" in path:
        return "ROOT", open_root
    try:
        with open(path, "rb") as file:
            magic = file.read(8)
    except OSError as error:
        raise PartError(f"{path}: {error.strerror or error}; expected a file of jets") from error
    if not magic:
        raise PartError(f"{path}: the file is empty; expected a file of jets")
    for start, kind, opener in KINDS:
        if magic.startswith(start):
            return kind, opener
    raise PartError(f"{path}: an unknown kind of file; expected ROOT, parquet, HDF5 or npz")


@contextmanager
def _open(path: str) -> Iterator[Source]:
    kind, opener = _sniff(path)
    try:
        with opener(path) as source:
            yield source
    except PartError:
        raise
    except Exception as error:  # whatever a library makes of damaged bytes
        reason = " ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])[:120].rstrip(". :")
        raise PartError(f"{path}: cannot be read ({reason}); expected an undamaged {kind} file") from error
