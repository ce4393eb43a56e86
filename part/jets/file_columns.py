"""The columns of files as numpy arrays: lists of numbers, or one number for each jet.

Shapes: J jets, P constituents of all jets in a row.
"""

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.buffers import list_buffers, native, without_none
from part.jets.formats.source import Column


def list_column(where: str, column: Column) -> tuple[np.ndarray, np.ndarray]:
    """Return the multiplicities (J,) and the values (P,) of all constituents."""
    buffers = list_buffers(column)
    if buffers is not None:
        return buffers
    column = _without_options(where, ak.Array(column))
    if column.ndim != 2:
        raise PartError(f"{where}: {column.type.content}; expected a list of numbers for each jet")
    counts = ak.to_numpy(ak.num(column)).astype(np.int64)
    return counts, _numbers(where, ak.flatten(column))


def number_column(where: str, column: Column) -> np.ndarray:
    if isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype.kind in "fiub":
        return native(column)
    column = _without_options(where, ak.Array(column))
    if column.ndim != 1:
        raise PartError(f"{where}: {column.type.content}; expected one number for each jet")
    return _numbers(where, column)


def _without_options(where: str, column: ak.Array) -> ak.Array:
    """Return the column without its option types. A missing value becomes NaN, a missing list an empty one."""
    if ak.validity_error(column):  # offsets beyond the data: awkward would read foreign memory
        raise PartError(f"{where}: jets that reach beyond its data; expected an undamaged file")
    kind = str(column.type)
    if ("?" not in kind and "option" not in kind) or "string" in kind or "bytes" in kind or column.ndim > 2:
        return column
    return without_none(column)


def _numbers(where: str, column: ak.Array) -> np.ndarray:
    try:
        values = ak.to_numpy(column, allow_missing=False)
    except (TypeError, ValueError) as error:
        raise PartError(f"{where}: {column.type.content}; expected numbers") from error
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        raise PartError(f"{where}: {column.type.content}; expected numbers")
    return native(values)
