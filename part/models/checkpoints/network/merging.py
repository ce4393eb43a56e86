"""What two ways through a network file agree in, where the file alone does not decide which is taken."""

from typing import Any

from part.models.checkpoints.network.signatures import network_name
from part.models.checkpoints.network.values import MAX_TEXT, Definition, Instance, Unknown, show

_ABSENT = Unknown("not given")


def merge(first: Any, second: Any, condition: str) -> Any:
    """Return what two values have in common; what differs becomes unknown. A dict and an object are changed in place.

    Parameters
    ----------
    first, second : object
        The value if the condition is true, and if it is not.
    condition : str
        The text of the condition.
    """
    return _merge(first, second, condition, set())


def _merge(first: Any, second: Any, condition: str, seen: set[int]) -> Any:
    if first is second or id(first) in seen:
        return first
    if isinstance(first, dict) and isinstance(second, dict):
        seen.add(id(first))
        for key in [*first, *(key for key in second if key not in first)]:
            values = first.get(key, _ABSENT), second.get(key, _ABSENT)
            first[key] = _merge(*values, condition, seen)
        return first
    if isinstance(first, list | tuple) and type(first) is type(second) and len(first) == len(second):
        if isinstance(first, list):
            seen.add(id(first))
        merged = [_merge(a, b, condition, seen) for a, b in zip(first, second, strict=True)]
        if isinstance(first, tuple):
            return tuple(merged)
        first[:] = merged
        return first
    if isinstance(first, Instance) and isinstance(second, Instance) and first.name == second.name:
        seen.add(id(first))
        _merge(first.keywords, second.keywords, condition, seen)
        _merge(first.attributes, second.attributes, condition, seen)
        first.base = _merge(first.base, second.base, condition, seen)
        return first
    if _is_same(first, second):
        return first
    text = f"{show(first)} if {condition} else {show(second)}"
    return Unknown(text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…")


def _is_same(first: Any, second: Any) -> bool:
    if isinstance(first, Unknown) and isinstance(second, Unknown):
        return first == second or (
            network_name(first.text) != "" and network_name(first.text) == network_name(second.text)
        )
    if isinstance(first, Definition) and isinstance(second, Definition):
        return first.node is second.node
    scalars = isinstance(first, bool | int | float | str) and isinstance(second, bool | int | float | str)
    return scalars and first == second
