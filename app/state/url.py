"""Dataclass fields that are parameters of the URL, in both directions.

A state is a frozen dataclass whose fields `url_field` makes. In the URL layers, heads, constituents and models
count from 1, in a state from 0; jets count from 0 in both, as in files.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, field, fields
from typing import Any, TypeVar, cast

S = TypeVar("S")
Parser = Callable[[Sequence[str]], Any]  # all values of a parameter -> what the field holds; ValueError if it cannot be


def text(values: Sequence[str]) -> str:
    return values[-1]


def url_field(
    default: Any, parse: Parser = text, name: str | None = None, one_based: bool = False, write: Callable = str
) -> Any:
    """Return a dataclass field that is also a parameter of the URL.

    Parameters
    ----------
    default : any
        The field's default, which the URL leaves out.
    parse : callable
        From the parameter's values to the field's; it raises ValueError for what makes no sense.
    name : str, optional
        The parameter's name, where it is not the field's.
    one_based : bool
        Whether the URL counts from 1 what the field counts from 0.
    write : callable
        From the field's value, or one item of a tuple of texts, to a value of the parameter.
    """
    return field(
        default=default, metadata={"parse": parse, "parameter": name, "offset": int(one_based), "write": write}
    )


def parameter(item: Field) -> str:
    """Return the name of a field in the URL."""
    return item.metadata["parameter"] or item.name


def to_url(state: Any) -> dict[str, list[str]]:
    """Return the query parameters of a state; what has its default value is left out."""
    values = {item: getattr(state, item.name) for item in fields(state)}
    return {parameter(item): _write(item, value) for item, value in values.items() if value != item.default}


def from_url(cls: type[S], params: Mapping[str, Sequence[str]]) -> S:
    """Return the inverse of `to_url`; a value that makes no sense falls back to its default, alone."""
    values = {}
    for item in fields(cast(Any, cls)):
        if values_in_url := params.get(parameter(item)):
            try:
                values[item.name] = _read(item, values_in_url)
            except ValueError:
                continue
    return cls(**values)


def unreadable(cls: type, params: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the parameters of a state whose values make no sense, as "name=value"."""
    found = []
    for item in fields(cls):
        if values_in_url := params.get(parameter(item)):
            try:
                _read(item, values_in_url)
            except ValueError:
                found.append(f"{parameter(item)}={values_in_url[-1][:40]}")
    return found


def _write(item: Field, value: Any) -> list[str]:
    if isinstance(value, tuple) and item.metadata["write"] is str:
        return list(value)
    return [item.metadata["write"](value + 1 if item.metadata["offset"] else value)]


def _read(item: Field, values_in_url: Sequence[str]) -> Any:
    value = item.metadata["parse"](values_in_url)
    return value - 1 if item.metadata["offset"] else value


def flag(values: Sequence[str]) -> bool:
    return values[-1] == "True"


def whole_number(low: int, high: int) -> Parser:
    """Return a parser of whole numbers within limits."""

    def parse(values: Sequence[str]) -> int:
        return _within(int(values[-1]), low, high)

    return parse


def number(low: float, high: float) -> Parser:
    """Return a parser of numbers within limits."""

    def parse(values: Sequence[str]) -> float:
        return _within(float(values[-1]), low, high)

    return parse


def one_of(options: Sequence[str]) -> Parser:
    """Return a parser that takes nothing but these texts."""

    def parse(values: Sequence[str]) -> str:
        if values[-1] not in options:
            raise ValueError
        return values[-1]

    return parse


def interval(kind: Callable[[str], Any]) -> Parser:
    """Return a parser of "low-high", both not negative."""

    def parse(values: Sequence[str]) -> tuple:
        low, high = (kind(value) for value in values[-1].split("-"))
        if not 0 <= low <= high < 1e9:
            raise ValueError
        return low, high

    return parse


def write_interval(value: tuple[float, float]) -> str:
    return f"{value[0]:g}-{value[1]:g}"


def head_place(values: Sequence[str]) -> tuple[int, int]:
    """Return layer and head, from 0, of "layer:head", which count from 1."""
    layer, head = (_within(int(value), 1, 100) - 1 for value in values[-1].split(":"))
    return layer, head


def write_head(value: tuple[int, int]) -> str:
    return f"{value[0] + 1}:{value[1] + 1}"


def texts(most: int | None = None) -> Parser:
    """Return a parser of a parameter that may come several times: each text once, at most so many."""
    return lambda values: tuple(dict.fromkeys(value for value in values if value))[:most]


def _within(value: Any, low: float, high: float) -> Any:
    if not low <= value <= high:
        raise ValueError
    return value
