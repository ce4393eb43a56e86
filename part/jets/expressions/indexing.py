"""Subscripts: choosing and ordering constituents. Jets themselves are chosen by a config's selection only.

Shapes: J jets, P constituents of all jets in a row.
"""

import awkward as ak
import numpy as np

from part.jets.expressions.elementwise import apply, describe
from part.jets.expressions.lists import Jagged, Lists, Numbers, Value, n_dimensions, to_awkward
from part.jets.expressions.refused import Refused
from part.jets.expressions.vectors import FourVectors

EVERYTHING = slice(None)


def take(value: Value, index: Value) -> Value:
    """Return value[index].

    Lists are indexed by lists of bool or int, and all columns by `[:, ...]`; the numbers of np.array([...]) by columns.
    A subscript that would choose jets is refused.
    """
    if isinstance(value, FourVectors):
        return value.map(lambda coordinate: take(coordinate, index))
    if isinstance(value, Numbers):
        return apply(lambda item: value.view(np.ndarray)[item], index)
    if not n_dimensions(value):
        raise Refused(f"a subscript of {describe(value)}; expected one of a column")
    if isinstance(value, Jagged) and isinstance(index, Jagged):
        return _choose(value, index) if index.values.dtype == bool else _gather(value, index)
    parts = tuple(_place(item) for item in (index if isinstance(index, tuple) else (index,)))
    _check_subscript(value, parts)
    if isinstance(value, np.ndarray) and not any(isinstance(item, (Jagged, ak.Array)) for item in parts):
        return value[parts]
    return to_awkward(value)[tuple(to_awkward(item) for item in parts)]


def _place(item: Value) -> Value:
    """Return a part of a subscript; a list of integers, such as [0, 2], as an array."""
    whole = isinstance(item, tuple) and item and all(isinstance(place, (int, np.integer)) for place in item)
    return np.asarray(item) if whole else item


def _check_subscript(value: Value, parts: tuple[Value, ...]) -> None:
    for item in parts:
        if not (isinstance(item, (int, np.integer, slice)) or n_dimensions(item) or item is None):
            raise Refused(f"a subscript with {describe(item)}; expected numbers, `:` or a column")
    first = parts[0]
    if first != EVERYTHING if isinstance(first, slice) else n_dimensions(first) < 2:
        raise Refused("a subscript that chooses jets; expected `[:, ...]`, or a mask or indices of constituents")
    if any(item is None for item in parts) and not isinstance(value, np.ndarray):
        raise Refused("a new axis in lists; expected _stack([...])")


def _choose(value: Jagged, chosen: Jagged) -> Jagged:
    """Return the constituents that a mask marks."""
    if not value.lists.same_as(chosen.lists):
        raise Refused("a mask with other numbers of constituents than the column; expected the same")
    before = np.zeros(len(chosen.values) + 1, np.int64)
    np.cumsum(chosen.values, out=before[1:])
    return Jagged(value.values[chosen.values], Lists(np.diff(before[chosen.lists.offsets])))


def _gather(value: Jagged, index: Jagged) -> Jagged:
    """Return the constituents at these positions of their jets; negative ones count from the end."""
    if len(value) != len(index) or index.values.dtype.kind not in "iu":
        raise Refused(f"indices of {index.values.dtype} for {len(index)} jets; expected integers for {len(value)}")
    counts = index.lists.repeat(value.lists.counts)
    position = index.values.astype(np.int64)
    position = np.where(position < 0, position + counts, position)
    if ((position < 0) | (position >= counts)).any():
        raise Refused("an index beyond the constituents of its jet; expected one inside")
    position += index.lists.repeat(value.lists.offsets[:-1])
    return Jagged(value.values[position], index.lists)
