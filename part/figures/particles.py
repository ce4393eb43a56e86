"""The constituents of one jet as plain numpy in file order, and the orders in which they are shown.

Shapes: n constituents. Momenta in GeV, impact parameters in mm, angles in radians.
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.errors import PartError
from part.figures.style import MARKERS, SYMBOLS
from part.figures.view import ORDERS
from part.jets import kinematics
from part.jets.buffers import flat_values
from part.jets.features import multiplicities
from part.jets.preprocessing import add_derived_fields, has_momenta
from part.jets.schema import IDENTITY, KIND, SPECIES
from part.jets.subjets import subjet_index

UNKNOWN_MARK = len(SPECIES)


@dataclass(frozen=True, eq=False)
class Constituents:
    """Arrays (n,) with one item per constituent, or other token; what the file does not have is None.

    Attributes
    ----------
    pt, energy : np.ndarray
        Transverse momentum and energy in GeV. NaN, as the angles are, where a data config does not say the momenta.
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
    kind : np.ndarray or None
        The collection that each token belongs to, an index into `kinds`; None for a single one.
    kinds : tuple of str
        The names of the collections.
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
    kind: np.ndarray | None = None
    kinds: tuple[str, ...] = ()

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
        """Return whether there is anything to tell constituents apart by: their species, or their collections."""
        return bool((self.species >= 0).any()) or self.kind is not None

    @property
    def has_momenta(self) -> bool:
        return bool(np.isfinite(self.pt).any())

    @property
    def mark(self) -> np.ndarray:
        """The index (n,) of each constituent's marker, see `part.figures.style`."""
        species = np.where(self.species < 0, UNKNOWN_MARK, self.species)
        if self.kind is None:
            return species
        others = UNKNOWN_MARK + 1 + (self.kind - 1) % (len(MARKERS) - UNKNOWN_MARK - 1)
        return np.where(self.kind > 0, others, species)

    def mark_titles(self, species: tuple[str, ...] = SYMBOLS) -> dict[int, str]:
        """Return what each marker stands for, of those that occur; `species` are the names, unknown last."""
        titles = {}
        for index, mark in enumerate(self.mark.tolist()):
            own = species[mark] if mark < len(species) else self.species_title(index)
            titles.setdefault(mark, {})[own] = None
        return {mark: ", ".join(names) for mark, names in sorted(titles.items())}

    def order(self, name: str) -> np.ndarray:
        """Return the constituent at each display position (n,); within a subjet or species by falling pT.

        By pT and as in the file, the collections stay apart.
        """
        if name not in ORDERS:
            raise PartError(f"There is no order {name!r} of constituents; expected one of {', '.join(ORDERS)}.")
        if name == "file":
            return np.arange(len(self))
        group = self._group(name)
        return np.lexsort((-self.pt,) if group is None else (-self.pt, group))

    def missing_order(self, name: str) -> str | None:
        """Return in a sentence why the constituents have no such order of their own, or None if they have."""
        if name in ("pt", "subjet") and not self.has_momenta:
            return "The data config does not say the momenta, so there is no order by pT or by subjet."
        if name == "species" and not self.has_species:
            return "These jets do not say the species of their constituents, so there is no order by species."
        return None

    def groups(self, name: str) -> tuple[tuple[str, int, int], ...]:
        """Return (title, first, stop) display positions of each subjet, species or, in other orders, collection.

        There are none in these orders where the tokens are of a single collection.
        """
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
        """Return the species, or the name of the collection of a token that is not of the first."""
        if self.kind is not None and self.kind[index] > 0:
            return self._kind_title(int(self.kind[index]))
        species = int(self.species[index])
        return SPECIES[species] if species >= 0 else "particle"

    def symbol(self, index: int) -> str:
        """Return a short form of `species_title`."""
        if self.kind is not None and self.kind[index] > 0:
            return self._kind_title(int(self.kind[index]))
        return SYMBOLS[int(self.species[index])]

    def numbered(self, index: int) -> str:
        """Return a text such as "γ 3", or "3" where the species is not known."""
        return f"{self.symbol(index)} {index + 1}".removeprefix(f"{SYMBOLS[-1]} ")

    def describe(self, index: int) -> str:
        """Return a text such as "photon, pT 34.2 GeV"."""
        momentum = f", pT {self.pt[index]:.3g} GeV" if np.isfinite(self.pt[index]) else ""
        return f"{self.species_title(index)}{momentum}"

    def _kind_title(self, kind: int) -> str:
        return self.kinds[kind] if kind < len(self.kinds) else f"collection {kind + 1}"

    def _group(self, name: str) -> np.ndarray | None:
        if name == "subjet":
            return self.subjet
        if name == "species":
            species = np.where(self.species < 0, len(SPECIES), self.species)  # sorts unknown ones last
            return species if self.kind is None else np.where(self.kind > 0, len(SPECIES) + self.kind, species)
        return self.kind  # the tokens of a file follow collection after collection

    def _group_title(self, name: str, value: int) -> str:
        if name == "subjet":
            return f"subjet {value + 1}"
        if name != "species":
            return self._kind_title(value)
        if value > len(SPECIES):
            return self._kind_title(value - len(SPECIES))
        return SPECIES[value] if value < len(SPECIES) else "unknown"


def short_title(title: str) -> str:
    """Shorten a group's title for narrow places: "subjet 2" -> "2", "photon" -> "γ"."""
    if title.startswith("subjet "):
        return title.removeprefix("subjet ")
    if title in SPECIES:
        return SYMBOLS[SPECIES.index(title)]
    return SYMBOLS[-1] if title == "unknown" else title


def constituents(jet: ak.Array, kinds: tuple[str, ...] = ()) -> Constituents:
    """Return the constituents of a jet.

    Parameters
    ----------
    jet : ak.Array
        One jet, an array of length 1 with JetClass's branch names.
    kinds : tuple of str, optional
        The names of the collections of its tokens, where there are several.

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
    known, n = has_momenta(jet), int(multiplicities(jet)[0])
    jet = add_derived_fields(jet) if known else jet
    arrays = {name: flat_values(jet[name]) for name in jet.fields if name.startswith("part_")}
    missing = np.full(n, np.nan)
    px, py, energy, deta, dphi = (
        arrays[name] if known else missing for name in ("part_px", "part_py", "part_energy", "part_deta", "part_dphi")
    )
    return Constituents(
        pt=kinematics.pt(px, py),
        energy=energy,
        deta=deta,
        dphi=dphi,
        species=_species(arrays, n),
        subjet=flat_values(subjet_index(jet)).astype(np.int64) if known else np.zeros(n, np.int64),
        charge=arrays.get("part_charge"),
        d0=arrays.get("part_d0val"),
        d0_significance=_significance(arrays, "d0"),
        dz=arrays.get("part_dzval"),
        dz_significance=_significance(arrays, "dz"),
        kind=arrays[KIND].astype(np.int64) if KIND in arrays else None,
        kinds=kinds,
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
