"""Arithmetic of Python's own numbers, which know no bound: it is kept to 64 bits."""

import operator
from collections.abc import Callable

import numpy as np

from part.jets.expressions.elementwise import power, remainder
from part.jets.expressions.refused import Refused

LARGEST_INTEGER = 2**63 - 1
LARGEST_SHIFT = 63
Number = bool | int | float
_OPERATORS: dict[Callable, Callable] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.floor_divide: operator.floordiv,
    np.bitwise_and: operator.and_,
    np.bitwise_or: operator.or_,
    np.bitwise_xor: operator.xor,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    remainder: operator.mod,
    np.negative: operator.neg,
    np.positive: operator.pos,
    np.invert: lambda value: ~operator.index(value),
}


def is_number(value: object) -> bool:
    """Return whether a value is one of Python's own numbers."""
    return type(value) in (bool, int, float)


def bounded(value: Number) -> Number:
    """Return a number. Raises Refused for an integer of more than 64 bits."""
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise Refused(f"an integer of {value.bit_length()} bits; expected at most 64")
    return value


def unary(function: Callable, value: Number) -> Number:
    """Return -, + or ~ of a number, given by numpy's function for it."""
    return bounded(_OPERATORS[function](int(value) if isinstance(value, bool) else value))


def binary(function: Callable, a: Number, b: Number) -> Number:
    """Return what Python makes of two numbers and an operator, given by numpy's function for it."""
    if function is power:
        return _power(a, b)
    if function in (np.left_shift, np.right_shift):
        return _shift(function, a, b)
    return bounded(_OPERATORS[function](a, b))


def _power(base: Number, exponent: Number) -> Number:
    """Return base ** exponent. Raises Refused, before computing it, for what cannot fit into 64 bits."""
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 1:
        bits = (abs(base).bit_length() - 1) * exponent
        if bits > LARGEST_SHIFT:
            raise Refused(f"a power of at least {bits:.3g} bits; expected at most 64")
    result = base**exponent
    if isinstance(result, complex):
        raise Refused("the root of a negative number; expected a real one")
    return bounded(result)


def _shift(function: Callable, value: Number, bits: Number) -> Number:
    """Return value << bits or value >> bits. Raises Refused for shifts of more than 63 bits."""
    if not (isinstance(bits, int) and 0 <= bits <= LARGEST_SHIFT):
        raise Refused(f"a shift by {bits} bits; expected 0 to {LARGEST_SHIFT}")
    return bounded((operator.lshift if function is np.left_shift else operator.rshift)(value, bits))


def whole_number(value: object, what: str) -> int:
    """Return a value that has to be an integer, such as an axis."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    raise Refused(f"{what} {value if is_number(value) else type(value).__name__}; expected an integer")
