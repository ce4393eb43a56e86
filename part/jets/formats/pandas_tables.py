"""The tables that pandas writes to HDF5, in both of its formats, read without pandas.

"table": a group holds one compound dataset `table` whose fields are blocks of columns (`values_block_0`, ...); the
column names of a block are a pickled list in an attribute.
"fixed", pandas' default: the values of block i are `block<i>_values` (J, columns), their names `block<i>_items`.
Shapes: J rows.
"""

import io
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Never

import h5py
import numpy as np

from part.errors import PartError
from part.jets.formats.hdf5_datasets import check_readable, is_elsewhere, rows_bytes
from part.limits import check_bytes

INDEX = "index"  # the column of row numbers: pandas describes its type where other columns have their names
Place = tuple[str, int | None]  # field or block, index within it
Rows = Callable[[str], np.ndarray]


@dataclass(frozen=True)
class Frame:
    """A table of a file.

    Attributes
    ----------
    n_rows : int
    columns : tuple of str
    read : callable
        `read(start, stop)` reads these rows of all columns, and returns a function of a column's name.
    """

    n_rows: int
    columns: tuple[str, ...]
    read: Callable[[int, int], Rows]


def find_frames(file: h5py.File) -> list[str]:
    """Return the keys of all tables, by which pandas reads them."""
    keys: list[str] = []

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        is_frame = isinstance(item, h5py.Group) and ("block0_values" in item or _is_compound(_linked(item, "table")))
        if is_frame or (_is_compound(item) and name.rpartition("/")[0] not in keys):
            keys.append(name)

    file.visititems(visit)  # follows no links to other files; a group comes before what it holds
    if (external := file.get("table", getlink=True)) is not None and not isinstance(external, h5py.HardLink):
        keys.append("table")  # is refused when it is opened
    return keys


def open_frame(path: str, file: h5py.File, key: str) -> Frame:
    """Return a table. Raises PartError if its columns are not described, or lie in another file."""
    item = file[key]
    if isinstance(item, h5py.Group) and "block0_values" in item:
        return _fixed(path, file, item)
    table = item["table"] if isinstance(item, h5py.Group) else item
    if not _is_compound(table):
        raise PartError(f"{path}: '{key}' is no table; expected one as pandas writes it")
    _check_here(path, file, table)
    places = _column_places(path, table)

    def read(start: int, stop: int) -> Rows:
        check_bytes(path, rows_bytes(table, stop - start), f"{stop - start:,} entries")
        check_readable(path, table)
        rows = table[start:stop]
        return lambda name: _pick(rows[places[name][0]], places[name][1])

    return Frame(len(table), tuple(places), read)


def _fixed(path: str, file: h5py.File, group: h5py.Group) -> Frame:
    blocks: dict[str, h5py.Dataset] = {}
    places: dict[str, Place] = {}
    for i in range(len(group)):
        values, items = group.get(f"block{i}_values"), group.get(f"block{i}_items")
        if not (isinstance(values, h5py.Dataset) and isinstance(items, h5py.Dataset)):
            break
        _check_here(path, file, values)
        _check_here(path, file, items)
        if values.ndim != 2 or values.dtype.kind not in "fiub" or values.shape[1:] != items.shape:
            continue  # a block of texts is a pickle
        check_bytes(path, rows_bytes(items, len(items)), "the names of columns")
        names = [x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x) for x in items[:].tolist()]
        places |= {name: (values.name, place) for place, name in enumerate(names)}
        blocks[values.name] = values
    lengths = {len(values) for values in blocks.values()}
    if len(lengths) != 1:
        raise PartError(f"{path}: the table '{group.name}' has no blocks of numbers of one length, as expected")

    def read(start: int, stop: int) -> Rows:
        check_bytes(path, sum(rows_bytes(v, stop - start) for v in blocks.values()), f"{stop - start:,} entries")
        for values in blocks.values():
            check_readable(path, values)
        rows: Mapping[str, np.ndarray] = {name: values[start:stop] for name, values in blocks.items()}
        return lambda name: _pick(rows[places[name][0]], places[name][1])

    return Frame(lengths.pop(), tuple(places), read)


def _linked(group: h5py.Group, name: str) -> object:
    return group.get(name) if isinstance(group.get(name, getlink=True), h5py.HardLink) else None


def _is_compound(item: object) -> bool:
    return isinstance(item, h5py.Dataset) and item.dtype.names is not None and item.ndim == 1


def _check_here(path: str, file: h5py.File, dataset: h5py.Dataset) -> None:
    if is_elsewhere(dataset, file):
        raise PartError(f"{path}: its table lies in another file; expected it in this one")


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


def _pick(block: np.ndarray, index: int | None) -> np.ndarray:
    return block if index is None else block[:, index]
