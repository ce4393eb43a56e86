"""The values of expressions in a network file: literals are computed, all else is kept as text."""

import ast
from typing import Any

from part.errors import PartError
from part.models.checkpoints.network import operations
from part.models.checkpoints.network.values import (
    REST,
    DataConfig,
    Definition,
    Instance,
    Method,
    Scope,
    Super,
    Unknown,
    is_literal,
    is_moderate,
    size_of,
    text_of,
    unknown,
)

MAX_STEPS = 500_000
# Methods that return the network itself, and functions that do not change a dict that they are given.
_SAME_NETWORK = ("to", "eval", "train", "cuda", "cpu", "float", "double", "half", "bfloat16", "requires_grad_")
_HARMLESS = ("print", "pprint", "str", "repr", "debug", "info", "warning", "error", "dumps", "isinstance", "keys")


class Expressions(ast.NodeVisitor):
    """The values of expressions in a scope.

    Parameters
    ----------
    source : str
        What error messages call the file.
    options : dict
        The options of weaver's command line, which get_model is given.
    """

    def __init__(self, source: str, options: dict[str, Any]):
        self.source = source
        self.options = options
        self.scope = Scope({"__name__": "_network_module"})
        self.notes: list[str] = []
        self.differences: list[str] = []
        self.instances: list[Instance] = []
        self._steps = 0

    def note(self, sentence: str) -> None:
        """Keep a sentence on what could not be followed, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def differs(self, sentence: str) -> None:
        """Keep a sentence on what the file does with the inputs or outputs of its network, which nothing here does."""
        self.note(sentence)
        if sentence not in self.differences:
            self.differences.append(sentence)

    def count(self, steps: int, node: ast.AST) -> None:
        """Count steps of the reading. Raises PartError after too many."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            line = getattr(node, "lineno", 1)
            raise PartError(f"{self.source}, line {line}: takes too many steps to follow; expected a network file.")

    def visit(self, node: ast.AST) -> Any:
        self.count(1, node)
        return super().visit(node)

    def generic_visit(self, node: ast.AST) -> Any:
        return unknown(node)

    def visit_Constant(self, node: ast.Constant) -> Any:
        return node.value if is_literal(node.value) and is_moderate(node.value) else unknown(node)

    def visit_Name(self, node: ast.Name) -> Any:
        return self.scope.find(node.id)

    def visit_List(self, node: ast.List) -> Any:
        return self._composite(node, self._items(node.elts))

    def visit_Tuple(self, node: ast.Tuple) -> Any:
        items = self._composite(node, self._items(node.elts))
        return tuple(items) if isinstance(items, list) else items

    def visit_Dict(self, node: ast.Dict) -> Any:
        result: dict = {}
        for key, value in zip(node.keys, node.values, strict=True):
            content = self.visit(value)
            if key is None:
                operations.update(result, content)
            elif isinstance(name := self.visit(key), str | int | float | bool | None):
                result[name] = content
            else:
                result[REST] = unknown(node)
        return self._composite(node, result)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        return operations.binary(node, self._counted(node.left), self._counted(node.right))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        return operations.unary(node, self.visit(node.operand))

    def visit_Compare(self, node: ast.Compare) -> Any:
        return operations.compare(node, [self._counted(value) for value in (node.left, *node.comparators)])

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        ends_with = isinstance(node.op, ast.Or)
        value: Any = None
        for operand in node.values:
            value = self.visit(operand)
            if not is_literal(value):
                return unknown(node, value)
            if bool(value) == ends_with:
                break
        return value

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        test = self.visit(node.test)
        if not is_literal(test):
            return unknown(node, test)
        return self.visit(node.body if test else node.orelse)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        base = self.visit(node.value)
        if isinstance(base, DataConfig):
            return base.attribute(node.attr)
        if isinstance(base, Instance):
            if node.attr in base.attributes:
                return base.attributes[node.attr]
            return self.bound_method(base, base.definition, node.attr) or unknown(node)
        if isinstance(base, Unknown):
            return Unknown(f"{base.text}.{node.attr}", base.from_data)
        return unknown(node)

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        container = self.visit(node.value)
        if isinstance(container, Unknown):
            return unknown(node, container)
        if isinstance(node.slice, ast.Slice):
            bounds = [n and self.visit(n) for n in (node.slice.lower, node.slice.upper, node.slice.step)]
            if any(b is not None and not isinstance(b, int) for b in bounds):
                return unknown(node)
            return operations.item(node, container, slice(*bounds))
        index = self.visit(node.slice)
        if container is self.options and isinstance(index, str):
            self._check_option(index)
        return operations.item(node, container, index)

    def visit_Call(self, node: ast.Call) -> Any:
        func = node.func
        if isinstance(func, ast.Attribute):
            base = self.visit(func.value)
            if isinstance(base, Super):
                return self.call_super(base, func.attr, node)
            if isinstance(base, dict | list | str):
                args, keywords = self.arguments(node)
                if base is self.options and func.attr == "pop" and len(args) == 1 and isinstance(args[0], str):
                    self._check_option(args[0])
                return operations.call_method(node, base, func.attr, args, keywords)
            if isinstance(base, Instance) and func.attr in _SAME_NETWORK:
                return base
        called = self.visit(func)
        if isinstance(called, Unknown) and called.text == "super":
            return self._superclass(node)
        args, keywords = self.arguments(node)
        if isinstance(called, Definition | Method):
            return self.call(called, args, keywords, node)
        if not isinstance(called, Unknown) or called.from_data:
            return unknown(node, called)
        result = operations.call_function(node, called.text, args, keywords)
        return self.call_unknown(called.text, args, keywords, node) if result is None else result

    def call(self, called: Definition | Method, args: list[Any], keywords: dict[str, Any], node: ast.Call) -> Any:
        """Return what a function or a class of the file returns."""
        raise NotImplementedError

    def call_unknown(self, name: str, args: list[Any], keywords: dict[str, Any], node: ast.Call) -> Any:
        """Return what a function or a class of another file returns."""
        raise NotImplementedError

    def bound_method(self, instance: Instance, owner: Definition | None, name: str) -> Method | None:
        """Return a method of an object's class or of a class of the file that it is derived from."""
        raise NotImplementedError

    def call_super(self, base: Super, name: str, node: ast.Call) -> Any:
        """Call a method of what an object's class is derived from."""
        raise NotImplementedError

    def _superclass(self, node: ast.Call) -> Any:
        owner, instance = self.scope.find("__class__"), self.scope.find("__self__")
        if isinstance(owner, Definition) and isinstance(instance, Instance):
            return Super(instance, owner)
        return unknown(node)

    def _check_option(self, name: str) -> None:
        if name not in self.options:
            self.note(f"get_model needs the option {name} (-o {name} VALUE), which was not given.")

    def check_change(self, name: str, args: list[Any], node: ast.Call) -> None:
        """Note that a function that is not in the file may change a dict."""
        if any(isinstance(a, dict) for a in args) and name.rpartition(".")[2] not in _HARMLESS:
            self.note(f"{text_of(node)} in line {node.lineno} may change what the network is built with.")

    def arguments(self, node: ast.Call) -> tuple[list[Any], dict[str, Any]]:
        """Return the values of a call's arguments, by position and by name."""
        keywords: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.visit(keyword.value)
            if keyword.arg is None:
                operations.update(keywords, value)
            else:
                keywords[keyword.arg] = value
        args = self._items(node.args)
        self.count(sum(map(size_of, args)), node)
        return args, keywords

    def _items(self, nodes: list[ast.expr]) -> list[Any]:
        items: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                value = self.visit(node.value)
                items += value if isinstance(value, list | tuple) else [unknown(node, value)]
            else:
                items.append(self.visit(node))
        return items

    def _counted(self, node: ast.expr) -> Any:
        value = self.visit(node)
        self.count(size_of(value), node)
        return value

    def _composite(self, node: ast.AST, value: Any) -> Any:
        size = size_of(value)
        self.count(size, node)
        return value if is_moderate(value) else unknown(node)
