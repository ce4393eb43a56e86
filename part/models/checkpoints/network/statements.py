"""The statements of a network file, followed as far as literals decide what happens; both ways where they do not."""

import ast
import copy
from collections.abc import Sequence
from typing import Any

from part.models.checkpoints.network import operations
from part.models.checkpoints.network.calls import Calls, Outcome
from part.models.checkpoints.network.merging import merge
from part.models.checkpoints.network.signatures import NETWORKS
from part.models.checkpoints.network.values import (
    MAX_ITEMS,
    REST,
    Definition,
    Instance,
    Scope,
    Unknown,
    is_literal,
    is_moderate,
    size_of,
    text_of,
    unknown,
)

MAX_LOOPS = 200


class Statements(Calls):
    """All that is followed of a network file."""

    def run(self, statements: Sequence[ast.stmt]) -> Outcome | None:
        for i, statement in enumerate(statements):
            self.count(1, statement)
            rest = statements[i + 1 :] if _returns(statement) else []
            outcome = self._execute(statement, rest)
            if outcome is not None:
                return outcome
            if rest and isinstance(statement, ast.If | ast.Try):
                return None  # the rest has been followed with each branch
        return None

    def _execute(self, statement: ast.stmt, rest: Sequence[ast.stmt]) -> Outcome | None:
        match statement:
            case ast.If():
                test = self.visit(statement.test)
                if is_literal(test):
                    return self.run([*(statement.body if test else statement.orelse), *rest])
                branches = statement.body, statement.orelse
                return self._both(*([*branch, *rest] for branch in branches), text=text_of(statement.test))
            case ast.Try():
                first = [*statement.body, *statement.orelse]
                second = statement.handlers[0].body if statement.handlers else first
                ways = ([*way, *statement.finalbody, *rest] for way in (first, second))
                return self._both(*ways, text="no error occurs") if statement.handlers else self.run(next(ways))
            case ast.For():
                return self._loop(statement)
            case ast.While():
                return self._both(statement.body, [], text_of(statement.test))
            case ast.With():
                for with_item in statement.items:
                    value = self.visit(with_item.context_expr)
                    if with_item.optional_vars is not None:
                        self._store(with_item.optional_vars, value)
                return self.run(statement.body)
            case ast.Match():
                for case in statement.cases:
                    self._both(case.body, [], text_of(statement.subject))
            case ast.Return():
                return Outcome(statement.value and self.visit(statement.value))
            case ast.Raise():
                return Outcome(is_raised=True)
            case _:
                self._simple(statement)
        return None

    def _simple(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign():
                value = self.visit(statement.value)
                for target in statement.targets:
                    self._store(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as content):
                self._store(target, self.visit(content))
            case ast.AugAssign():
                self._augment(statement)
            case ast.Expr():
                self.visit(statement.value)
            case ast.Delete():
                for target in statement.targets:
                    self._delete(target)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.scope.names[statement.name] = Definition(statement, self.scope)
            case ast.Import():
                for alias in statement.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    self.scope.names[name] = Unknown(alias.name if alias.asname else name)
            case ast.ImportFrom():
                module = "." * statement.level + (statement.module or "")
                for alias in statement.names:
                    names = NETWORKS if alias.name == "*" else (alias.name,)
                    self.scope.names |= {alias.asname or name: Unknown(f"{module}.{name}") for name in names}

    def _loop(self, statement: ast.For) -> Outcome | None:
        items = self.visit(statement.iter)
        jumps = any(isinstance(node, ast.Break | ast.Continue) for node in ast.walk(statement))
        if not isinstance(items, list | tuple | range) or len(items) > MAX_LOOPS or jumps:
            self._store(statement.target, unknown(statement.iter))
            return self._both(statement.body, [], f"there is one of {text_of(statement.iter)}")
        for item in items:
            self._store(statement.target, item)
            if outcome := self.run(statement.body):
                return outcome
        return self.run(statement.orelse)

    def _both(self, first: Sequence[ast.stmt], second: Sequence[ast.stmt], text: str) -> Outcome | None:
        """Follow two ways from here, of which one is taken if `text` is true, and keep what they agree in."""
        for way, other in ((first, second), (second, first)):
            if any(isinstance(statement, ast.Raise) for statement in way):
                return self.run(other)
        scopes: list[Scope] = []
        scope: Scope | None = self.scope
        while scope is not None:
            scopes.append(scope)
            scope = scope.around
        self.count(sum(size_of(names.names) for names in scopes), first[0] if first else second[0])
        start = copy.deepcopy([scope.names for scope in scopes])
        a = self.run(first)
        ends = [scope.names for scope in scopes]
        for scope, names in zip(scopes, start, strict=True):
            scope.names = names
        b = self.run(second)
        if a is not None and a.is_raised:
            return b
        if b is None or not b.is_raised:
            # What was given to this function is what the first way has changed, so the other is merged into it.
            ends = [merge(end, scope.names, text) for end, scope in zip(ends, scopes, strict=True)]
        for scope, names in zip(scopes, ends, strict=True):
            scope.names = names
        if a is None and (b is None or b.is_raised):
            return None
        if b is not None and b.is_raised:
            return a
        return Outcome(merge(a and a.value, b and b.value, text))

    def _store(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name():
                self.scope.names[target.id] = value
            case ast.Tuple() | ast.List():
                fits = isinstance(value, list | tuple) and len(value) == len(target.elts)
                for i, element in enumerate(target.elts):
                    fitting = fits and not isinstance(element, ast.Starred)
                    self._store(element, value[i] if fitting else unknown(element))
            case ast.Attribute():
                owner = self.visit(target.value)
                if isinstance(owner, Instance):
                    owner.attributes[target.attr] = value
                self._check_network(target)
            case ast.Subscript():
                self._store_item(target, value)
                self._check_network(target)

    def _store_item(self, target: ast.Subscript, value: Any) -> None:
        container, index = self.visit(target.value), self.visit(target.slice)
        if isinstance(container, dict):
            key = index if isinstance(index, str | int) else REST
            container[key] = value if key == index else unknown(target)
            if not is_moderate(container):
                container[key] = unknown(target)
        elif isinstance(container, list):
            if isinstance(index, int) and -len(container) <= index < len(container):
                container[index] = value
            else:
                container[:] = [unknown(target)]
            if size_of(container) > MAX_ITEMS:
                container[:] = [unknown(target)]

    def _augment(self, statement: ast.AugAssign) -> None:
        value, added = self.visit(statement.target), self.visit(statement.value)
        if isinstance(value, dict) and isinstance(statement.op, ast.BitOr):
            operations.update(value, added)
        elif isinstance(value, list) and isinstance(statement.op, ast.Add) and isinstance(added, list | tuple):
            value.extend(added)
            if size_of(value) > MAX_ITEMS:
                value[:] = [unknown(statement.value)]
        else:
            self._store(statement.target, operations.binary(statement, value, added))

    def _delete(self, target: ast.expr) -> None:
        if isinstance(target, ast.Subscript) and isinstance(container := self.visit(target.value), dict):
            key = self.visit(target.slice)
            if isinstance(key, str | int):
                container.pop(key, None)
            else:
                container[REST] = unknown(target)
        elif isinstance(target, ast.Name):
            self.scope.names.pop(target.id, None)

    def _check_network(self, target: ast.expr) -> None:
        """Note a change of a network of weaver-core after it was built."""
        node: ast.expr = target
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
            owner = self.visit(node)
            if isinstance(owner, Instance) and owner.origin:
                self.differs(f"Line {target.lineno} changes the network after it is built: {text_of(target)} is set.")


def _returns(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If | ast.Try) and any(isinstance(n, ast.Return) for n in ast.walk(statement))
