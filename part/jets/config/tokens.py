"""The tokens of jets: variables of each collection, aligned, standardised and put one after the other.

The order of operations is that of weaver-core 0.5: a value becomes float32, is standardised and clipped, and what is
not a number becomes 0. Shapes: J jets, P tokens of all jets in a row, F columns.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.buffers import without_none
from part.jets.config.per_jet import is_text
from part.jets.expressions.lists import Jagged, Value
from part.jets.inputs import standardise
from part.jets.schema import Collection, Feature, FeatureSet

BLOCK = 8192  # tokens
Lookup = Callable[[str], Value]  # the column of a variable


@dataclass(frozen=True)
class Tokens:
    """The tokens of J jets.

    Attributes
    ----------
    x : np.ndarray
        (P, F) float32, see `FeatureSet.features`, without points.
    points : np.ndarray or None
        (P, D) float32.
    v : np.ndarray or None
        (P, 4) float32.
    kind : np.ndarray
        (P,) int8, the index of the collection.
    counts, n_truncated : np.ndarray
        (J,) int64, the tokens of each jet, and those beyond the length of their collection.
    not_numbers : dict
        Variable -> jets (indices) in which it is not a number, which became 0.
    roles : dict
        Further variables (P,) by the names of their roles; 0 for tokens whose collection lacks them.
    """

    x: np.ndarray
    points: np.ndarray | None
    v: np.ndarray | None
    kind: np.ndarray
    counts: np.ndarray
    n_truncated: np.ndarray
    not_numbers: dict[str, np.ndarray]
    roles: dict[str, np.ndarray]


def make_tokens(
    column: Lookup, features: FeatureSet, n_jets: int, where: str, roles: Sequence[Mapping[str, str]] = ()
) -> Tokens:
    """Compute the inputs of a model.

    Parameters
    ----------
    column : callable
        Returns the column of a variable by name: (J,) for jets, jagged for constituents.
    features : FeatureSet
        Without points as columns.
    n_jets : int
        J.
    where : str
        What error messages call the file.
    roles : sequence of mapping, optional
        For each collection, further variables: role -> variable.

    Raises
    ------
    PartError
        If a variable cannot be an input.
    """
    groups = () if features.config is None else features.config.groups
    wrapped = {item.name for group in groups if group.pad_mode == "wrap" for item in group.variables}
    parts = [_Aligned(column, collection, n_jets, wrapped, where) for collection in features.collections]
    jet = np.concatenate([aligned.jet for aligned in parts])
    order = np.argsort(jet, kind="stable") if len(parts) > 1 else slice(None)
    x = np.zeros((len(jet), len(features)), np.float32)
    v = np.zeros((len(jet), 4), np.float32) if features.has_vectors else None
    n_coordinates = len(features.collections[0].points)
    points = np.zeros((len(jet), n_coordinates), np.float32) if n_coordinates else None
    kind, role_columns = np.zeros(len(jet), np.int8), dict[str, np.ndarray]()
    row = first = 0
    for index, aligned in enumerate(parts):
        rows, collection = slice(row, row + len(aligned.jet)), features.collections[index]
        aligned.write(collection.features, x[rows, first : first + len(collection.features)])
        if points is not None:
            aligned.write(collection.points, points[rows])
        if features.widths:
            x[rows, len(features) - len(parts) + index] = 1
        if v is not None:
            aligned.write(collection.vectors, v[rows])
        kind[rows] = index
        for role, name in (roles[index] if roles else {}).items():
            if (values := aligned.role(name)) is not None:
                role_columns.setdefault(role, np.zeros(len(jet), values.dtype))[rows] = values
        row, first = rows.stop, first + len(collection.features)
    not_numbers: dict[str, np.ndarray] = {}
    for aligned in parts:
        not_numbers |= aligned.not_numbers
    return Tokens(
        x=x[order],
        points=None if points is None else points[order],
        v=None if v is None else v[order],
        kind=kind[order],
        counts=np.bincount(jet, minlength=n_jets).astype(np.int64),
        n_truncated=sum((aligned.n_truncated for aligned in parts), np.zeros(n_jets, np.int64)),
        not_numbers=not_numbers,
        roles={role: values[order] for role, values in role_columns.items()},
    )


class _Aligned:
    """The tokens of one collection: which value of each variable belongs to which of them."""

    def __init__(self, column: Lookup, collection: Collection, n_jets: int, wrapped: Container[str], where: str):
        self.column, self.wrapped, self.where = column, wrapped, where
        first = collection.mask or collection.features[0].name
        self.counts, values = self._list(first)
        self.n_truncated = np.maximum(self.counts - collection.length, 0)
        self.full = not self.n_truncated.any()
        kept = np.minimum(self.counts, collection.length)
        self.index = None if self.full else _first_of_each(self.counts, kept)
        self.jet = np.repeat(np.arange(n_jets), kept)
        self.not_numbers: dict[str, np.ndarray] = {}
        if collection.mask:
            real = np.nan_to_num(values if self.index is None else values[self.index]) != 0
            if not real.all():
                self.index = np.flatnonzero(real) if self.index is None else self.index[real]
                self.jet = self.jet[real]

    def write(self, items: tuple[Feature, ...], out: np.ndarray) -> None:
        """Write standardised variables to `out` (P, len(items)), in blocks that stay in the processor's cache."""
        columns = [self._standardised(item) for item in items]
        for start in range(0, len(out), BLOCK):
            rows = slice(start, start + BLOCK)
            for i, column in enumerate(columns):
                out[rows, i] = column[rows]

    def role(self, name: str) -> np.ndarray | None:
        """Return a variable as it is (P,), or None if it is not one of these constituents."""
        counts, values = self._list(name)
        if len(counts) != len(self.counts) or (counts != self.counts).any():
            return None
        return values if self.index is None else values[self.index]

    def _standardised(self, item: Feature) -> np.ndarray:
        counts, values = self._list(item.name)
        values = values.astype(np.float32, copy=False)
        if (counts == self.counts).all():
            values = standardise(values if self.index is None else values[self.index], item)
        else:  # what fills the other slots is not standardised
            fill = _repeated if item.name in self.wrapped else partial(_padded, pad=item.pad)
            values = fill(standardise(values, item), counts, self.counts)
            values = values if self.index is None else values[self.index]
        bad = np.isnan(values)
        if bad.any():
            self.not_numbers[item.name] = np.unique(self.jet[bad])
            values = np.where(bad, np.float32(0), values)
        return values

    def _list(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the lengths (J,) and values of a variable; a number of the jet is a list of one, as in weaver-core."""
        column = self.column(name)
        if isinstance(column, Jagged):
            return column.lists.counts, column.values
        if isinstance(column, np.ndarray) and column.ndim == 1:
            return np.ones(len(column), np.int64), column
        if isinstance(column, np.ndarray) and column.ndim == 2:
            return np.full(len(column), column.shape[1]), column.reshape(-1)
        if isinstance(column, ak.Array) and column.ndim == 1 and not is_text(column):
            return np.ones(len(column), np.int64), ak.to_numpy(without_none(column))
        if not isinstance(column, ak.Array) or column.ndim != 2 or "string" in str(column.type):
            raise PartError(f"{self.where}: {name} is no list of numbers; expected one value for each constituent.")
        column = without_none(column)
        return ak.to_numpy(ak.num(column)).astype(np.int64), ak.to_numpy(ak.flatten(column))


def _first_of_each(counts: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the indices of the first `kept` (J,) values of lists of `counts` (J,)."""
    starts = np.cumsum(counts) - counts
    place = np.arange(kept.sum()) - np.repeat(np.cumsum(kept) - kept, kept)
    return np.repeat(starts, kept) + place


def _padded(values: np.ndarray, counts: np.ndarray, wanted: np.ndarray, pad: float) -> np.ndarray:
    """Return lists of `counts` cut or filled up to `wanted` (J,) values each."""
    out = np.full(wanted.sum(), pad, np.float32)
    kept = np.minimum(counts, wanted)
    out[_first_of_each(wanted, kept)] = values[_first_of_each(counts, kept)]
    return out


def _repeated(values: np.ndarray, counts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return lists of `counts` cut, or repeated from their start, up to `wanted` (J,) values each; 0 for empty ones."""
    out = np.zeros(wanted.sum(), np.float32)
    start, count = np.repeat(np.cumsum(counts) - counts, wanted), np.repeat(counts, wanted)
    place = np.arange(len(out)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    filled = count > 0
    out[filled] = values[start[filled] + place[filled] % count[filled]]
    return out
