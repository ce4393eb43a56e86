"""What Python's operators, its own functions and the methods of its containers do to the literals of a network file.

Each function returns an unknown value where Python would raise, or where the result would be large.
"""

import ast
import copy
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from part.models.checkpoints.network.values import (
    MAX_EXPONENT,
    MAX_ITEMS,
    REST,
    Unknown,
    is_closed,
    is_literal,
    is_moderate,
    size_of,
    unknown,
)

FAILURES = (TypeError, ValueError, ZeroDivisionError, OverflowError, KeyError, IndexError, AttributeError)
_NUMBERS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: lambda a, b: a is b if a is None or b is None else a == b,
    ast.IsNot: lambda a, b: a is not b if a is None or b is None else a != b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,  # codespell:ignore
}
_UNARY: Mapping[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "len": len,
    "int": int,
    "float": float,
    "bool": bool,
    "abs": abs,
    "max": max,
    "min": min,
    "sum": sum,
    "round": round,
    "list": list,
    "tuple": tuple,
    "range": range,
    "dict": lambda *args, **keywords: dict(*args, **keywords),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
}


def binary(node: ast.BinOp | ast.AugAssign, left: Any, right: Any) -> Any:
    """Return the value of an operator between two values."""
    kind = type(node.op)
    if isinstance(left, dict) and isinstance(right, dict) and kind is ast.BitOr:
        return left | right
    if kind not in _NUMBERS or not (is_literal(left) and is_literal(right)):
        return unknown(node, left, right)
    sequences = isinstance(left, list | tuple | str) or isinstance(right, list | tuple | str)
    if kind is ast.Pow and not (_is_number(left) and _is_number(right) and abs(right) <= MAX_EXPONENT):
        return unknown(node, left, right)
    if kind is ast.Mod and sequences:
        return unknown(node, left, right)  # formats a text
    if kind is ast.Mult and sequences and _product(left, right) > MAX_ITEMS:
        return unknown(node, left, right)
    return _moderate(node, _NUMBERS[kind], left, right)


def unary(node: ast.UnaryOp, value: Any) -> Any:
    """Return the value of an operator before a value."""
    if type(node.op) not in _UNARY or not is_literal(value):
        return unknown(node, value)
    return _moderate(node, _UNARY[type(node.op)], value)


def compare(node: ast.Compare, values: Sequence[Any]) -> Any:
    """Return the value of a chain of comparisons."""
    if not all(map(is_literal, values)) or any(size_of(value) > MAX_ITEMS for value in values):
        return unknown(node, *values)
    for comparison, left, right in zip(node.ops, values[:-1], values[1:], strict=True):
        keys_alone = not isinstance(comparison, ast.Eq | ast.NotEq) and isinstance(right, dict)
        if not is_closed(left) or not (keys_alone or is_closed(right)):
            return unknown(node)
        if keys_alone and REST in right:
            return unknown(node)
        result = _moderate(node, _COMPARISONS[type(comparison)], left, right)
        if isinstance(result, Unknown) or not result:
            return result
    return True


def item(node: ast.Subscript, container: Any, index: Any) -> Any:
    """Return an item, or a slice, of a container."""
    if not isinstance(container, dict | list | tuple | str | range) or isinstance(index, Unknown):
        return unknown(node, container, index)
    try:
        return container[index]
    except FAILURES:
        return unknown(node)


def call_function(node: ast.Call, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Return what one of Python's own functions returns, or None where it is not one that is followed."""
    function = _FUNCTIONS.get(name)
    if function is None:
        return None
    if name == "dict" and len(args) <= 1 and all(isinstance(a, dict | list | tuple) for a in args):
        return _moderate(node, function, *args, **keywords)
    values = [*args, *keywords.values()]
    if not all(map(is_literal, values)) or (name not in ("len", "list", "tuple") and not all(map(is_closed, args))):
        if name.startswith("copy.") and len(args) == 1 and isinstance(args[0], dict | list | tuple):
            return function(args[0])
        return unknown(node, *values)
    return _moderate(node, function, *args, **keywords)


def call_method(node: ast.Call, value: Any, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Return what a method of a dict, a list or a tuple returns, and change the value as it does."""
    if isinstance(value, dict):
        return _dict_method(node, value, name, args, keywords)
    if isinstance(value, list) and not keywords:
        if name == "append" and len(args) == 1:
            value.append(args[0])
        elif name == "extend" and len(args) == 1 and isinstance(args[0], list | tuple):
            value.extend(args[0][:MAX_ITEMS])
        elif name == "copy":
            return list(value)
        elif name not in ("index", "count"):
            value[:] = [unknown(node)]  # sort, insert, pop: an order that is not followed
        if size_of(value) > MAX_ITEMS:
            value[:] = [unknown(node)]
        return None if name in ("append", "extend") else unknown(node)
    if isinstance(value, str) and name in ("lower", "upper", "strip") and not args:
        return getattr(value, name)()
    return unknown(node, value)


def _dict_method(node: ast.Call, value: dict, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    if name == "update" and len(args) <= 1:
        added = update(value, args[0] if args else {})
        value.update(keywords)
        return None if added else unknown(node, *args)
    if name == "copy" and not args:
        return dict(value)
    if name == "clear" and not args:
        value.clear()
        return None
    if name in ("keys", "values", "items") and not args and REST not in value:
        return [tuple(x) if isinstance(x, tuple) else x for x in getattr(value, name)()]
    if name not in ("get", "pop", "setdefault") or not 1 <= len(args) <= 2 or not isinstance(args[0], str | int):
        if name in ("pop", "popitem", "setdefault", "update", "__setitem__"):
            value[REST] = unknown(node)
        return unknown(node, value)
    if args[0] in value or REST in value or (name == "pop" and len(args) == 1):
        found = value.get(args[0], unknown(node))
        if name == "pop":
            value.pop(args[0], None)
        return found
    default = args[1] if len(args) == 2 else None
    if name == "setdefault":
        value[args[0]] = default
    return default


def update(value: dict, other: Any) -> bool:
    """Update a dict by a mapping or by pairs, and return whether they are known."""
    if isinstance(other, dict):
        value.update(other)
        return True
    if isinstance(other, list | tuple) and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in other):
        value.update({key: v for key, v in other if isinstance(key, str)})
        return True
    value[REST] = other if isinstance(other, Unknown) else Unknown(type(other).__name__)
    return False


def _moderate(node: ast.AST, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    try:
        result = function(*args, **keywords)
    except FAILURES:
        return unknown(node)
    return result if is_literal(result) and is_moderate(result) else unknown(node)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _product(left: Any, right: Any) -> int:
    count, sequence = (left, right) if isinstance(left, int) else (right, left)
    return count * size_of(sequence) if isinstance(count, int) else MAX_ITEMS + 1
