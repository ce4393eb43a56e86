"""Functions that join, reduce, sort and reshape columns.

Each takes the scope first and has exactly the parameters that an expression may give. None lets jets know of each
other, so that a result does not depend on which jets are read together. Shapes: J jets, P constituents of all jets.
"""

from collections.abc import Callable
from functools import partial

import awkward as ak
import numpy as np

from part.jets.expressions.elementwise import apply, describe
from part.jets.expressions.lists import Jagged, Lists, Value, n_dimensions, n_numbers, to_awkward
from part.jets.expressions.numbers import whole_number
from part.jets.expressions.refused import Refused
from part.jets.expressions.scope import Scope
from part.jets.expressions.vectors import FourVectors


def columns_of(arrays: Value, what: str) -> tuple[Value, ...]:
    """Return the columns of a list."""
    if not isinstance(arrays, tuple) or not arrays:
        raise Refused(f"{what} of {describe(arrays)}; expected a list of columns")
    for array in arrays:
        if not n_dimensions(array) and not isinstance(array, (int, float, np.generic)):
            raise Refused(f"{what} of {describe(array)}; expected a list of columns")
    return arrays


def inner_axis(array: Value, axis: Value) -> int:
    """Return an axis, checked to lie inside the jets, as awkward and numpy count them for this array."""
    dimensions = n_dimensions(array)
    if axis is None or dimensions < 2:
        raise Refused(f"axis {axis} of {describe(array)} mixes jets; expected an axis inside the jets, such as axis=1")
    axis = whole_number(axis, "axis")
    if axis % dimensions == 0 or not -dimensions <= axis < dimensions:
        raise Refused(f"axis {axis} mixes jets; expected an axis inside the jets, such as axis=1")
    return axis


def by_awkward(function: Callable, array: Value, *arguments: Value, **options: Value) -> Value:
    """Return what a function of awkward makes of an array."""
    if not n_dimensions(array):
        raise Refused(f"{describe(array)} where a column is expected")
    if any(isinstance(argument, (tuple, str)) for argument in arguments):
        raise Refused("a list or a text where a column or a number is expected")
    return function(to_awkward(array), *(to_awkward(argument) for argument in arguments), **options)


def reduction(name: str) -> Callable:
    """Return the sum, maximum, ... along an axis inside the jets, or over a list of columns."""
    of_awkward = getattr(ak, name)
    of_numpy = getattr(np, name, None)

    def reduce(
        scope: Scope, array: Value, axis: Value = None, keepdims: Value = False, mask_identity: Value = None
    ) -> Value:
        if isinstance(array, tuple):
            if of_numpy is None or axis != 0 or keepdims is not False:
                raise Refused(f"{name} of a list of columns; expected axis=0 or np.stack([...], axis=1)")
            return over_columns(scope, partial(of_numpy, axis=0), array)
        axis = inner_axis(array, axis)
        if isinstance(array, FourVectors):
            raise Refused(f"{name} of four-momenta; expected {name} of .px, .py, .pz and .energy")
        options = {} if mask_identity is None else {"mask_identity": bool(mask_identity)}
        return by_awkward(of_awkward, array, axis=axis, keepdims=bool(keepdims), **options)

    return reduce


def over_columns(scope: Scope, function: Callable, arrays: Value) -> Value:
    """Return a function of the columns of a list, stacked along a new first axis."""
    arrays = columns_of(arrays, "a reduction")
    scope.check_size(len(arrays) * max(n_numbers(array) for array in arrays))
    return apply(lambda *flat: function(np.stack(np.broadcast_arrays(*flat))), *arrays)


def reduce_columns(ufunc: np.ufunc) -> Callable:
    """Return np.maximum.reduce and its like, for a list of columns."""

    def reduce(scope: Scope, arrays: Value, axis: Value = 0) -> Value:
        if axis != 0:
            raise Refused("`.reduce` along another axis than 0; expected a list of columns and axis=0")
        return over_columns(scope, partial(ufunc.reduce, axis=0), arrays)

    return reduce


def spread(name: str) -> Callable:
    """Return the standard deviation or the variance along an axis inside the jets."""

    def reduce(scope: Scope, x: Value, ddof: Value = 0, axis: Value = None, keepdims: Value = False) -> Value:
        return by_awkward(getattr(ak, name), x, ddof=ddof, axis=inner_axis(x, axis), keepdims=bool(keepdims))

    return reduce


def stack(scope: Scope, arrays: Value, axis: Value = 0) -> Value:
    """Return np.stack of columns of numbers. Along the first axis that is their list, which is reduced by axis=0."""
    arrays = columns_of(arrays, "np.stack")
    _check_total(scope, arrays)
    if axis == 0:
        return arrays
    return np.stack([_rectangular(array) for array in arrays], axis=whole_number(axis, "axis"))


def _rectangular(array: Value) -> np.ndarray:
    try:
        return ak.to_numpy(to_awkward(array), allow_missing=False)
    except ValueError as error:
        raise Refused(
            "lists of different lengths; expected numbers of the jets, or ak.concatenate([...], axis=1)"
        ) from error


