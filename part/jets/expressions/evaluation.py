"""The evaluation of the expressions of weaver data configs.

weaver evaluates them as Python. Here each is parsed, translated by a white list and run on flat arrays: elementwise
operations of columns that share their lists are numpy on the values of all jets in a row, and awkward is used only
for what needs it. Nothing else of Python, numpy or awkward can be reached.

Shapes: J jets, P constituents of all jets in a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from part.errors import PartError
from part.jets.expressions.elementwise import describe
from part.jets.expressions.lists import Jagged, Value, n_dimensions, to_awkward
from part.jets.expressions.refused import Refused, shorten
from part.jets.expressions.scope import Scope
from part.jets.expressions.syntax import names_read, parse_tree
from part.jets.expressions.translation import Step, Translation
from part.jets.expressions.vectors import FourVectors

Column = Any  # np.ndarray (J,), a jagged ak.Array, or FourVectors


@dataclass(frozen=True)
class Compiled:
    """An expression ready to be evaluated: the columns that it reads, by first use, and the step that computes it."""

    names: tuple[str, ...]
    step: Step


def parse(expression: str, where: str) -> None:
    """Check an expression without evaluating it.

    Parameters
    ----------
    expression : str
        The expression.
    where : str
        What messages begin with: the variable and the file.

    Raises
    ------
    PartError
        For what is no expression, is not allowed or exceeds the bounds, naming the construct.
    """
    _compiled(expression, where)


def variables(expression: str, where: str = "expression") -> tuple[str, ...]:
    """Return the names of the branches and new variables that an expression reads, in order of their first use.

    Parameters
    ----------
    expression : str
        The expression.
    where : str, optional
        What messages begin with.

    Returns
    -------
    tuple of str
        Names of columns, without those of functions and modules.

    Raises
    ------
    PartError
        As `parse`.
    """
    return _compiled(expression, where).names


def evaluate(expression: str, table: Mapping[str, Column], where: str) -> Column:
    """Evaluate an expression for all jets of a table.

    Parameters
    ----------
    expression : str
        The expression.
    table : Mapping
        Columns by name: numbers of the J jets as np.ndarray or ak.Array, lists of numbers as ak.Array or `Jagged`,
        four-momenta as this function returns them.
    where : str
        What messages begin with: the variable and the file.

    Returns
    -------
    np.ndarray, ak.Array or FourVectors
        One number, or a row of numbers, for each jet; a jagged ak.Array for constituents; four-momenta, which only
        other expressions can use.

    Raises
    ------
    PartError
        For a missing column, what is not allowed, exceeds the bounds or does not fit the values of the table.
    """
    value = evaluate_flat(expression, table, where)
    return to_awkward(value) if isinstance(value, Jagged) else value


def evaluate_flat(expression: str, table: Mapping[str, Column], where: str) -> Value:
    """Evaluate an expression as `evaluate`, but return constituents as `Jagged`: flat values (P,) and lists.

    For the same jets this may be called block by block: no function lets jets know of each other. Columns that are
    `Jagged` with one `Lists` object are neither converted nor compared.
    """
    compiled = _compiled(expression, where)
    try:
        with np.errstate(all="ignore"):
            scope = Scope(table, compiled.names)
            return _column(compiled.step(scope), scope)
    except Refused as error:
        raise _as_part_error(error, expression, where) from error


def _column(value: Value, scope: Scope) -> Value:
    """Return a result as a column of all jets; a single number counts for each of them."""
    n_jets = scope.n_jets()
    if isinstance(value, (bool, int, float, np.generic)):
        return np.full(n_jets, value)
    if not isinstance(value, FourVectors) and n_dimensions(value) == 0:
        raise Refused(f"the result is {describe(value)}; expected a column")
    if len(value) != n_jets:
        raise Refused(f"the result has {len(value)} entries for {n_jets} jets; expected one for each")
    return value


def _compiled(expression: str, where: str) -> Compiled:
    try:
        if not isinstance(expression, str):
            raise Refused(f"a {type(expression).__name__}; expected an expression as text")
        return _compile(expression)
    except Refused as error:
        raise _as_part_error(error, expression, where) from error


@lru_cache(maxsize=4096)
def _compile(expression: str) -> Compiled:
    source = expression.strip()
    tree = parse_tree(source)
    with np.errstate(all="ignore"):
        return Compiled(names_read(tree), Translation(source).step(tree))


def _as_part_error(error: Refused, expression: object, where: str) -> PartError:
    text, reason = shorten(str(expression)), str(error)
    quoted = f"`{text}`"
    if reason.startswith(quoted):  # the part that is wrong is all of it
        return PartError(f"{where}: {reason}")
    return PartError(f"{where}: {quoted}: {reason}")
