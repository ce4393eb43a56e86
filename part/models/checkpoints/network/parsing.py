"""The syntax tree of a network file, bounded in size. Parsing runs none of its code."""

import ast
import warnings
from pathlib import Path

from part.errors import PartError

MAX_BYTES, MAX_NODES, MAX_DEPTH = 2**20, 100_000, 100


def parse_network(path: Path, source: str) -> ast.Module:
    """Return the syntax tree of a file. Raises PartError if it is missing, too large or not Python."""
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise PartError(f"{source}: {error.strerror or error}; expected a network file (.py).") from None
    if content is None:
        raise PartError(
            f"{source} has {path.stat().st_size:,} bytes; expected a network file of at most {MAX_BYTES:,}."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on escapes in the file's texts
            tree = ast.parse(content.decode("utf-8-sig"))  # a text, whose parser looks for no other encoding
    except SyntaxError as error:
        raise PartError(
            f"{source}, line {error.lineno or 1}: {error.msg}; expected a network file in Python."
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise PartError(f"{source} cannot be read as Python; expected a network file.") from None
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            line = getattr(node, "lineno", 1)
            raise PartError(f"{source}, line {line}: more code, or deeper nested, than a network file has.")
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
    return tree
