"""Bins of the jets of a study in pT, beside all jets.

Shapes: J jets, E edges, B groups: all jets, then each of the E - 1 bins.
"""

from itertools import pairwise

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.preprocessing import add_derived_fields, has_momenta

PT_EDGES = (0, 500, 600, 700, 800, 900, 1000, float("inf"))
PT_HELP = "edges of the bins of jet pT [GeV]"


def check_edges(edges: tuple[float, ...]) -> None:
    """Raise PartError unless there are two edges or more, in rising order."""
    if len(edges) < 2 or any(not low < high for low, high in pairwise(edges)):
        raise PartError(f"pT edges {' '.join(f'{e:g}' for e in edges)}; expected two or more in rising order.")


def jet_pt(jets: ak.Array) -> np.ndarray:
    """Return the pT of the jets (J,) in GeV, NaN where it is not known."""
    jets = add_derived_fields(jets) if has_momenta(jets) else jets
    return ak.to_numpy(jets["jet_pt"]).astype(float) if "jet_pt" in jets.fields else np.full(len(jets), np.nan)


def pt_groups(pt: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    """Return which jets (J,) are in which group (J, B), bool; a bin is [low, high)."""
    # A pT that is not known gets a place after the last edge, like one beyond it.
    place: np.ndarray = np.digitize(pt, edges)
    groups = place[:, None] == np.arange(len(edges))
    groups[:, 0] = True
    return groups


def of_groups(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return values (J, ...) in each group of their jet (J, B, ...), NaN in the others."""
    inside = groups.reshape(*groups.shape, *[1] * (values.ndim - 1))
    return np.where(inside, values[:, None], np.nan)


def group_columns(edges: tuple[float, ...], group: int) -> dict[str, float | None]:
    """Return the bounds of a group as columns of a table, None for all jets and for an open end."""
    low, high = (None, None) if group == 0 else edges[group - 1 : group + 1]
    return {"pt_low": low, "pt_high": None if high == float("inf") else high}
