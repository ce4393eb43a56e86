"""Columns of lists as flat values and lengths, on which numpy computes without awkward's dispatch.

Shapes: J jets, P constituents of all jets in a row.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import awkward as ak
import numpy as np

from part.jets.buffers import flat_array, list_array
from part.jets.expressions.refused import Refused

Value = Any  # a number, np.ndarray, Jagged, ak.Array or FourVectors; a tuple of these; a word such as "left"


@dataclass(frozen=True, eq=False)
class Lists:
    """The lengths (J,) int64 of the lists of J jets, which the columns of one collection share."""

    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def offsets(self) -> np.ndarray:
        """The first constituent of each jet, and the number of all: (J + 1,) int64."""
        offsets = np.zeros(len(self.counts) + 1, np.int64)
        np.cumsum(self.counts, out=offsets[1:])
        return offsets

    @cached_property
    def index(self) -> ak.index.Index64:
        """The offsets as awkward shares them among columns."""
        return ak.index.Index64(self.offsets)

    def same_as(self, other: "Lists") -> bool:
        """Return whether all lists have the same lengths."""
        return self is other or np.array_equal(self.counts, other.counts)

    def repeat(self, column: np.ndarray) -> np.ndarray:
        """Return a column of the jets (J,) for each of their constituents (P,)."""
        return np.repeat(column, self.counts)

    def positions(self) -> np.ndarray:
        """Return the position (P,) of each constituent in its jet."""
        return np.arange(self.offsets[-1]) - self.repeat(self.offsets[:-1])


class Jagged:
    """A column of lists of numbers: the values (P,) of all jets in a row, and the lengths of the lists.

    It is no dataclass, since thousands are made, and a frozen one takes a microsecond to make.
    """

    __slots__ = ("lists", "values")

    def __init__(self, values: np.ndarray, lists: Lists) -> None:
        self.values = values
        self.lists = lists

    # Numpy and awkward must not take it for a sequence of Python objects.
    __array_ufunc__ = None
    __iter__ = None

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        raise TypeError("lists of numbers where an array is expected")

    def __len__(self) -> int:
        return len(self.lists)

    def __getitem__(self, jets: slice | np.ndarray) -> "Jagged":
        """Return the jets of a slice without step, a view, or of a boolean mask (J,)."""
        counts = self.lists.counts[jets]
        if isinstance(jets, slice):
            first, last, step = jets.indices(len(self))
            if step != 1:
                raise IndexError(f"a slice of jets with step {step}; expected 1")
            offsets = self.lists.offsets
            return Jagged(self.values[offsets[first] : offsets[max(first, last)]], Lists(counts))
        return Jagged(self.values[self.lists.repeat(np.asarray(jets, bool))], Lists(counts))


class Numbers(np.ndarray):
    """The numbers of a list in an expression: edges of bins or values to look up, never a column of the jets."""


def as_value(column: Value, known: list[Lists]) -> Value:
    """Return a column in the form that computes fastest.

    Numbers of the jets become np.ndarray, lists of numbers Jagged; records, missing values and deeper lists remain an
    ak.Array. `known` holds the lengths of lists met so far: equal ones become the same object.
    """
    if type(column) is Jagged:
        return column
    if isinstance(column, np.ndarray):
        if column.dtype.kind not in "fiub":
            raise Refused(f"a column of {column.dtype}; expected numbers")
        return column
    if not isinstance(column, ak.Array):
        return column
    value = _value_of(column.layout)
    if value is None:
        return column
    return Jagged(value.values, shared(value.lists, known)) if isinstance(value, Jagged) else value


def shared(lists: Lists, known: list[Lists]) -> Lists:
    """Return the known object with these lengths; if there is none, these become known."""
    for other in known:
        if other.same_as(lists):
            return other
    known.append(lists)
    return lists


def _value_of(layout: Any) -> np.ndarray | Jagged | None:
    """Return the numbers of a layout without copying where that is possible; None if it holds more than numbers."""
    if layout.is_record or layout.is_union or layout.parameter("__array__") is not None:
        return None
    if layout.is_option and np.asarray(layout.mask_as_bool(valid_when=False)).any():
        return None
    if layout.is_option or layout.is_indexed:
        return _value_of(layout.project())
    if layout.is_unknown:
        return np.empty(0)
    if layout.is_numpy:
        return layout.data if layout.data.dtype.kind in "fiub" else None
    if layout.is_regular:
        content = _value_of(layout.content[: layout.size * layout.length])
        whole = isinstance(content, np.ndarray)
        return content.reshape(layout.length, layout.size, *content.shape[1:]) if whole else None
    layout = layout.to_ListOffsetArray64(False)
    offsets = layout.offsets.data
    content = _value_of(layout.content[int(offsets[0]) : int(offsets[-1])])
    if not isinstance(content, np.ndarray) or content.ndim != 1:
        return None
    counts = np.diff(offsets)
    if len(content) != counts.sum() or (counts < 0).any():
        raise Refused("lists that reach beyond their data; expected an undamaged column")
    return Jagged(content, Lists(counts))


def to_awkward(value: Value) -> Value:
    """Return a value with its arrays as ak.Array, for the functions that only awkward has."""
    if isinstance(value, Jagged):
        return ak.Array(list_array(value.lists.index, value.values))
    if isinstance(value, np.ndarray):
        return ak.Array(flat_array(value)) if value.ndim == 1 else ak.from_numpy(value, regulararray=True)
    return value


def n_dimensions(value: Value) -> int:
    """Return the number of axes; 0 for a number."""
    return 2 if isinstance(value, Jagged) else getattr(value, "ndim", 0)


def n_numbers(value: Value) -> int:
    """Return how many numbers a value holds; for nested arrays an upper bound."""
    if isinstance(value, (tuple, list)):
        return sum(n_numbers(item) for item in value)
    if isinstance(value, Jagged):
        return value.values.size
    return value.nbytes if isinstance(value, ak.Array) else getattr(value, "size", 1)
