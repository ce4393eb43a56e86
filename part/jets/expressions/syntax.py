"""The parsing of an expression and its bounds, before anything of it is looked at."""

import ast
import warnings

from part.jets.expressions import tables
from part.jets.expressions.refused import Refused, first_line

MAX_LENGTH = 20_000  # characters
MAX_NODES = 10_000
MAX_DEPTH = 50  # a chain such as a + b + c counts as one level

CONSTRUCTS: dict[type, str] = {
    ast.BoolOp: "`and` or `or` between columns; expected `&` or `|` with both sides in parentheses",
    ast.Not: "`not` of a column; expected `~`",
    ast.IfExp: "`... if ... else ...`; expected ak.where(condition, a, b)",
    ast.Lambda: "a lambda; expected an expression without functions of its own",
    ast.NamedExpr: "`:=`; expected a new variable of its own",
    ast.JoinedStr: "an f-string; expected numbers and columns",
    ast.Starred: "a starred argument; expected each argument by itself",
    ast.Dict: "a dict; expected numbers and columns",
    ast.Set: "a set; expected numbers and columns",
    ast.Await: "`await`; expected numbers and columns",
    ast.Yield: "`yield`; expected numbers and columns",
    ast.YieldFrom: "`yield`; expected numbers and columns",
    ast.cmpop: "`in` or `is`; expected np.isin(column, [...]) or a comparison such as `==`",
    ast.MatMult: "`@`; expected `*` and a sum along an axis",
} | dict.fromkeys(
    (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    "a comprehension; expected functions of whole columns",
)


def construct(node: ast.AST) -> str:
    """Return what a node that is not allowed is called, and what to write instead."""
    for kind in type(node).__mro__:
        if kind in CONSTRUCTS:
            return CONSTRUCTS[kind]
    return f"{type(node).__name__}; expected numbers, columns and functions of them"


def parse_tree(source: str) -> ast.expr:
    """Return the tree of an expression. Raises Refused if it is none, or is too long, too large or too deep."""
    if len(source) > MAX_LENGTH:
        raise Refused(f"{len(source)} characters; expected at most {MAX_LENGTH}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", (SyntaxWarning, DeprecationWarning))
            tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        raise Refused(f"no expression: {error.msg}") from error
    except ValueError as error:  # characters that no text has
        raise Refused(f"no expression: {first_line(error)}") from error
    except (MemoryError, RecursionError) as error:
        raise Refused(f"nested more deeply than Python itself allows: {first_line(error)}") from error
    _check_extent(tree)
    return tree


def _check_extent(tree: ast.expr) -> None:
    count = 0
    stack: list[tuple[ast.AST, int]] = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > MAX_NODES:
            raise Refused(f"more than {MAX_NODES} operations, names and numbers; expected fewer")
        if depth > MAX_DEPTH:
            raise Refused(f"nested more than {MAX_DEPTH} levels deep; expected new variables for the parts")
        for child in ast.iter_child_nodes(node):
            chained = isinstance(node, ast.BinOp) and child is node.left and isinstance(child, ast.BinOp)
            stack.append((child, depth if chained else depth + 1))


def names_read(tree: ast.expr) -> tuple[str, ...]:
    """Return the names of columns in a tree, in the order in which they are written."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    names = dict.fromkeys(node.id for node in nodes)
    reserved = (tables.MODULES, tables.FUNCTIONS, tables.CONSTANTS)
    return tuple(name for name in names if not name.startswith("_") and not any(name in table for table in reserved))


def dotted_name(node: ast.expr) -> str | None:
    """Return `np.log` for the attribute of a module, by the module's short name; None for any other node."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    if not (isinstance(node, ast.Name) and words and node.id in tables.MODULES):
        return None
    return ".".join([tables.MODULES[node.id], *reversed(words)])
