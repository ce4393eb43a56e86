"""Which input a network file's forward passes on as which argument of the network, read from its syntax tree."""

import ast
from collections.abc import Iterator

from part.errors import PartError
from part.models.checkpoints.network.calls import Calls
from part.models.checkpoints.network.signatures import FORWARD
from part.models.checkpoints.network.values import Instance, text_of


class UnreadableForward(PartError):
    """A forward that cannot be followed, in a sentence."""


def passed_arguments(model: Instance, network: Instance, calls: Calls) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the arguments of a model's forward, and which of them the network takes as what.

    Parameters
    ----------
    model : Instance
        What get_model returns.
    network : Instance
        The network of weaver-core, or the file's copy of one, in it.
    calls : Calls
        The reading of the file, whose notes say where forward does more than to pass its arguments on.

    Returns
    -------
    names : tuple of str
        The arguments of the model's forward, in order.
    places : dict
        The network's argument -> the place among `names`.

    Raises
    ------
    UnreadableForward
    """
    method = calls.bound_method(model, model.definition, "forward")
    if model is network or (model.base is network and method is None):
        names = FORWARD.get(network.name, ())
        if network.definition is not None:
            own = calls.bound_method(network, network.definition, "forward")
            names = _names(own.node) if own else ()
        if not names:
            raise UnreadableForward(f"The arguments of the forward of {network.name} are not known.")
        return names, {name: i for i, name in enumerate(names)}
    if method is None:
        raise UnreadableForward(f"{model.name} in line {model.line} has no forward.")
    attribute, child = _child(model, network)
    inner_names, inner_places = passed_arguments(child, network, calls)
    call = _call(method.node, attribute)
    if not _is_plain(method.node, call):
        line = method.node.lineno
        calls.differs(
            f"The forward of {model.name} in line {line} does more than to call {attribute or 'its base class'}."
        )
    names = _names(method.node)
    if method.node.args.vararg and any(isinstance(a, ast.Starred) for a in call.args):
        if len(call.args) > 1 or names:
            raise UnreadableForward(f"{text_of(call)} in line {call.lineno} passes on arguments that are not named.")
        return inner_names, inner_places
    given = _given(call, inner_names, names)
    if "v" in inner_names and "v" not in given:
        calls.differs(f"Line {call.lineno} passes no v on to {child.name}, which then has no features of pairs.")
    return names, {name: given[inner_names[i]] for name, i in inner_places.items() if inner_names[i] in given}


def holders(model: Instance, network: Instance, depth: int = 0) -> bool:
    """Return whether an object is a network or holds it."""
    if model is network or model.base is network:
        return True
    inner = (value for value in model.attributes.values() if isinstance(value, Instance) and value is not model)
    return depth < 5 and any(holders(value, network, depth + 1) for value in inner)


def _child(model: Instance, network: Instance) -> tuple[str, Instance]:
    """Return the attribute of a model that holds the network; "" if the model is derived from it."""
    if model.base is network:
        return "", network
    for name, value in model.attributes.items():
        if isinstance(value, Instance) and value is not model and holders(value, network):
            return name, value
    raise UnreadableForward(f"{model.name} does not hold {network.name} as an attribute.")


def _names(function: ast.FunctionDef) -> tuple[str, ...]:
    arguments = function.args
    return tuple(a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))[1:]


def _call(function: ast.FunctionDef, attribute: str) -> ast.Call:
    """Return the first call of an attribute, or of one of its methods, in a function."""
    found = [
        node for node in ast.walk(function) if isinstance(node, ast.Call) and _calls(node.func, attribute, function)
    ]
    if not found:
        what = f"self.{attribute}" if attribute else "super().forward"
        raise UnreadableForward(f"The forward in line {function.lineno} does not call {what}.")
    return min(found, key=lambda node: (node.lineno, node.col_offset))


def _calls(func: ast.expr, attribute: str, function: ast.FunctionDef) -> bool:
    owner = function.args.args[0].arg if function.args.args else "self"
    if not attribute:
        return (
            isinstance(func, ast.Attribute) and func.attr == "forward" and ast.unparse(func.value).startswith("super(")
        )
    text = f"{owner}.{attribute}"
    return ast.unparse(func) == text or (isinstance(func, ast.Attribute) and ast.unparse(func.value) == text)


def _is_plain(function: ast.FunctionDef, call: ast.Call) -> bool:
    """Return whether a function returns what a call returns and does nothing else."""
    body = [n for n in function.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))]
    is_method = not isinstance(call.func, ast.Attribute) or call.func.attr == "forward" or _depth(call.func) == 1
    return len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is call and is_method


def _depth(node: ast.expr) -> int:
    return 1 + _depth(node.value) if isinstance(node, ast.Attribute) else 0


def _given(call: ast.Call, inner_names: tuple[str, ...], names: tuple[str, ...]) -> dict[str, int]:
    """Return the place of the caller's argument that each argument of a call is."""
    given: dict[str, int] = {}
    for inner, value in _pairs(call, inner_names):
        if isinstance(value, ast.Constant) and value.value is None:
            continue
        if not (isinstance(value, ast.Name) and value.id in names):
            raise UnreadableForward(
                f"Line {value.lineno} passes {text_of(value)} on as {inner}, which is not an input."
            )
        given[inner] = names.index(value.id)
    return given


def _pairs(call: ast.Call, inner_names: tuple[str, ...]) -> Iterator[tuple[str, ast.expr]]:
    if len(call.args) > len(inner_names) or any(isinstance(a, ast.Starred) for a in call.args):
        raise UnreadableForward(f"{text_of(call)} in line {call.lineno} does not name the arguments of the network.")
    yield from zip(inner_names, call.args, strict=False)
    for keyword in call.keywords:
        if keyword.arg is None:
            raise UnreadableForward(f"{text_of(call)} in line {call.lineno} passes on **{text_of(keyword.value)}.")
        yield keyword.arg, keyword.value
