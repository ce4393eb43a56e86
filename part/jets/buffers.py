"""The numpy buffers behind awkward columns, without awkward's own checks.

Shapes: J jets, P constituents of all jets in a row.
"""

import awkward as ak
import numpy as np


def list_buffers(column: object) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the lengths (J,) and values (P,) of a column of lists of numbers; None for any other column."""
    layout = getattr(column, "layout", None)
    if not (isinstance(layout, ak.contents.ListOffsetArray) and isinstance(layout.content, ak.contents.NumpyArray)):
        return None
    offsets, values = layout.offsets.data, layout.content.data
    counts = np.diff(offsets)
    consistent = offsets[0] >= 0 and offsets[-1] <= len(values) and (counts >= 0).all()
    if not consistent or values.ndim != 1 or values.dtype.kind not in "fiub":
        return None
    return counts.astype(np.int64, copy=False), native(values[offsets[0] : offsets[-1]])


def list_array(offsets: ak.index.Index64, values: np.ndarray) -> ak.contents.ListOffsetArray:
    """Return the layout of a column of lists from its offsets (J + 1,) and values (P,)."""
    return ak.contents.ListOffsetArray(offsets, flat_array(values))


def flat_array(values: np.ndarray) -> ak.contents.NumpyArray:
    """Return the layout of a column of numbers."""
    return ak.contents.NumpyArray(values)  # ty: ignore[invalid-argument-type]  # awkward's protocol excludes numpy


def native(values: np.ndarray) -> np.ndarray:
    """Return contiguous values in the machine's byte order."""
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))


def list_lengths(column: ak.Array) -> np.ndarray:
    """Return the multiplicities (J,) int64."""
    buffers = list_buffers(column)
    return ak.to_numpy(ak.num(column)).astype(np.int64) if buffers is None else buffers[0]


def flat_values(column: ak.Array) -> np.ndarray:
    """Return the values (P,) of all constituents."""
    buffers = list_buffers(column)
    return ak.to_numpy(ak.flatten(column)) if buffers is None else buffers[1]


def without_none(column: ak.Array) -> ak.Array:
    """Return numbers of jets or lists of numbers with NaN for those that are missing, in their places.

    A missing list becomes an empty one.
    """
    if column.ndim == 2:
        column = ak.fill_none(column, [], axis=0)
    if "?" not in str(column.type):
        return column
    if "float" not in str(column.type):
        column = ak.values_astype(column, np.float64)
    return ak.fill_none(column, np.nan, axis=-1)


def token_rows(column: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the lengths (J,) and the rows (P, D) of a column that has D numbers for each token."""
    packed = ak.to_packed(column)
    counts = ak.to_numpy(ak.num(packed)).astype(np.int64)
    return counts, ak.to_numpy(ak.flatten(packed, axis=1))
