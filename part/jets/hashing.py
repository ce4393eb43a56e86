"""Hashes of jets by their content."""

import zlib

import awkward as ak
import numpy as np

from part.jets.buffers import token_rows
from part.jets.schema import INPUTS


def jet_hashes(jets: ak.Array) -> np.ndarray:
    """Return a number (J,) for each jet from its content, so that random choices do not depend on the jets' order."""
    if "part_px" in jets.fields:
        counts, values = ak.to_numpy(ak.num(jets["part_px"])), ak.to_numpy(ak.flatten(jets["part_px"]))
    else:
        counts, values = token_rows(jets[INPUTS])
    content, ends = np.ascontiguousarray(values, "<f4"), np.cumsum(counts)
    rows = zip(ends - counts, ends, strict=True)
    return np.array([zlib.crc32(content[a:b].tobytes()) for a, b in rows], np.int64)
