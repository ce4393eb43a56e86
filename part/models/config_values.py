"""The types and ranges of the values of a model's configuration, which may come from a file."""

import math
from dataclasses import Field, fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from part.errors import PartError
from part.limits import MAX_LAYERS, MAX_WIDTH, shorten

_NAMES = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "truth values"),
    str: ("a word", "words"),
    type(None): ("nothing", "nothing"),
}
_LAYERS = ("layers", "class_layers", "edge_layers", "units")  # how many of them there are
_POSITIVE = ("inputs", "classes", "heads", "ffn_ratio", "slots", "length", "neighbours", "edge_layers")


def check_values(config: Any) -> None:
    """Check all fields of a configuration against their annotations, and their sizes.

    Raises
    ------
    PartError
        Naming the field of the first value of another type, or that is beyond what a network can have.
    """
    hints = get_type_hints(type(config))
    for item in fields(config):
        value, hint = getattr(config, item.name), hints[item.name]
        if not _fits(value, hint):
            raise PartError(f"The {item.name} of {config.model} is {shorten(repr(value))}; expected {_describe(hint)}.")
        for number in _numbers(value):
            _check_number(config.model, item, number)


def _check_number(model: str, item: Field, number: float) -> None:
    if item.name == "dropout":
        if not 0 <= number < 1:
            raise PartError(f"The dropout of {model} is {number}; expected at least 0 and less than 1.")
        return
    least = 1 if item.name in _POSITIVE else 0
    most = MAX_LAYERS if item.name in _LAYERS else MAX_WIDTH
    if not (math.isfinite(number) and least <= number <= most):
        raise PartError(f"The {item.name} of {model} is {shorten(number)}; expected {least} to {most:,}.")


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value is of an annotated type; a bool is no number, and an int is a float as well."""
    if hint is Any:  # the value of another field
        return isinstance(value, bool | int | float | str | tuple | None)
    kinds = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, kind) for kind in kinds)
    if get_origin(hint) is tuple:
        if not isinstance(value, tuple):
            return False
        if kinds[-1] is Ellipsis:
            return all(_fits(item, kinds[0]) for item in value)
        return len(value) == len(kinds) and all(map(_fits, value, kinds))
    if isinstance(value, bool) or hint is bool:
        return isinstance(value, bool) and hint is bool
    return isinstance(value, int | float if hint is float else hint)


def _numbers(value: Any) -> list[float]:
    """Return all numbers in a value and the tuples in it."""
    if isinstance(value, tuple):
        return [number for item in value for number in _numbers(item)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def _describe(hint: Any, several: bool = False) -> str:
    """Return how a sentence calls a value of a type, or several of them."""
    kinds = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_describe(kind, several) for kind in kinds)
    if get_origin(hint) is tuple:
        items = _describe(kinds[0], True) if kinds[-1] is Ellipsis else " and ".join(map(_describe, kinds))
        return f"{'lists' if several else 'a list'} of {items}"
    one, more = _NAMES.get(hint, ("a value", "values"))
    return more if several else one
