"""Calls in a network file: functions and classes of the file are followed, networks of weaver-core are recorded."""

import ast
from abc import abstractmethod
from dataclasses import replace
from typing import Any

from part.models.checkpoints.network.expressions import Expressions
from part.models.checkpoints.network.signatures import POSITIONAL, network_name
from part.models.checkpoints.network.values import (
    Definition,
    Instance,
    Method,
    Scope,
    Super,
    Unknown,
    unknown,
)

MAX_DEPTH = 12
# Functions of torch that return the network that they are given, in another form.
_WRAPPERS = ("compile", "script", "DataParallel", "DistributedDataParallel", "convert_sync_batchnorm")


class Outcome:
    """How a block ends before its last statement: it returns a value, or raises."""

    def __init__(self, value: Any = None, is_raised: bool = False):
        self.value = value
        self.is_raised = is_raised


class Calls(Expressions):
    """Expressions with the calls of the file's own functions and classes."""

    _depth = 0

    @abstractmethod
    def run(self, statements: list[ast.stmt]) -> Outcome | None:
        """Follow statements; see `part.models.checkpoints.network.statements`."""

    def call(self, called: Definition | Method, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        if isinstance(called, Method):
            names = {"__class__": called.owner, "__self__": called.instance}
            return self._enter(called.node, called.owner.scope, [called.instance, *args], keywords, names)
        if isinstance(called.node, ast.ClassDef):
            return self._instantiate(called, args, keywords, node)
        return self._enter(called.node, called.scope, args, keywords, {})

    def call_entry(self, function: ast.FunctionDef, data: Any, options: dict[str, Any]) -> Any:
        """Return what get_model returns for a data config and the options of weaver's command line."""
        names = self.bind(function.args, self.scope, [data], options)
        self.options = names[function.args.kwarg.arg] if function.args.kwarg else {}
        return self._follow_body(function, Scope(names, self.scope))

    def call_unknown(self, name: str, args: list[Any], keywords: dict[str, Any], node: ast.Call) -> Any:
        if network := network_name(name):
            return self._build(network, name, args, keywords, node)
        if name.rpartition(".")[2] in _WRAPPERS and args and isinstance(args[0], Instance):
            return args[0]
        self.check_change(name, args, node)
        class_name = name.rpartition(".")[2]
        return replace(unknown(node, *args), built=class_name if class_name[:1].isupper() else "")

    def call_super(self, base: Super, name: str, node: ast.Call) -> Any:
        args, keywords = self.arguments(node)
        for parent in self._bases(base.owner):
            if isinstance(parent, Definition) and (method := self.bound_method(base.instance, parent, name)):
                return self.call(method, args, keywords, node)
            if isinstance(parent, Unknown) and (network := network_name(parent.text)) and name == "__init__":
                base.instance.base = self._build(network, parent.text, args, keywords, node)
                return None
        return unknown(node)

    def bound_method(self, instance: Instance, owner: Definition | None, name: str, depth: int = 0) -> Method | None:
        if owner is None or depth > MAX_DEPTH:
            return None
        if method := owner.method(name):
            return Method(instance, owner, method)
        parents = [parent for parent in self._bases(owner) if isinstance(parent, Definition)]
        return next(filter(None, (self.bound_method(instance, p, name, depth + 1) for p in parents)), None)

    def _bases(self, owner: Definition) -> list[Any]:
        before, self.scope = self.scope, owner.scope
        bases = [self.visit(base) for base in owner.node.bases] if isinstance(owner.node, ast.ClassDef) else []
        self.scope = before
        return bases

    def _instantiate(self, called: Definition, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Instance:
        instance = Instance(called.name, getattr(node, "lineno", 1), definition=called)
        self.instances.append(instance)
        instance.keywords = dict(keywords)
        if method := self.bound_method(instance, called, "__init__"):
            names = [a.arg for a in (*method.node.args.posonlyargs, *method.node.args.args)][1:]
            instance.keywords |= _by_name(names, args)
            self.call(method, args, keywords, node)
            return instance
        networks = [p for p in self._bases(called) if isinstance(p, Unknown) and network_name(p.text)]
        if networks:
            instance.base = self._build(network_name(networks[0].text), networks[0].text, args, keywords, node)
        return instance

    def _build(self, network: str, origin: str, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Instance:
        given = _by_name(POSITIONAL[network], args) | keywords
        instance = Instance(network, getattr(node, "lineno", 1), origin=origin, keywords=given)
        self.instances.append(instance)
        return instance

    def _enter(
        self,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        around: Scope,
        args: list[Any],
        keywords: dict[str, Any],
        names: dict[str, Any],
    ) -> Any:
        """Return what a function of the file returns for these arguments; `names` are others that it sees."""
        if self._depth >= MAX_DEPTH:
            self.note(f"{function.name} in line {function.lineno} is called too deeply to be followed.")
            return Unknown(f"{function.name}(...)")
        return self._follow_body(function, Scope(names | self.bind(function.args, around, args, keywords), around))

    def _follow_body(self, function: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Any:
        before, self.scope = self.scope, scope
        self._depth += 1
        outcome = self.run(function.body)
        self._depth -= 1
        self.scope = before
        return None if outcome is None else outcome.value

    def bind(
        self, parameters: ast.arguments, around: Scope, args: list[Any], keywords: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the names that a call with these arguments gives to a function's parameters."""
        ordered = [a.arg for a in (*parameters.posonlyargs, *parameters.args)]
        names = self._default_values(parameters, around) | dict(zip(ordered, args, strict=False))
        if parameters.vararg:
            names[parameters.vararg.arg] = tuple(args[len(ordered) :])
        known = {*ordered, *(a.arg for a in parameters.kwonlyargs)}
        names |= {name: value for name, value in keywords.items() if name in known}
        if parameters.kwarg:
            names[parameters.kwarg.arg] = {name: value for name, value in keywords.items() if name not in known}
        return names

    def _default_values(self, parameters: ast.arguments, around: Scope) -> dict[str, Any]:
        """Return the values of the parameters that have a default, which Python computes where the function is."""
        before, self.scope = self.scope, around
        ordered = [a.arg for a in (*parameters.posonlyargs, *parameters.args)]
        values = [self.visit(value) for value in parameters.defaults]
        names = dict(zip(ordered[len(ordered) - len(values) :], values, strict=True))
        for parameter, value in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
            if value is not None:
                names[parameter.arg] = self.visit(value)
        self.scope = before
        return names

    def default_values(self, definition: Definition) -> dict[str, Any]:
        """Return the literal default values of the constructor of a class of the file."""
        method = definition.method("__init__")
        values = self._default_values(method.args, definition.scope) if method else {}
        return {name: value for name, value in values.items() if not isinstance(value, Unknown)}


def _by_name(names: tuple[str, ...] | list[str], args: list[Any]) -> dict[str, Any]:
    """Return positional arguments by name; those whose name the version of weaver-core decides are numbered."""
    known = dict(zip(names, args, strict=False))
    later = {f"argument {i + 1}": Unknown(str(args[i])) for i in range(len(names), len(args))}
    return known | later
