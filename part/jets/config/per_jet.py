"""Variables of a data config as numbers of the jets: labels, weights and selections.

Shapes: J jets.
"""

from collections.abc import Mapping

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.buffers import without_none
from part.jets.expressions.evaluation import evaluate
from part.jets.expressions.lists import Value, n_dimensions


def numbers_of_jets(column: Value, where: str) -> np.ndarray:
    """Return one number for each jet (J,), NaN for a missing one.

    Parameters
    ----------
    column : np.ndarray, ak.Array, Jagged or FourVectors
        The column of J jets.
    where : str
        What messages begin with: the file and the variable.

    Raises
    ------
    PartError
        If the column holds anything else.
    """
    if is_text(column):
        raise PartError(f"{where} holds text; expected one number for each jet.")
    if n_dimensions(column) != 1:
        raise PartError(f"{where} has {n_dimensions(column)} axes; expected one number for each jet.")
    values = ak.to_numpy(without_none(column)) if isinstance(column, ak.Array) else column
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
        raise PartError(f"{where} holds no numbers; expected one number for each jet.")
    return values


def is_text(column: Value) -> bool:
    """Return whether a column holds one text for each jet."""
    return isinstance(column, ak.Array) and str(column.type.content).removeprefix("?") == "string"


def selected(expression: str, table: Mapping[str, Value], where: str) -> np.ndarray:
    """Return which jets (J,) a selection keeps; one that is missing is not kept. Raises PartError."""
    column = evaluate(expression, table, f"{where}: selection")
    values = numbers_of_jets(column, f"{where}: selection")
    kept = values.astype(bool)
    return kept & ~ak.to_numpy(ak.is_none(column)) if isinstance(column, ak.Array) else kept
