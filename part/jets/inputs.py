"""The inputs of a model from the branches of constituents: expressions of a data config, standardised and clipped.

The order of operations is that of weaver-core 0.5: a variable is computed in the precision of the file and becomes
float32, which is then standardised. Shapes: J jets, P constituents of all jets in a row, F features.
"""

from collections.abc import Mapping

import numpy as np

from part.errors import PartError
from part.jets.config.variables import Variables
from part.jets.expressions.lists import Jagged, Value
from part.jets.schema import Feature, FeatureSet


def write_inputs(columns: Mapping[str, Value], features: FeatureSet, out: np.ndarray) -> None:
    """Write the standardised and clipped inputs to `out` (P, F).

    columns: the branches; numbers of the jets (J,), and `Jagged` ones of constituents, which share their lists.
    """
    table = Variables(columns, dict(features.definitions), "jets")
    for i, item in enumerate(features.features):
        column = table[item.name]
        if not isinstance(column, Jagged):
            raise PartError(f"{item.name} is no list of numbers; expected one value for each constituent")
        out[:, i] = standardise(column.values, item)


def standardise(values: np.ndarray, item: Feature) -> np.ndarray:
    """Return a variable as a model takes it: float32, shifted, scaled and clipped. NaN stays."""
    values = values.astype(np.float32, copy=False)
    if not item.is_scaled:
        return values
    if item.subtract or item.multiply != 1.0:
        with np.errstate(over="ignore"):  # which clipping takes back
            values = (values - np.float32(item.subtract)) * np.float32(item.multiply)
    return np.clip(values, np.float32(item.low), np.float32(item.high))
