"""The constituents of one jet as plain numpy in file order, and the orders in which they are shown.

Shapes: n constituents. Momenta in GeV, impact parameters in mm, angles in radians.
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.errors import PartError
from part.figures.style import SYMBOLS
from part.figures.view import ORDERS
from part.jets import kinematics
from part.jets.preprocessing import add_derived_fields
from part.jets.schema import IDENTITY, SPECIES
from part.jets.subjets import subjet_index


@dataclass(frozen=True, eq=False)
class Constituents:
    """Arrays (n,) with one item per constituent; what the file does not have is None.

    Attributes
    ----------
    pt, energy : np.ndarray
        Transverse momentum and energy in GeV.
    deta, dphi : np.ndarray
        Pseudorapidity, times the sign of the jet's, and azimuth from the jet axis.
    species : np.ndarray
        Index into `schema.SPECIES`, -1 if unknown.
    subjet : np.ndarray
        Index of the exclusive kT subjet, 0 the leading one.
    charge : np.ndarray or None
        Electric charge.
    d0, dz : np.ndarray or None
        Transverse and longitudinal impact parameter in mm.
    d0_significance, dz_significance : np.ndarray or None
        The same over their errors, NaN where there is no error, as for neutral particles.
    """

    pt: np.ndarray
    energy: np.ndarray
    deta: np.ndarray
    dphi: np.ndarray
    species: np.ndarray
    subjet: np.ndarray
    charge: np.ndarray | None = None
    d0: np.ndarray | None = None
    d0_significance: np.ndarray | None = None
    dz: np.ndarray | None = None
    dz_significance: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pt)

    @property
    def delta_r(self) -> np.ndarray:
        """The distances to the jet axis (n,)."""
        return np.hypot(self.deta, self.dphi)

    @property
    def pair_delta_r(self) -> np.ndarray:
        """The distances between constituents (n, n)."""
        dphi = kinematics.delta_phi(self.dphi[:, None], self.dphi[None, :])
        return np.hypot(self.deta[:, None] - self.deta[None, :], dphi)

    @property
    def has_species(self) -> bool:
        return bool((self.species >= 0).any())

    def order(self, name: str) -> np.ndarray:
        """Return the constituent at each display position (n,); within a subjet or species by falling pT."""
        if name not in ORDERS:
            raise PartError(f"There is no order {name!r} of constituents; expected one of {', '.join(ORDERS)}.")
        if name == "file":
            return np.arange(len(self))
        group = self._group(name)
        return np.lexsort((-self.pt,) if group is None else (-self.pt, group))

    def groups(self, name: str) -> tuple[tuple[str, int, int], ...]:
        """Return (title, first, stop) display positions of each subjet or species; () for other orders."""
        group = self._group(name)
        if group is None:
            return ()
        sorted_group = group[self.order(name)]
        starts = np.flatnonzero(np.diff(sorted_group, prepend=-1))
        stops = np.append(starts[1:], len(self))
        return tuple(
            (self._group_title(name, int(sorted_group[a])), int(a), int(b)) for a, b in zip(starts, stops, strict=True)
        )

    def species_title(self, index: int) -> str:
        species = int(self.species[index])
        return SPECIES[species] if species >= 0 else "particle"

    def symbol(self, index: int) -> str:
        return SYMBOLS[int(self.species[index])]

    def describe(self, index: int) -> str:
        """Return a text such as "photon, pT 34.2 GeV"."""
        return f"{self.species_title(index)}, pT {self.pt[index]:.3g} GeV"

    def _group(self, name: str) -> np.ndarray | None:
        if name == "subjet":
            return self.subjet
        if name == "species":
            return np.where(self.species < 0, len(SPECIES), self.species)  # sorts unknown ones last
        return None

    def _group_title(self, name: str, value: int) -> str:
        if name == "subjet":
            return f"subjet {value + 1}"
        return SPECIES[value] if value < len(SPECIES) else "unknown"


def short_title(title: str) -> str:
    """Shorten a group's title for narrow places: "subjet 2" -> "2", "photon" -> "γ"."""
    if title.startswith("subjet "):
        return title.removeprefix("subjet ")
    return SYMBOLS[SPECIES.index(title) if title in SPECIES else -1]


def constituents(jet: ak.Array) -> Constituents:
    """Return the constituents of a jet.

    Parameters
    ----------
    jet : ak.Array
        One jet, an array of length 1 with JetClass's branch names.

    Returns
    -------
    Constituents

    Raises
    ------
    PartError
        If there is not exactly one jet.
    """
    if len(jet) != 1:
        raise PartError(f"Expected an array of one jet, such as jets[0:1]; it holds {len(jet)}.")
    jet = add_derived_fields(jet)
    arrays = {name: ak.to_numpy(jet[name][0]) for name in jet.fields if name.startswith("part_")}
    return Constituents(
        pt=kinematics.pt(arrays["part_px"], arrays["part_py"]),
        energy=arrays["part_energy"],
        deta=arrays["part_deta"],
        dphi=arrays["part_dphi"],
        species=_species(arrays, n=len(arrays["part_px"])),
        subjet=ak.to_numpy(subjet_index(jet)[0]).astype(np.int64),
        charge=arrays.get("part_charge"),
        d0=arrays.get("part_d0val"),
        d0_significance=_significance(arrays, "d0"),
        dz=arrays.get("part_dzval"),
        dz_significance=_significance(arrays, "dz"),
    )


def _species(arrays: dict[str, np.ndarray], n: int) -> np.ndarray:
    """Return the same as kinematics.species, which takes ten times as long for a single jet."""
    species = np.full(n, -1)
    for index, flag in enumerate(IDENTITY[1:]):
        if flag in arrays:
            species[arrays[flag] > 0] = index
    return species


def _significance(arrays: dict[str, np.ndarray], name: str) -> np.ndarray | None:
    value, error = arrays.get(f"part_{name}val"), arrays.get(f"part_{name}err")
    if value is None or error is None:
        return None
    return np.divide(value, error, out=np.full(len(value), np.nan), where=error > 0)
