"""The partons of one jet as plain numpy, and the prong of each constituent.

Shapes: m partons, n constituents. Momenta in GeV, angles in radians.
"""

from dataclasses import dataclass, field
from functools import cached_property

import awkward as ak
import numpy as np

from part.figures.arrays import LabelledArray
from part.figures.particles import Constituents
from part.figures.style import PARTON_KINDS
from part.jets import truth
from part.jets.pdg import NEUTRINOS, symbol
from part.jets.preprocessing import add_derived_fields

PRONG, NEUTRINO, RESONANCE = range(len(PARTON_KINDS))
MATCHINGS = ("deltaR", "kt")


@dataclass(frozen=True, eq=False)
class Partons:
    """Arrays (m,) with one item per parton, prongs first and by falling pT, see `part.jets.truth.partons`.

    Attributes
    ----------
    pt : np.ndarray
        Transverse momentum in GeV.
    deta, dphi : np.ndarray
        Pseudorapidity, times the sign of the jet's, and azimuth from the jet axis.
    pid : np.ndarray
        PDG code.
    kind : np.ndarray
        Index into `part.figures.style.PARTON_KINDS`.
    n_outside : int
        The prongs that are further than `part.jets.truth.JET_RADIUS` from the axis and left out.
    """

    pt: np.ndarray
    deta: np.ndarray
    dphi: np.ndarray
    pid: np.ndarray
    kind: np.ndarray
    n_outside: int = 0
    _source: tuple[ak.Array, Constituents] | None = field(default=None, repr=False)  # the jet

    def __len__(self) -> int:
        return len(self.pt)

    @property
    def n_prongs(self) -> int:
        return int((self.kind == PRONG).sum())

    @property
    def relative_size(self) -> np.ndarray:
        """The diameter of each mark over that of the leading prong; areas are proportional to pT."""
        prongs = self.pt[self.kind == PRONG]
        size = np.sqrt(self.pt / prongs.max()) if len(prongs) else np.ones(len(self))
        return np.where(self.kind == PRONG, size, 0.5)

    def symbol(self, index: int) -> str:
        """Return the symbol of a parton, such as "b"."""
        return symbol(int(self.pid[index]))

    def describe(self, index: int) -> str:
        """Return a text such as "prong b, pT 312 GeV"."""
        return f"{PARTON_KINDS[self.kind[index]]} {self.symbol(index)}, pT {self.pt[index]:.3g} GeV"

    def kind_titles(self) -> dict[int, str]:
        """Return what each mark stands for, of those that occur, with what is left out."""
        titles = {kind: PARTON_KINDS[kind] for kind in sorted(set(self.kind.tolist()))}
        if self.n_outside:
            titles[PRONG] = f"{PARTON_KINDS[PRONG]} ({self.n_outside} beyond ΔR {truth.JET_RADIUS})"
        return titles

    def prong_title(self, index: int) -> str:
        """Return the name of a prong, or of none (-1), such as "1 b" for the leading one."""
        return f"{index + 1} {self.symbol(index)}" if index >= 0 else "none"

    def prong(self, matching: str) -> np.ndarray:
        """Return the prong of each constituent (n,), -1 for none; `matching` is one of `MATCHINGS`."""
        return self._nearest if matching == "deltaR" else self._by_subjet

    @cached_property
    def _nearest(self) -> np.ndarray:
        assert self._source is not None
        _, particles = self._source
        return self._match(particles.deta, particles.dphi)

    @cached_property
    def _by_subjet(self) -> np.ndarray:
        assert self._source is not None
        jet, _ = self._source
        return self._match(*truth.subjet_axes(add_derived_fields(jet), np.array([self.n_prongs])))

    def _match(self, deta: np.ndarray, dphi: np.ndarray) -> np.ndarray:
        return truth.nearest_prong(deta, dphi, self.deta[: self.n_prongs], self.dphi[: self.n_prongs])

    def arrays(self) -> dict[str, LabelledArray]:
        """Return the arrays (m,) that are exported with an event display."""
        meanings = {
            "pt": ("GeV", "transverse momentum"),
            "deta": ("rad", "pseudorapidity from the jet axis, times the sign of the jet's"),
            "dphi": ("rad", "azimuth from the jet axis"),
            "pid": ("1", "PDG code"),
            "kind": ("1", f"index into {', '.join(PARTON_KINDS)}"),
        }
        return {
            f"parton_{name}": LabelledArray(getattr(self, name), ("parton",), unit, meaning)
            for name, (unit, meaning) in meanings.items()
        }

    def prong_arrays(self) -> dict[str, LabelledArray]:
        """Return the prongs of the constituents (n,) that are exported with them."""
        radius = f"within ΔR {truth.MATCH_RADIUS}, -1 for none"
        meanings = {"deltaR": f"nearest prong {radius}", "kt": f"prong nearest to the exclusive kT subjet {radius}"}
        return {
            f"constituent_prong_{by}": LabelledArray(self.prong(by), ("constituent",), "1", meaning)
            for by, meaning in meanings.items()
        }


def jet_partons(jet: ak.Array, particles: Constituents) -> Partons | None:
    """Return the partons of a jet.

    Parameters
    ----------
    jet : ak.Array
        One jet, an array of length 1, with the constituents that are shown.
    particles : Constituents
        These constituents.

    Returns
    -------
    Partons or None
        None if the file says none for this jet.
    """
    if not truth.has_partons(jet) or (flat := truth.parton_table(jet, radius=np.inf)) is None:
        return None
    inside = np.hypot(flat["deta"], flat["dphi"]) <= truth.JET_RADIUS
    n_outside = int((flat["is_prong"] & ~inside).sum())
    flat = {name: values[inside] for name, values in flat.items()}
    if not inside.any():
        return None
    is_neutrino = np.isin(np.abs(flat["pid"]), NEUTRINOS)
    kind = np.select([flat["is_prong"], is_neutrino], [PRONG, NEUTRINO], RESONANCE)
    angles = (flat[name].astype(float) for name in ("pt", "deta", "dphi"))
    return Partons(*angles, flat["pid"], kind, n_outside, (jet, particles))
