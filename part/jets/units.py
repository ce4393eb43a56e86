"""Momenta that are given in MeV and would be taken for GeV, which the median pT of jets tells.

Shapes: J jets.
"""

import awkward as ak
import numpy as np

from part.jets.buffers import flat_values, list_lengths
from part.jets.notices import say

MAX_MEDIAN_PT = 1e4  # GeV; no collider has made jets of such a median, and jets of 10 GeV have it in MeV
N_TRIED = 100  # jets, since a file has one unit


def notify_units(path: str, jets: ak.Array) -> None:
    """Say so if the median pT of the first jets is that of momenta in MeV."""
    counts = list_lengths(jets["part_px"])[:N_TRIED]
    n, jet = int(counts.sum()), np.repeat(np.arange(len(counts)), counts)
    pt = np.hypot(*(np.bincount(jet, flat_values(jets[name])[:n], len(counts)) for name in ("part_px", "part_py")))
    if len(pt) and np.median(pt) > MAX_MEDIAN_PT:
        say(f"{path}: the median pT of its jets is above {MAX_MEDIAN_PT:,.0f} GeV, as if momenta were in MeV.")
