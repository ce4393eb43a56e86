"""The prong of each particle that a model sees.

Shapes: J jets, N particles of the longest jet, M prongs of the jet with most of them.
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.jets import add_derived_fields, keep_leading
from part.jets.features import multiplicities
from part.jets.preprocessing import has_momenta
from part.jets.truth import match, partons

MATCHES = ("deltaR", "kt")
MATCH_HELP = "prong of a constituent: the nearest one (deltaR), or that of its exclusive kT subjet (kt)"


@dataclass(frozen=True, eq=False)
class Prongs:
    """The prongs of jets and the particles that belong to each.

    Parameters
    ----------
    index : ndarray (J, N)
        The prong of each particle, from 0 for the leading one in pT; -1 for particles of no prong and on padding.
    pid : ndarray (J, M)
        The PDG code of each prong, 0 where a jet has fewer; a jet whose partons are not known has none.
    """

    index: np.ndarray
    pid: np.ndarray

    @property
    def count(self) -> np.ndarray:
        """The number of prongs (J,), whether or not a particle belongs to them."""
        return (self.pid != 0).sum(1)

    def select(self, rows: np.ndarray, length: int) -> "Prongs":
        """Return those of some jets, of which the longest has so many particles."""
        return Prongs(self.index[rows, :length], self.pid[rows])


def find_prongs(jets: ak.Array, by: str) -> Prongs:
    """Return the prongs of J jets, matched to constituents as one of MATCHES says; see `part.jets.truth.match`."""
    kept = keep_leading(add_derived_fields(jets) if has_momenta(jets) else jets)[0]
    counts = multiplicities(kept)
    index = np.full((len(counts), counts.max(initial=0)), -1)
    truth = partons(kept) if has_momenta(kept) else None
    if truth is None:
        return Prongs(index, np.zeros((len(counts), 0), int))
    index[np.arange(index.shape[1]) < counts[:, None]] = ak.to_numpy(ak.flatten(match(kept, truth, by)))
    pid = truth["pid"][truth["is_prong"]]
    most = int(ak.max(ak.num(pid), initial=0))
    return Prongs(index, ak.to_numpy(ak.fill_none(ak.pad_none(pid, most, clip=True), 0)).astype(int))
