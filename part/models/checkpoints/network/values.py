"""What is known of a value in a network file: a literal, an object of the file, or only the text that it comes from.

Literals are plain Python values, so that a change of a dict is seen by all names that it has.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

MAX_ITEMS = 10_000  # of a literal with all that it holds, and of a text
MAX_NUMBER, MAX_EXPONENT = 10**15, 64
MAX_TEXT = 160
REST = "**"  # the key of a dict for what an unknown mapping may have added to it


class _Shared:
    """An object that a copy of the names shares, because nothing changes it."""

    def __deepcopy__(self, memo: dict) -> Self:
        return self


@dataclass(frozen=True)
class Unknown(_Shared):
    """A value that the file does not state.

    Attributes
    ----------
    text : str
        The expression that it comes from.
    from_data : bool
        Whether only the data config decides it.
    built : str
        The name of the class of another file that makes it, if the call of a class does.
    """

    text: str
    from_data: bool = False
    built: str = ""


@dataclass(frozen=True)
class DataConfig(_Shared):
    """The argument of get_model that describes the data, as far as the caller knows it.

    Attributes
    ----------
    inputs : mapping or None
        The names of the variables of each group, in order.
    classes : int or None
        The number of labels.
    """

    inputs: Mapping[str, Sequence[str]] | None
    classes: int | None

    def attribute(self, name: str) -> Any:
        """Return what the attribute of weaver-core's data config of this name would be."""
        unknown = Unknown(f"data_config.{name}", True)
        if name == "label_value" and self.classes is not None:
            return [unknown] * self.classes
        if self.inputs is not None:
            if name == "input_dicts":
                return {group: list(variables) for group, variables in self.inputs.items()}
            if name == "input_shapes":
                return {group: (-1, len(variables), unknown) for group, variables in self.inputs.items()}
            if name == "input_names":
                return list(self.inputs)
        return unknown


@dataclass(eq=False)
class Scope:
    """The names of a module or of a call, and the scope around it."""

    names: dict[str, Any] = field(default_factory=dict)
    around: "Scope | None" = None

    def find(self, name: str) -> Any:
        """Return the value of a name; for a name without one an unknown value of this text."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.around
        return Unknown(name)


@dataclass(frozen=True, eq=False)
class Definition(_Shared):
    """A function or a class that the file defines, and where."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    scope: Scope

    @property
    def name(self) -> str:
        return self.node.name

    def method(self, name: str) -> ast.FunctionDef | None:
        """Return the method of this name that the class itself defines."""
        return next((n for n in self.node.body if isinstance(n, ast.FunctionDef) and n.name == name), None)


@dataclass(eq=False)
class Instance:
    """An object of a network's class, or of a class of the file.

    Attributes
    ----------
    name : str
        The name of its class.
    line : int
        Where it is made.
    origin : str
        The dotted name that it was imported by; "" for a class of the file.
    definition : Definition or None
        Its class, if the file has it.
    keywords : dict
        What its constructor was called with.
    attributes : dict
        What its constructor stored.
    base : Instance or None
        The network that it is a subclass of.
    """

    name: str
    line: int
    origin: str = ""
    definition: Definition | None = None
    keywords: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    base: "Instance | None" = None


@dataclass(frozen=True, eq=False)
class Method(_Shared):
    """A method of an object, or of what its class is derived from."""

    instance: Instance
    owner: Definition
    node: ast.FunctionDef


@dataclass(frozen=True, eq=False)
class Super:
    """What super() means in a method: the object, and the class whose bases are searched."""

    instance: Instance
    owner: Definition


def text_of(node: ast.AST) -> str:
    """Return the text of an expression on one line, cut where it is long."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def unknown(node: ast.AST, *operands: Any) -> Unknown:
    """Return the unknown value of an expression; it comes from the data if all its unknown operands do."""
    open_operands = [value for value in operands if isinstance(value, Unknown)]
    return Unknown(text_of(node), bool(open_operands) and all(value.from_data for value in open_operands))


def is_literal(value: Any) -> bool:
    """Return whether a value is a number, a text, a list or the like, whatever it holds."""
    return value is None or isinstance(value, bool | int | float | str | list | tuple | dict | range)


def size_of(value: Any) -> int:
    """Return how many values a literal holds, itself included; more than MAX_ITEMS is not counted on."""
    waiting, size = [value], 0
    while waiting and size <= MAX_ITEMS:
        item = waiting.pop()
        size += 1
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
        elif isinstance(item, str | range):
            size += len(item)
        if len(waiting) > MAX_ITEMS:
            return len(waiting)
    return size


def is_moderate(value: Any) -> bool:
    """Return whether a literal is small enough to go on with."""
    if isinstance(value, int):
        return abs(value) <= MAX_NUMBER
    return size_of(value) <= MAX_ITEMS


def is_closed(value: Any) -> bool:
    """Return whether a value is a literal that holds nothing unknown."""
    if isinstance(value, dict):
        return all(map(is_closed, value.values()))
    return all(map(is_closed, value)) if isinstance(value, list | tuple) else is_literal(value)


def only_from_data(value: Any) -> bool:
    """Return whether the data config decides all that is unknown in a value."""
    if isinstance(value, list | tuple | dict):
        items = value.values() if isinstance(value, dict) else value
        return all(only_from_data(item) for item in items if not is_closed(item))
    return isinstance(value, Unknown) and value.from_data


def show(value: Any) -> str:
    """Return the text of a value, with the expressions of what is unknown in it."""
    if isinstance(value, Unknown):
        return value.text
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{key!r}: {show(entry)}" for key, entry in value.items()) + "}"
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(map(show, value))}]"
    else:
        text = repr(value) if is_literal(value) else getattr(value, "name", type(value).__name__)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
