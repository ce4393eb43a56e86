"""The tokens of jets as hypotheses see them: kinematics, identity, displacement, subjets and prongs.

Shapes: J jets, N tokens of the longest jet.
"""

from dataclasses import dataclass, fields, replace

import awkward as ak
import numpy as np

from part.analysis.truth.prongs import find_prongs
from part.jets import add_derived_fields, keep_leading, kinematics, subjet_index
from part.jets.features import multiplicities
from part.jets.preprocessing import has_momenta
from part.jets.schema import ANGLES, DISPLACEMENT, IDENTITY, KIND, MOMENTA


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of jets that a model sees; None stands for what the jets do not hold.

    Attributes
    ----------
    mask : ndarray (J, N), bool
        True = real.
    neighbours : int
        How many keys "the nearest" and the like are.
    momenta : ndarray (J, N, 4), optional
        px, py, pz, E in GeV; 0 on padding.
    angles : ndarray (J, N, 2), optional
        Δη and Δφ from the jet axis.
    charge : ndarray (J, N), optional
    species : ndarray (J, N)
        Index into `schema.SPECIES`, -1 where it is not known and on padding.
    significance : ndarray (J, N), optional
        |d0| / σ; 0 where there is no track.
    subjet : ndarray (J, N), optional
        The exclusive kT subjet of each token, -1 on padding.
    prong : ndarray (J, N)
        The nearest true prong of each token, -1 for none.
    kind : ndarray (J, N), optional
        The collection of each token, of a model that takes several.
    """

    mask: np.ndarray
    neighbours: int
    momenta: np.ndarray | None
    angles: np.ndarray | None
    charge: np.ndarray | None
    species: np.ndarray
    significance: np.ndarray | None
    subjet: np.ndarray | None
    prong: np.ndarray
    kind: np.ndarray | None

    @classmethod
    def from_jets(cls, jets: ak.Array, neighbours: int, subjets: int) -> "Tokens":
        """Return the tokens of jets, whose subjets are so many exclusive kT ones."""
        known = has_momenta(jets)
        prong = find_prongs(jets, "deltaR").index
        jets = keep_leading(add_derived_fields(jets) if known else jets)[0]
        counts = multiplicities(jets)
        mask = np.arange(counts.max(initial=0)) < counts[:, None]

        def padded(values: ak.Array, fill: float = 0.0) -> np.ndarray:
            column = np.full(mask.shape, fill)
            column[mask] = ak.to_numpy(ak.flatten(values))
            return column

        def columns(names: tuple[str, ...]) -> np.ndarray | None:
            return np.stack([padded(jets[n]) for n in names], -1) if set(names) <= set(jets.fields) else None

        charge, track = columns(IDENTITY[:1]), columns(DISPLACEMENT[:2])
        return cls(
            mask=mask,
            neighbours=neighbours,
            momenta=columns(MOMENTA) if known else None,
            angles=columns(ANGLES) if known else None,
            charge=None if charge is None else charge[..., 0],
            species=padded(kinematics.species(jets), -1),
            significance=None if track is None else _significance(track),
            subjet=padded(subjet_index(jets, subjets), -1) if known else None,
            prong=prong,
            kind=padded(jets[KIND], -1) if KIND in jets.fields else None,
        )

    def select(self, rows: np.ndarray, length: int) -> "Tokens":
        """Return those of some jets, of which the longest has so many tokens."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        chosen = {name: a[rows, :length] for name, a in arrays.items() if isinstance(a, np.ndarray)}
        return replace(self, **chosen)

    @property
    def pairs(self) -> np.ndarray:
        """Return which pairs of a query and another token are real (J, N, N)."""
        return self.mask[:, :, None] & self.mask[:, None, :] & ~np.eye(self.mask.shape[1], dtype=bool)

    @property
    def pt(self) -> np.ndarray | None:
        """The transverse momentum (J, N) in GeV."""
        return None if self.momenta is None else kinematics.pt(self.momenta[..., 0], self.momenta[..., 1])

    @property
    def distance(self) -> np.ndarray | None:
        """ΔR between tokens (J, N, N)."""
        if self.angles is None:
            return None
        eta, phi = self.angles[..., 0], self.angles[..., 1]
        return kinematics.delta_r(eta[:, :, None], phi[:, :, None], eta[:, None], phi[:, None])

    @property
    def m2(self) -> np.ndarray | None:
        """The squared mass of pairs (J, N, N) in GeV²."""
        if self.momenta is None:
            return None
        total = self.momenta[:, :, None] + self.momenta[:, None]
        return kinematics.m2(*np.moveaxis(total, -1, 0))


def _significance(track: np.ndarray) -> np.ndarray:
    d0, error = np.abs(track[..., 0]), track[..., 1]
    return np.divide(d0, error, out=np.zeros_like(d0), where=error > 0)
