"""HDF5: the original TopLandscape files (Zenodo 2603256), as pandas wrote them, or arrays side by side.

TopLandscape: the group `table` holds one compound dataset whose fields are blocks of columns (`values_block_0`, ...);
the column names of a block are a pickled list in an attribute. PX_i, PY_i, PZ_i, E_i of constituent i < 200 are
padded with zeros; is_signal_new is 1 for top jets.
Arrays: each dataset of numbers (J,) or (J, N) is a branch, as weaver-core reads them.
Shapes: J jets, N slots.
"""

import io
import pickle
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Never

import awkward as ak
import h5py
import numpy as np

from part.errors import PartError
from part.jets.datasets import TOPLANDSCAPE
from part.jets.formats.source import Column, Source
from part.jets.labels import class_column, one_hot
from part.jets.parton_branches import check_rows
from part.jets.schema import MOMENTA

KEY = "table"
COLUMNS = dict(zip(MOMENTA, ("PX", "PY", "PZ", "E"), strict=True))
SLOTS = 200
SIGNAL = "is_signal_new"
INDEX = "index"  # the column of row numbers: pandas describes its type where other columns have their names
Place = tuple[str, int | None]  # field of the compound, index within the field


@contextmanager
def open_hdf5(path: str) -> Generator[Source, None, None]:
    """Open a file of which only the requested rows are read."""
    with h5py.File(path, "r") as file:
        table = _table(path, file)
        yield _arrays(path, file) if table is None else _toplandscape(path, table)


def _toplandscape(path: str, table: h5py.Dataset) -> Source:
    """Return the constituents and labels of a TopLandscape table. Slots with four zeros are padding."""
    places = _column_places(path, table)
    slots = [i for i in range(SLOTS) if f"E_{i}" in places] or [0]
    for column in (f"{c}_{i}" for i in slots for c in COLUMNS.values()):
        if column not in places:
            raise PartError(f"{path}: column {column} is missing; expected PX_i, PY_i, PZ_i, E_i")
    labels = TOPLANDSCAPE.labels if SIGNAL in places else ()

    def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
        rows = table[start:stop]
        out: dict[str, Column] = {name: _pick(rows, places[name]) for name in names if name in places}
        if set(names) & set(COLUMNS):
            p4 = {name: _slots(rows, places, column, slots) for name, column in COLUMNS.items()}
            real = np.any([component != 0 for component in p4.values()], axis=0)
            counts = real.sum(axis=1)
            out |= {n: ak.unflatten(p4[n][real], counts) for n in names if n in p4}
        if set(names) & set(labels):
            out |= one_hot(class_column(_pick(rows, places[SIGNAL])), TOPLANDSCAPE)
        return out

    constituents = {f"{column}_{i}" for i in range(SLOTS) for column in COLUMNS.values()}
    flat = (*labels, *(name for name in places if name not in constituents))
    return Source(len(table), (*MOMENTA, *labels, *places), read, flat=lambda: flat)


def _arrays(path: str, file: h5py.File) -> Source:
    """Return the arrays that lie side by side in a file; those of another length than most are left out."""
    arrays = {name: item for name in file if (item := _array(file, name)) is not None}
    n_jets = Counter(len(array) for array in arrays.values()).most_common(1)[0][0] if arrays else 0
    for name, array in arrays.items():
        check_rows(path, name, len(array), n_jets)
    arrays = {name: array for name, array in arrays.items() if len(array) == n_jets}

    def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
        return {name: arrays[name][start:stop] for name in names}

    alternative = f"the table '{KEY}' of TopLandscape that pandas writes"
    flat = tuple(name for name, array in arrays.items() if array.ndim == 1)
    return Source(n_jets, tuple(arrays), read, alternative=alternative, flat=lambda: flat)


def _array(file: h5py.File, name: str) -> h5py.Dataset | None:
    """Return a dataset of numbers of which each row is an entry; None for anything else."""
    item = file.get(name) if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiub" or not item.ndim:
        return None
    return None if _is_elsewhere(item, file) else item


def _is_elsewhere(dataset: h5py.Dataset, file: h5py.File) -> bool:
    """A dataset may point at bytes outside of its file: an uploaded one must not read others."""
    return bool(dataset.external) or dataset.is_virtual or dataset.file.filename != file.filename


def _table(path: str, file: h5py.File) -> h5py.Dataset | None:
    table = file.get(KEY)
    if isinstance(table, h5py.Group):
        table = table.get("table")
    if not isinstance(table, h5py.Dataset) or table.dtype.names is None or table.ndim != 1:
        return None
    if _is_elsewhere(table, file):
        raise PartError(f"{path}: its table lies in another file; expected it in this one")
    return table


def _column_places(path: str, table: h5py.Dataset) -> dict[str, Place]:
    """Return where each column is stored."""
    places: dict[str, Place] = {}
    for field in table.dtype.names:
        kind = table.dtype[field]
        if kind.ndim == 0 and (field == INDEX or f"{field}_kind" not in table.attrs):
            places[field] = (field, None)
            continue
        names = _names(path, table, field, int(np.prod(kind.shape)))
        places |= {name: (field, i if kind.ndim else None) for i, name in enumerate(names)}
    return places


def _names(path: str, table: h5py.Dataset, field: str, width: int) -> list[str]:
    try:
        names = _Literals(io.BytesIO(bytes(table.attrs[f"{field}_kind"]))).load()
    except Exception as error:
        raise PartError(
            f"{path}: the column names of block {field} cannot be read; expected a pickled list of names"
        ) from error
    if not isinstance(names, list) or len(names) != width or not all(isinstance(n, str) for n in names):
        raise PartError(f"{path}: block {field} is not described by {width} column names, as expected")
    return names


class _Literals(pickle.Unpickler):
    """An unpickler of lists, strings and numbers only: a pickle that names functions or classes could run any code."""

    def find_class(self, module: str, name: str) -> Never:
        raise pickle.UnpicklingError(f"{module}.{name} in a file of jets")


def _pick(rows: np.ndarray, place: Place) -> np.ndarray:
    field, index = place
    return rows[field] if index is None else rows[field][:, index]


def _slots(rows: np.ndarray, places: Mapping[str, Place], column: str, slots: Sequence[int]) -> np.ndarray:
    return np.stack([_pick(rows, places[f"{column}_{i}"]) for i in slots], axis=1)
