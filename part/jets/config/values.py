"""The values of a data config, checked for their type. Each function raises PartError naming the place."""

import math
from typing import Any

from part.errors import PartError


def mapping_of(value: Any, where: str) -> dict[Any, Any]:
    """Return a mapping, {} for None."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PartError(f"{where}: {str(value)[:60]!r}; expected names with values.")
    return value


def names_of(value: Any, where: str) -> tuple[str, ...]:
    """Return a list of names; a single name is a list of one."""
    values = [value] if isinstance(value, str) else value or []
    if not isinstance(values, list | tuple) or not all(isinstance(item, str) for item in values):
        raise PartError(f"{where}: {str(value)[:60]!r}; expected a list of names.")
    return tuple(values)


def text_of(value: Any, where: str) -> str | None:
    """Return a text or None."""
    if value is not None and not isinstance(value, str):
        raise PartError(f"{where}: {value!r}; expected a name.")
    return value


def number_of(value: Any, where: str) -> float:
    """Return a number, also one that YAML takes for text, such as 1e-3."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise PartError(f"{where}: {str(value)[:60]!r}; expected a number.") from None
    if math.isnan(number):
        raise PartError(f"{where}: {value!r}; expected a number.")
    return number


def fraction_of(value: Any, where: str) -> float:
    """Return a number above 0 and at most 1."""
    number = number_of(value, where)
    if not 0 < number <= 1:
        raise PartError(f"{where}: {number:g}; expected a number above 0, at most 1.")
    return number


def texts_of(value: Any, where: str) -> dict[str, str]:
    """Return a mapping of texts to texts, {} for None."""
    pairs = mapping_of(value, where)
    for pair in pairs.items():
        if not all(isinstance(item, str) for item in pair):
            raise PartError(f"{where}: {pair[0]!s}: {str(pair[1])[:60]!r}; expected names.")
    return pairs
