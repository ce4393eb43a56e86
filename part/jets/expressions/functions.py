"""Functions of numbers as expressions call them.

Each takes the scope first and has exactly the parameters that an expression may give, so that `out=`, `where=` and
their like do not exist.
"""

from collections.abc import Callable

import awkward as ak
import numpy as np

from part.jets.expressions import elementwise, numbers
from part.jets.expressions.elementwise import apply, describe
from part.jets.expressions.lists import Numbers, Value, n_dimensions
from part.jets.expressions.refused import Refused
from part.jets.expressions.scope import Scope


def unary(function: Callable) -> Callable:
    """Return a function of one column or number, element by element."""

    def call(scope: Scope, x: Value) -> Value:
        return apply(function, x)

    return call


def binary(function: Callable) -> Callable:
    """Return a function of two columns or numbers, element by element."""

    def call(scope: Scope, x1: Value, x2: Value) -> Value:
        return apply(function, x1, x2)

    return call


def of_numbers(name: str, function: Callable) -> Callable:
    """Return a function of Python's own numbers, such as math.sqrt."""

    def call(scope: Scope, *values: Value) -> Value:
        for value in values:
            if not isinstance(value, (int, float, np.generic)):
                raise Refused(f"{name} of {describe(value)}; expected a number, or the function of np")
        return numbers.bounded(function(*values))

    return call


def where(scope: Scope, condition: Value, x: Value, y: Value) -> Value:
    """Return ak.where or np.where."""
    return apply(elementwise.where, condition, x, y)


def round(scope: Scope, a: Value, decimals: Value = 0) -> Value:
    """Return np.round."""
    decimals = numbers.whole_number(decimals, "decimals")
    return apply(lambda value: np.round(value, decimals), a)


def clip(scope: Scope, a: Value, a_min: Value = None, a_max: Value = None) -> Value:
    """Return np.clip."""
    limits = [limit for limit in (a_min, a_max) if limit is not None]
    if a_min is None or a_max is None:
        return apply(np.maximum if a_max is None else np.minimum, a, *limits)
    return apply(np.clip, a, a_min, a_max)


def nan_to_num(scope: Scope, x: Value, nan: Value = 0.0, posinf: Value = None, neginf: Value = None) -> Value:
    """Return np.nan_to_num or ak.nan_to_num."""

    def replace(value: Value) -> Value:
        function = ak.nan_to_num if isinstance(value, ak.Array) else np.nan_to_num
        return function(value, nan=nan, posinf=posinf, neginf=neginf)

    return apply(replace, x)


def isclose(scope: Scope, a: Value, b: Value, rtol: Value = 1e-5, atol: Value = 1e-8) -> Value:
    """Return np.isclose."""
    return apply(lambda p, q: np.isclose(p, q, rtol=rtol, atol=atol), a, b)


def searchsorted(scope: Scope, a: Value, v: Value, side: Value = "left") -> Value:
    """Return the bin of each number, by np.searchsorted."""
    edges = numbers_of(a)
    return apply(lambda value: np.searchsorted(edges, value, side=side), v)


def digitize(scope: Scope, x: Value, bins: Value, right: Value = False) -> Value:
    """Return the bin of each number, by np.digitize."""
    edges = numbers_of(bins)
    return apply(lambda value: np.digitize(value, edges, right=bool(right)), x)


def isin(scope: Scope, element: Value, test_elements: Value) -> Value:
    """Return whether each number is in a list."""
    values = numbers_of(test_elements)
    return apply(lambda value: np.isin(value, values), element)


def numbers_of(values: Value) -> np.ndarray:
    """Return the numbers of a list."""
    if isinstance(values, tuple) and all(isinstance(item, (int, float, np.generic)) for item in values):
        return np.asarray(values)
    if isinstance(values, Numbers):
        return values.view(np.ndarray)
    raise Refused(f"{describe(values)} where a list of numbers is expected")


def like(name: str) -> Callable:
    """Return ones_like or zeros_like."""

    def call(scope: Scope, array: Value, dtype: Value = None) -> Value:
        def like(value: Value) -> Value:
            return getattr(ak if isinstance(value, ak.Array) else np, name)(value, dtype=dtype)

        return apply(like, array)

    return call


def full_like(scope: Scope, array: Value, fill_value: Value, dtype: Value = None) -> Value:
    """Return a column of one number in the form of another."""

    def like(value: Value) -> Value:
        return (ak if isinstance(value, ak.Array) else np).full_like(value, fill_value, dtype=dtype)

    return apply(like, array)


def cast(kind: np.dtype) -> Callable:
    """Return the function that converts numbers to a dtype."""

    def call(scope: Scope, array: Value) -> Value:
        def convert(value: Value) -> Value:
            return ak.values_astype(value, kind) if isinstance(value, ak.Array) else np.asarray(value).astype(kind)[()]

        return apply(convert, array)

    return call


def values_astype(scope: Scope, array: Value, to: Value) -> Value:
    """Return ak.values_astype."""
    return cast(np.dtype(to))(scope, array)


def filled(name: str) -> Callable:
    """Return np.ones or np.zeros."""

    def call(scope: Scope, shape: Value, dtype: Value = None) -> Value:
        return full(scope, shape, float(name == "ones"), dtype)

    return call


def full(scope: Scope, shape: Value, fill_value: Value, dtype: Value = None) -> Value:
    """Return np.full."""
    shape = tuple(
        numbers.whole_number(length, "length") for length in (shape if isinstance(shape, tuple) else (shape,))
    )
    scope.check_size(np.prod(shape, dtype=float))
    return np.full(shape, fill_value, dtype)


def array(scope: Scope, a: Value, dtype: Value = None) -> Value:
    """Return np.array: of numbers a table to look up, of columns their list, of a column itself."""
    if isinstance(a, tuple) and any(n_dimensions(item) for item in a):
        return a
    if isinstance(a, np.ndarray):
        return a if dtype is None else a.astype(dtype)
    return numbers_of(a).astype(dtype).view(Numbers) if dtype is not None else numbers_of(a).view(Numbers)


def length(scope: Scope, obj: Value) -> Value:
    """Return len, of a column the number of jets."""
    return len(obj)
