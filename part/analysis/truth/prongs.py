"""The prong of each particle that a model sees.

Shapes: J jets, N particles of the longest jet.
"""

import awkward as ak
import numpy as np

from part.jets import add_derived_fields, keep_leading
from part.jets.features import multiplicities
from part.jets.preprocessing import has_momenta
from part.jets.truth import match, partons

MATCHES = ("deltaR", "kt")
MATCH_HELP = "prong of a constituent: the nearest one (deltaR), or that of its exclusive kT subjet (kt)"


def prong_index(jets: ak.Array, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the prong of each particle (J, N), from 0 for the leading one in pT, and the number of prongs (J,).

    The index is -1 for particles of no prong and on padding. A jet whose partons are not known has 0 prongs.

    Parameters
    ----------
    jets : ak.Array
        J jets.
    by : str
        How constituents are matched, one of MATCHES; see `part.jets.truth.match`.
    """
    kept = keep_leading(add_derived_fields(jets) if has_momenta(jets) else jets)[0]
    counts = multiplicities(kept)
    index = np.full((len(counts), counts.max(initial=0)), -1)
    truth = partons(kept) if has_momenta(kept) else None
    if truth is None:
        return index, np.zeros(len(counts), int)
    index[np.arange(index.shape[1]) < counts[:, None]] = ak.to_numpy(ak.flatten(match(kept, truth, by)))
    return index, ak.to_numpy(ak.sum(truth["is_prong"], axis=1)).astype(int)
