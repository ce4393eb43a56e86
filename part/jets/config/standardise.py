"""The automatic standardisation of a data config, from the jets of the user's own files.

As in weaver-core, a variable's centre is its median, and its scale is one over the larger of the distances to the 16 %
and 84 % quantiles, over the jets that the selection for training keeps.
"""

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import awkward as ak
import numpy as np

from part.errors import AssumptionWarning, PartError
from part.jets.config.config import DataConfig
from part.jets.config.parsing import DATA_FRACTION, parse_config
from part.jets.config.selected import read_selected
from part.jets.expressions.lists import Jagged
from part.jets.formats.opening import open_source
from part.jets.schema import CLIP

_QUANTILES = (16, 50, 84)


def standardised(config: DataConfig, paths: Sequence[str]) -> DataConfig:
    """Return a config whose standardisation is known; what is missing is computed from files, and a warning says so.

    Parameters
    ----------
    config : DataConfig
    paths : sequence of str
        The files whose jets decide; of each file the first part, as `preprocess.data_fraction` says.

    Raises
    ------
    PartError
        If a file lacks a branch, or no jet is selected.
    """
    if not config.missing_standardisation:
        return config
    values = _values(config, paths)
    options = copy.deepcopy(dict(config.options))
    parameters: dict[str, Any] = {}
    for group in config.groups:
        for item in group.variables:
            center = item.subtract if item.is_scaled else None
            low, high = (item.low, item.high) if item.is_scaled else (-CLIP, CLIP)
            parameters[item.name] = {
                **{"length": group.length, "pad_mode": group.pad_mode, "center": center, "scale": item.multiply},
                **{"min": low, "max": high, "pad_value": item.pad},
            }
    files = paths[0] if len(paths) == 1 else f"{len(paths)} files"
    for name, column in values.items():
        with np.errstate(invalid="ignore"):
            low, center, high = np.percentile(np.where(np.isnan(column), 0, column), _QUANTILES)
            width = max(high - center, center - low)
        if not np.isfinite(width):
            raise PartError(
                f"{files}: {name} is infinite for so many constituents that {config.name} cannot standardise it "
                "automatically; expected finite numbers."
            )
        parameters[name] |= {"center": float(center), "scale": float(1 / width) if width else 1.0}
    options["preprocess"] = {**(options.get("preprocess") or {}), "params": parameters}
    note = (
        f"{config.name} has no parameters of its automatic standardisation (the .auto.yaml that weaver-core wrote); "
        f"they were computed from {files}, and differ from those that weights were trained with."
    )
    warnings.warn(note, AssumptionWarning, stacklevel=3)
    return parse_config(options, config.name, config.name).with_options(notes=(*config.notes, note))


def _values(config: DataConfig, paths: Sequence[str]) -> dict[str, np.ndarray]:
    names = config.missing_standardisation
    fraction = float((config.options.get("preprocess") or {}).get("data_fraction", DATA_FRACTION))
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for path in paths:
        with open_source(path, config.tree) as source:
            n_jets = source.n_jets
        jets = read_selected(path, config, names, 0, max(1, int(fraction * n_jets)))
        for name in names:
            column = jets.table[name]
            flat = column.values if isinstance(column, Jagged) else ak.flatten(ak.Array(column), axis=None)
            numbers = np.asarray(flat)
            if numbers.dtype.kind not in "fiub":
                raise PartError(f"{path}: {name} holds no numbers; expected some that can be standardised.")
            found[name].append(numbers)
    values = {name: np.concatenate(arrays) for name, arrays in found.items()}
    if empty := [name for name, array in values.items() if not len(array)]:
        raise PartError(f"{config.name}: no jet is selected that {empty[0]} could be standardised by.")
    return values
