"""The translation of an expression into functions, node by node. A node without a rule here is refused.

Each rule returns a `Step`: a function of the scope that gives the value of the node. What depends on no column is
computed at once, so that it is refused at once and costs nothing later.
"""

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from part.errors import PartError
from part.jets.expressions import numbers, operators, tables
from part.jets.expressions.functions import cast
from part.jets.expressions.indexing import take
from part.jets.expressions.lists import Value
from part.jets.expressions.refused import Refused, first_line, shorten
from part.jets.expressions.scope import Scope
from part.jets.expressions.syntax import construct, dotted_name
from part.jets.expressions.vectors import METHODS, relation

Step = Callable[[Scope], Value]


@dataclass(frozen=True, slots=True)
class Fixed:
    """The step of a value that depends on no column."""

    value: Any

    def __call__(self, scope: Scope) -> Value:
        return self.value


@dataclass(frozen=True)
class Translation:
    """The translation of one expression.

    Attributes
    ----------
    source : str
        Its text, from which parts are quoted.
    """

    source: str

    def step(self, node: ast.AST) -> Step:
        """Return the step of a node. Raises Refused, naming the construct, for what has no rule."""
        rule = RULES.get(type(node))
        if rule is None:
            raise self.refused(node)
        return rule(self, node)

    def text(self, node: ast.AST) -> str:
        """Return the text of a node for messages."""
        return f"`{shorten(ast.get_source_segment(self.source, node) or type(node).__name__, 80)}`"

    def refused(self, node: ast.AST, around: ast.AST | None = None) -> Refused:
        """Return the error for a node that has no rule, quoting it, or the node around it."""
        return Refused(f"{self.text(around or node)} is {construct(node)}", named=True)

    def call(self, node: ast.AST, function: Callable, *arguments: Any, **options: Any) -> Value:
        """Return the result of a function; what goes wrong is said of the node."""
        try:
            return function(*arguments, **options)
        except Refused as error:
            if error.named:
                raise
            raise Refused(f"{self.text(node)}: {error}", named=True) from error
        except PartError:  # of a column that the table computes by another expression
            raise
        except Exception as error:  # whatever numpy and awkward raise, it is these values that do not fit
            raise Refused(f"{self.text(node)}: {first_line(error)}", named=True) from error

    def combine(self, node: ast.AST, function: Callable, *parts: Step) -> Step:
        """Return the step of a function of parts, or its value if the parts are fixed."""

        def run(scope: Scope) -> Value:
            return self.call(node, function, *[step(scope) for step in parts])

        return self.folded(run, *parts)

    def folded(self, run: Step, *parts: Step) -> Step:
        """Return a step, or its value if all its parts are fixed."""
        return Fixed(run(Scope({}))) if all(isinstance(step, Fixed) for step in parts) else run

    def constant(self, node: ast.Constant) -> Step:
        value = node.value
        if numbers.is_number(value):
            return Fixed(self.call(node, numbers.bounded, value))
        if value is None or value in tables.SIDES:
            return Fixed(value)
        if isinstance(value, str) and value in tables.DTYPES:
            return Fixed(np.dtype(tables.DTYPES[value]))
        kind = "a text" if isinstance(value, str) else f"of type {type(value).__name__}"
        raise Refused(f"{self.text(node)} is {kind}; expected numbers, or the name of a dtype", named=True)

    def name(self, node: ast.Name) -> Step:
        name = node.id
        if name in tables.CONSTANTS:
            return Fixed(tables.CONSTANTS[name])
        if name in tables.FUNCTIONS or name in tables.MODULES or name.startswith("_"):
            raise self._unknown(node, name)
        return lambda scope: scope.load(name)

    def _unknown(self, node: ast.AST, name: str) -> Refused:
        if name in tables.ABSENT:
            return Refused(f"{self.text(node)}: {name} {tables.ABSENT[name]}", named=True)
        if name in tables.FUNCTIONS or name in tables.MODULES:
            return Refused(f"{self.text(node)} is a function or a module; expected a call of a function", named=True)
        return Refused(f"{self.text(node)} is not among the functions and constants of expressions", named=True)

    def attribute(self, node: ast.Attribute) -> Step:
        name = dotted_name(node)
        if name in tables.CONSTANTS:
            return Fixed(tables.CONSTANTS[name])
        if name is not None:
            raise self._unknown(node, name)
        return self.field(node, node.value, node.attr)

    def field(self, node: ast.AST, of: ast.AST, name: str) -> Step:
        """Return the step of a quantity of four-momenta or of a field of records."""
        if name.startswith("_"):
            raise Refused(f"{self.text(node)}: .{name}; expected a quantity of four-momenta or a field", named=True)
        record = self.step(of)

        def run(scope: Scope) -> Value:
            return scope.value(self.call(node, operators.field, record(scope), name))

        return run

    def binary(self, node: ast.BinOp) -> Step:
        """Translate a chain such as a + b + c + ... from the left, so that long ones are not deep ones."""
        chain: list[tuple[ast.AST, Callable, Step]] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            if type(first.op) not in operators.BINARY:
                raise self.refused(first.op, node)
            chain.append((first, operators.BINARY[type(first.op)], self.step(first.right)))
            first = first.left
        start = self.step(first)
        while chain and isinstance(start, Fixed) and isinstance(chain[-1][2], Fixed):
            link, function, right = chain.pop()
            start = self.combine(link, partial(operators.binary, function), start, right)
        links = tuple(reversed(chain))
        if not links:
            return start

        def run(scope: Scope) -> Value:
            value = start(scope)
            for link, function, right in links:
                value = self.call(link, operators.binary, function, value, right(scope))
            return value

        return run

    def unary(self, node: ast.UnaryOp) -> Step:
        if type(node.op) not in operators.UNARY:
            raise self.refused(node.op, node)
        function = operators.UNARY[type(node.op)]
        return self.combine(node, partial(operators.unary, function), self.step(node.operand))

    def compare(self, node: ast.Compare) -> Step:
        if len(node.ops) > 1:
            raise Refused(f"{self.text(node)} is a chain; expected (a < b) & (b < c)", named=True)
        if type(node.ops[0]) not in operators.BINARY:
            raise self.refused(node.ops[0], node)
        function = operators.BINARY[type(node.ops[0])]
        sides = (self.step(node.left), self.step(node.comparators[0]))
        return self.combine(node, partial(operators.binary, function), *sides)

    def sequence(self, node: ast.List | ast.Tuple) -> Step:
        return self.combine(node, lambda *items: items, *(self.step(item) for item in node.elts))

    def subscript(self, node: ast.Subscript) -> Step:
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return self.field(node, node.value, node.slice.value)
        value, index = self.step(node.value), self.step(node.slice)

        def run(scope: Scope) -> Value:
            return scope.value(self.call(node, take, value(scope), index(scope)))

        return run

    def slice(self, node: ast.Slice) -> Step:
        edges = [Fixed(None) if edge is None else self.step(edge) for edge in (node.lower, node.upper, node.step)]
        return self.combine(node, slice, *edges)

    def function_call(self, node: ast.Call) -> Step:
        function, of = self._function(node)
        given = [*of, *(self.step(argument) for argument in node.args)]
        for keyword in node.keywords:
            if keyword.arg is None:
                raise Refused(f"{self.text(node)} is a call with `**`; expected each argument by its name", named=True)
        named = {str(keyword.arg): self.step(keyword.value) for keyword in node.keywords}
        try:
            inspect.signature(function).bind(None, *given, **named)
        except TypeError as error:
            raise Refused(f"{self.text(node)}: {error}", named=True) from error

        def run(scope: Scope) -> Value:
            values = [step(scope) for step in given]
            options = {name: step(scope) for name, step in named.items()} if named else {}
            return scope.value(self.call(node, function, scope, *values, **options))

        return self.folded(run, *given, *named.values())

    def _function(self, node: ast.Call) -> tuple[Callable, tuple[Step, ...]]:
        """Return the function of a call, and the four-momenta that it belongs to if it is a method."""
        called = node.func
        name = called.id if isinstance(called, ast.Name) else dotted_name(called)
        if name is None and isinstance(called, ast.Attribute) and called.attr in METHODS:
            method = called.attr
            return lambda scope, vectors, other: relation(vectors, other, method), (self.step(called.value),)
        if name in tables.FUNCTIONS:
            return tables.FUNCTIONS[name], ()
        if name is None:
            self.step(called)  # refuses what is not allowed anywhere
            raise Refused(f"{self.text(called)} is called; expected a function by its name", named=True)
        kind = tables.CONSTANTS.get(name)
        if isinstance(kind, np.dtype):
            return cast(kind), ()
        raise self._unknown(called, name)


RULES: dict[type[ast.AST], Callable[[Translation, Any], Step]] = {
    ast.Constant: Translation.constant,
    ast.Name: Translation.name,
    ast.Attribute: Translation.attribute,
    ast.BinOp: Translation.binary,
    ast.UnaryOp: Translation.unary,
    ast.Compare: Translation.compare,
    ast.Call: Translation.function_call,
    ast.Subscript: Translation.subscript,
    ast.Slice: Translation.slice,
    ast.List: Translation.sequence,
    ast.Tuple: Translation.sequence,
}