def concatenate(scope: Scope, arrays: Value, axis: Value = 0) -> Value:
    """Return ak.concatenate or np.concatenate."""
    arrays = columns_of(arrays, "concatenate")
    _check_total(scope, arrays)
    axis = whole_number(axis, "axis")
    if all(isinstance(array, np.ndarray) for array in arrays):
        return np.concatenate(arrays, axis=axis)
    return ak.concatenate([to_awkward(array) for array in arrays], axis=axis)


def _check_total(scope: Scope, arrays: tuple[Value, ...]) -> None:
    largest = max(n_numbers(array) for array in arrays)
    scope.check_size(sum(max(n_numbers(array), largest if not n_dimensions(array) else 0) for array in arrays))


def cumsum(scope: Scope, a: Value, axis: Value = None) -> Value:
    """Return np.cumsum along an axis inside the jets."""
    return np.cumsum(_rectangular(a), axis=inner_axis(a, axis))


def sort(scope: Scope, array: Value, axis: Value = -1, ascending: Value = True, stable: Value = True) -> Value:
    """Return ak.sort along an axis inside the jets."""
    return by_awkward(ak.sort, array, axis=inner_axis(array, axis), ascending=bool(ascending), stable=bool(stable))


def argsort(scope: Scope, array: Value, axis: Value = -1, ascending: Value = True, stable: Value = True) -> Value:
    """Return ak.argsort along an axis inside the jets."""
    return by_awkward(ak.argsort, array, axis=inner_axis(array, axis), ascending=bool(ascending), stable=bool(stable))


def num(scope: Scope, array: Value, axis: Value = 1) -> Value:
    """Return ak.num, the number of constituents."""
    if isinstance(array, Jagged) and axis in (1, -1):
        return array.lists.counts
    if isinstance(array, FourVectors):
        return num(scope, array.coordinates[0], axis)
    return by_awkward(ak.num, array, axis=inner_axis(array, axis))


def flatten(scope: Scope, array: Value, axis: Value = 1) -> Value:
    """Return ak.flatten; of lists the values (P,) of all jets in a row."""
    if isinstance(array, Jagged) and axis in (1, -1, None):
        return array.values
    return by_awkward(ak.flatten, array, axis=axis if axis is None else whole_number(axis, "axis"))


def ravel(scope: Scope, array: Value) -> Value:
    """Return ak.ravel."""
    return flatten(scope, array, None)


def unflatten(scope: Scope, array: Value, counts: Value) -> Value:
    """Return ak.unflatten: lists of these lengths (J,) from the values (P,)."""
    if isinstance(array, np.ndarray) and array.ndim == 1 and isinstance(counts, np.ndarray) and counts.ndim == 1:
        if counts.dtype.kind not in "iu" or (counts < 0).any() or counts.sum() != len(array):
            raise Refused(f"counts that do not add up to the {len(array)} values; expected the lengths of the lists")
        return Jagged(array, scope.shared(Lists(counts.astype(np.int64))))
    return by_awkward(ak.unflatten, array, counts)


def singletons(scope: Scope, array: Value) -> Value:
    """Return ak.singletons: for each jet a list of its number, empty where that is missing."""
    if isinstance(array, np.ndarray) and array.ndim == 1:
        return Jagged(array, scope.shared(Lists(np.ones(len(array), np.int64))))
    return by_awkward(ak.singletons, array)


def firsts(scope: Scope, array: Value, axis: Value = 1) -> Value:
    """Return ak.firsts, the first of each list."""
    return by_awkward(ak.firsts, array, axis=inner_axis(array, axis))


def pad_none(scope: Scope, array: Value, target: Value, axis: Value = 1, clip: Value = False) -> Value:
    """Return ak.pad_none, lists filled up with missing values."""
    target = whole_number(target, "target")
    scope.check_size(n_numbers(array) + len(array) * abs(target))
    return by_awkward(ak.pad_none, array, target, axis=inner_axis(array, axis), clip=bool(clip))


def fill_none(scope: Scope, array: Value, value: Value, axis: Value = -1) -> Value:
    """Return ak.fill_none."""
    return by_awkward(ak.fill_none, array, value, axis=axis)


def is_none(scope: Scope, array: Value, axis: Value = 0) -> Value:
    """Return ak.is_none."""
    return by_awkward(ak.is_none, array, axis=whole_number(axis, "axis"))


def drop_none(scope: Scope, array: Value, axis: Value = -1) -> Value:
    """Return ak.drop_none inside the jets."""
    return by_awkward(ak.drop_none, array, axis=inner_axis(array, axis))


def mask(scope: Scope, array: Value, mask: Value, valid_when: Value = True) -> Value:
    """Return ak.mask."""
    return by_awkward(ak.mask, array, mask, valid_when=bool(valid_when))


def local_index(scope: Scope, array: Value, axis: Value = -1) -> Value:
    """Return ak.local_index, the position of each constituent in its jet."""
    if isinstance(array, Jagged) and axis in (1, -1):
        return Jagged(array.lists.positions(), array.lists)
    return by_awkward(ak.local_index, array, axis=inner_axis(array, axis))


def to_numpy(scope: Scope, array: Value) -> Value:
    """Return ak.to_numpy."""
    return array if isinstance(array, np.ndarray) else ak.to_numpy(to_awkward(array), allow_missing=False)
