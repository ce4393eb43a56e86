"""Functions of numbers, element by element: on flat values with numpy, by awkward only for what is not flat.

Shapes: J jets, P constituents of all jets in a row.
"""

from collections.abc import Callable

import awkward as ak
import numpy as np

from part.jets.expressions.lists import Jagged, Lists, Value, to_awkward
from part.jets.expressions.refused import Refused


def apply(function: Callable, *arguments: Value) -> Value:
    """Return a function of numbers for each constituent, or for each jet if no argument has constituents.

    Numbers of the jets are repeated for their constituents. The function gets flat arrays and numbers, or ak.Array
    where an argument is one.
    """
    lists = None
    for argument in arguments:
        if type(argument) is Jagged:
            lists = argument.lists if lists is None else _same(lists, argument.lists)
    flat = []
    for argument in arguments:
        kind = type(argument)
        if kind is Jagged:
            flat.append(argument.values)
        elif kind is np.ndarray and lists is not None:
            if argument.ndim != 1:
                return _apply_awkward(function, arguments)
            _check_jets(len(argument), len(lists))
            flat.append(lists.repeat(argument))
        elif kind is ak.Array:
            return _apply_awkward(function, arguments)
        elif kind is np.ndarray or isinstance(argument, (int, float, np.generic)):
            flat.append(argument)
        else:
            raise Refused(f"{describe(argument)} where a column or a number is expected")
    if lists is not None:
        return Jagged(function(*flat), lists)
    _check_shapes(flat)
    return function(*flat)


def _same(lists: Lists, other: Lists) -> Lists:
    if not lists.same_as(other):
        _check_jets(len(other), len(lists))
        jet = int(np.argmax(lists.counts != other.counts))
        raise Refused(
            f"jet {jet} has {lists.counts[jet]} and {other.counts[jet]} constituents in columns that are combined; "
            "expected the same number"
        )
    return lists


def _check_jets(number: int, expected: int) -> None:
    if number != expected:
        raise Refused(f"columns of {number} and {expected} jets are combined; expected the same number")


def _check_shapes(flat: list[Value]) -> None:
    """Refuse outer products: no result is larger than its largest argument."""
    shapes = [value.shape for value in flat if isinstance(value, np.ndarray)]
    if any(shape != shapes[0] for shape in shapes[1:]):
        size = np.prod(np.broadcast_shapes(*shapes), dtype=float)
        if size > max(np.prod(shape, dtype=float) for shape in shapes):
            raise Refused(f"arrays of shapes {' and '.join(map(str, shapes))} are combined; expected equal shapes")


def _apply_awkward(function: Callable, arguments: tuple[Value, ...]) -> Value:
    """Apply a function by awkward's rules. All arrays have the same jets, so that the result cannot explode."""
    arrays = [to_awkward(argument) for argument in arguments]
    lengths = {len(array) for array in arrays if isinstance(array, ak.Array)}
    if len(lengths) > 1:
        _check_jets(*sorted(lengths)[:2])
    return function(*arrays)


def describe(value: Value) -> str:
    """Return what a value is, for messages."""
    if value is None or isinstance(value, (int, float, np.generic)):
        return f"{value}"
    names = {"Jagged": "a column of lists", "ndarray": "an array", "Array": "an array", "tuple": "a list"}
    names |= {"str": "a word", "slice": "a slice", "FourVectors": "four-momenta"}
    return names.get(type(value).__name__, "a dtype")


def power(a: Value, b: Value) -> Value:
    """Return np.power. The operator of arrays squares where the exponent is 2, but keeps bool in 8 bits."""
    return np.power(a, b) if isinstance(a, np.ndarray) and a.dtype == bool else a**b


def hypot(a: Value, b: Value) -> Value:
    """Return np.hypot. For float32 it is the rounded root in float64, since np.hypot is not vectorised."""
    arrays = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    if not arrays or a.dtype != np.float32 or b.dtype != np.float32:
        return np.hypot(a, b)
    root = np.square(a, dtype=np.float64)
    root += np.square(b, dtype=np.float64)
    root = np.sqrt(root, out=root).astype(np.float32)
    # Of infinity and NaN np.hypot makes infinity.
    return np.hypot(a, b) if np.isnan(root).any() else root


def remainder(a: Value, b: Value) -> Value:
    """Return np.remainder. Angles within one turn of [0, b) are shifted, which is much faster and gives the same."""
    if not (isinstance(a, np.ndarray) and a.dtype.kind == "f" and a.size and type(b) in (int, float)):
        return np.remainder(a, b)
    period = a.dtype.type(b)
    if not (0 < period < np.inf and a.min() >= -period and a.max() < 2 * period):
        return np.remainder(a, b)
    shift = np.multiply(a < 0, period, dtype=a.dtype)
    shift -= np.multiply(a >= period, period, dtype=a.dtype)
    shift += a
    return shift


def where(condition: Value, a: Value, b: Value) -> Value:
    """Return ak.where: numbers count as arrays of bool, int64 or float64, not as numpy's flexible Python numbers."""
    if any(isinstance(value, ak.Array) for value in (condition, a, b)):
        return ak.where(condition, a, b)
    return np.where(condition, _typed(a), _typed(b))


def _typed(value: Value) -> Value:
    kinds = {bool: np.bool_, int: np.int64, float: np.float64}
    return kinds[type(value)](value) if type(value) in kinds else value
