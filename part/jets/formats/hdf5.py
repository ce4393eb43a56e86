"""HDF5: the original TopLandscape files (Zenodo 2603256), as pandas wrote them.

The group `table` holds one compound dataset whose fields are blocks of columns (`values_block_0`, ...); the
column names of a block are a pickled list in an attribute. PX_i, PY_i, PZ_i, E_i of constituent i < 200 are
padded with zeros; is_signal_new is 1 for top jets. Shapes: J jets, N slots.
"""

import io
import pickle
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Never

import awkward as ak
import h5py
import numpy as np

from part.errors import PartError
from part.jets.formats.source import Column, Source
from part.jets.labels import one_hot
from part.jets.schema import MOMENTA, TOPLANDSCAPE

KEY = "table"
COLUMNS = dict(zip(MOMENTA, ("PX", "PY", "PZ", "E"), strict=True))
SLOTS = 200
SIGNAL = "is_signal_new"
Place = tuple[str, int | None]  # field of the compound, index within the field


@contextmanager
def open_hdf5(path: str) -> Generator[Source, None, None]:
    """Open a file of which only the requested rows are read. Slots with four zeros are padding."""
    with h5py.File(path, "r") as file:
        table = _table(path, file)
        places = _column_places(path, table)
        slots = [i for i in range(SLOTS) if f"E_{i}" in places] or [0]
        for column in (f"{c}_{i}" for i in slots for c in COLUMNS.values()):
            if column not in places:
                raise PartError(f"{path}: column {column} is missing; expected PX_i, PY_i, PZ_i, E_i")
        labels = TOPLANDSCAPE.labels if SIGNAL in places else ()

        def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
            rows = table[start:stop]
            p4 = {name: _slots(rows, places, column, slots) for name, column in COLUMNS.items()}
            real = np.any([component != 0 for component in p4.values()], axis=0)
            counts = real.sum(axis=1)
            out: dict[str, Column] = {n: ak.unflatten(p4[n][real], counts) for n in names if n in p4}
            if set(names) & set(labels):
                out |= one_hot(_pick(rows, places[SIGNAL]), TOPLANDSCAPE)
            return out

        yield Source(len(table), (*MOMENTA, *labels), read)


def _table(path: str, file: h5py.File) -> h5py.Dataset:
    table = file.get(KEY)
    if isinstance(table, h5py.Group):
        table = table.get("table")
    if not isinstance(table, h5py.Dataset) or table.dtype.names is None or table.ndim != 1:
        raise PartError(f"{path}: holds no table '{KEY}'; expected the TopLandscape table that pandas writes")
    # A dataset may point at bytes outside of its file: an uploaded one must not read others.
    if table.external or table.is_virtual or table.file.filename != file.filename:
        raise PartError(f"{path}: its table lies in another file; expected it in this one")
    return table


def _column_places(path: str, table: h5py.Dataset) -> dict[str, Place]:
    """Return where each column is stored."""
    places: dict[str, Place] = {}
    for field in table.dtype.names:
        kind = table.dtype[field]
        if kind.ndim == 0 and f"{field}_kind" not in table.attrs:
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
