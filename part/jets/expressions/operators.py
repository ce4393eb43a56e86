"""The operators of expressions, for Python's own numbers, columns, four-momenta and records."""

import ast
from collections.abc import Callable

import numpy as np

from part.jets.expressions import numbers
from part.jets.expressions.elementwise import apply, describe, power, remainder
from part.jets.expressions.lists import Value
from part.jets.expressions.refused import Refused
from part.jets.expressions.vectors import PROPERTIES, FourVectors, combined

BINARY: dict[type[ast.AST], Callable] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: remainder,
    ast.Pow: power,
    ast.BitAnd: np.bitwise_and,
    ast.BitOr: np.bitwise_or,
    ast.BitXor: np.bitwise_xor,
    ast.LShift: np.left_shift,
    ast.RShift: np.right_shift,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
UNARY: dict[type[ast.AST], Callable] = {ast.USub: np.negative, ast.UAdd: np.positive, ast.Invert: np.invert}


def binary(function: Callable, a: Value, b: Value) -> Value:
    """Return the result of one of BINARY."""
    if type(a) is FourVectors or type(b) is FourVectors:
        return combined(function, a, b)
    if numbers.is_number(a) and numbers.is_number(b):
        return numbers.binary(function, a, b)
    return apply(function, a, b)


def unary(function: Callable, value: Value) -> Value:
    """Return the result of one of UNARY."""
    return numbers.unary(function, value) if numbers.is_number(value) else apply(function, value)


def field(value: Value, name: str) -> Value:
    """Return a quantity of four-momenta or a field of records."""
    if isinstance(value, FourVectors) and name in PROPERTIES:
        return value.component(name)
    if name in getattr(value, "fields", ()):
        return value[name]
    raise Refused(f".{name} of {describe(value)}; expected a quantity of four-momenta or a field of records")
