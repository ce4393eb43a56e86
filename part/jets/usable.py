"""Jets whose momenta are sound, but that have another value which a model cannot take.

Shapes: J jets, P constituents of all jets in a row.
"""

from collections.abc import Iterator, Sequence

import awkward as ak
import numpy as np

from part.jets.buffers import flat_values, list_lengths, token_rows
from part.jets.notices import UNUSABLE, notify
from part.jets.schema import ENTRY, INPUTS, VECTORS, FeatureSet
from part.limits import MAX_INPUT, MAX_MOMENTUM


def leave_out_unusable(jets: ak.Array, features: Sequence[FeatureSet], path: str, start: int) -> ak.Array:
    """Leave out jets with a value that is infinite, or absurd, and that some models read as it is.

    Inputs that are clipped take any value, and NaN becomes 0 as in weaver-core.

    Parameters
    ----------
    jets : ak.Array
        J jets of a file, from entry `start` on; those that have been read with a data config say their entries.
    features : sequence of FeatureSet
        The inputs of the models.
    path, start
        Where the jets come from.

    Returns
    -------
    ak.Array
        All jets, or those that are left, with a field `entry`. A notice says how many were left out.
    """
    if not len(jets):
        return jets
    wrong, reason = np.zeros(len(jets), bool), ""
    entries = jets[ENTRY].to_numpy() if ENTRY in jets.fields else start + np.arange(len(jets))
    for name, counts, values, limit in _columns(jets, features):
        if values.dtype.kind != "f" or not len(values) or _are_within(values, limit):
            continue
        beyond = np.abs(values) > limit
        of_jets = np.diff(np.concatenate([[0], np.cumsum(beyond)])[np.concatenate([[0], np.cumsum(counts)])]) > 0
        if not reason and of_jets.any():
            entry, value = entries[int(np.argmax(of_jets))], values[int(np.argmax(beyond))]
            reason = f"{path}, entry {entry}: {name} is {value:g}; expected a number of at most {limit:g}"
        wrong |= of_jets
    if not wrong.any():
        return jets
    notify(UNUSABLE, [(path, int(entry)) for entry in entries[wrong]], example=reason)
    return ak.with_field(jets[~wrong], entries[~wrong], ENTRY)


def _are_within(values: np.ndarray, limit: float) -> bool:
    """Return whether all numbers are; False if some are NaN."""
    return bool(values.min() >= -limit and values.max() <= limit)


def _columns(jets: ak.Array, features: Sequence[FeatureSet]) -> Iterator[tuple[str, np.ndarray, np.ndarray, float]]:
    """Yield names, multiplicities (J,), values (P,) and limits of what models take without clipping it."""
    if INPUTS in jets.fields:
        for name in {INPUTS, VECTORS} & set(jets.fields):
            counts, rows = token_rows(jets[name])
            yield name, counts, np.abs(rows).max(axis=1), MAX_MOMENTUM
        return
    unclipped = {f.name for s in features for f in s.features if not np.isfinite([f.low, f.high]).all()}
    for name in sorted(unclipped & set(jets.fields)):
        if name.startswith("part_"):
            yield name, list_lengths(jets[name]), flat_values(jets[name]), MAX_INPUT
