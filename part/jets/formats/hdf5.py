"""HDF5: the original TopLandscape files (Zenodo 2603256), as pandas wrote them.

The group `table` holds one compound dataset whose fields are blocks of columns (`values_block_0`, ...); the
column names of a block are a pickled list in an attribute. PX_i, PY_i, PZ_i, E_i of constituent i < 200 are
padded with zeros; is_signal_new is 1 for tops. Shapes: J jets, N slots.
"""

import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager

import awkward as ak
import h5py
import numpy as np

from part.errors import PartError
from part.jets.formats.source import Source
from part.jets.schema import MOMENTA, TOPLANDSCAPE

KEY = "table"
COLUMNS = dict(zip(MOMENTA, ("PX", "PY", "PZ", "E"), strict=True))
SLOTS = 200
SIGNAL = "is_signal_new"


@contextmanager
def open_hdf5(path: str) -> Iterator[Source]:
    """Only the rows asked for are read. Slots with four zeros are padding."""
    with h5py.File(path, "r") as file:
        table = _table(path, file)
        where = _columns(path, table)
        slots = [i for i in range(SLOTS) if f"E_{i}" in where] or [0]
        for column in (f"{c}_{i}" for i in slots for c in COLUMNS.values()):
            if column not in where:
                raise PartError(f"{path}: column {column} is missing; expected PX_i, PY_i, PZ_i, E_i")
        labels = TOPLANDSCAPE.labels if SIGNAL in where else ()

        def read(names, start, stop):
            rows = table[start:stop]
            p4 = {name: _slots(rows, where, column, slots) for name, column in COLUMNS.items()}
            real = np.any([component != 0 for component in p4.values()], axis=0)
            counts = real.sum(axis=1)
            out = {name: ak.unflatten(p4[name][real], counts) for name in names if name in p4}
            if set(names) & set(labels):
                top = _pick(rows, where[SIGNAL])
                out |= dict(zip(labels, (top == 1, top == 0), strict=True))
            return out

        yield Source(len(table), (*MOMENTA, *labels), read)


def _table(path: str, file: h5py.File) -> h5py.Dataset:
    found = file.get(KEY)
    if isinstance(found, h5py.Group):
        found = found.get("table")
    if not isinstance(found, h5py.Dataset) or found.dtype.names is None or found.ndim != 1:
        raise PartError(f"{path}: holds no table '{KEY}'; expected the TopLandscape table that pandas writes")
    # A dataset may point at bytes outside of its file: an uploaded one must not read others.
    if found.external or found.is_virtual or found.file.filename != file.filename:
        raise PartError(f"{path}: its table lies in another file; expected it in this one")
    return found


def _columns(path: str, table: h5py.Dataset) -> dict[str, tuple[str, int | None]]:
    """Column name -> (field of the compound, index within the field)."""
    where = {}
    for field in table.dtype.names:
        kind = table.dtype[field]
        if kind.ndim == 0 and f"{field}_kind" not in table.attrs:
            where[field] = (field, None)
            continue
        names = _names(path, table, field, int(np.prod(kind.shape)))
        where |= {name: (field, i if kind.ndim else None) for i, name in enumerate(names)}
    return where


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
    """Loads lists, strings and numbers only: a pickle may name no function or class."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name} in a file of jets")


def _pick(rows: np.ndarray, place: tuple[str, int | None]) -> np.ndarray:
    field, index = place
    return rows[field] if index is None else rows[field][:, index]


def _slots(rows: np.ndarray, where: dict, column: str, slots: list[int]) -> np.ndarray:
    return np.stack([_pick(rows, where[f"{column}_{i}"]) for i in slots], axis=1)
