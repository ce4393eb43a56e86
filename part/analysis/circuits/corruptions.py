"""Corruptions of jets that stay physical: what one jet of a pair has in place of the other.

A corruption is a function from jets, donors and a number for each jet, its key, to the corrupted jets; a new one is
such a function and a line in `CORRUPTIONS`. Chance depends on the key, which is made of the content of the jet, so
that order and batches change nothing.
Shapes: J jets, P constituents of all jets in a row. Momenta in GeV, angles in radians.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.analysis.intervention import edits
from part.analysis.intervention.activation_patching import with_flavour_of
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets import kinematics
from part.jets.schema import ANGLES, DISPLACEMENT, IDENTITY, JET_MOMENTUM, MOMENTA
from part.jets.subjets import subjet_index

SUBJETS, TURNED = 3, 1  # exclusive kT subjets, of which the second in pT turns
SOFT, WIDE = 1e-3, 0.2  # pT of the photon relative to the jet's, and its distance from the axis
COLLINEAR = 1e-3  # the distance of the halves of a split constituent
FLAVOUR = (*IDENTITY, *DISPLACEMENT, "part_pid")


@dataclass(frozen=True)
class Corruption:
    """A way to make the corrupted jet of a pair.

    Parameters
    ----------
    title, about : str
        What it is called, and what the corrupted jet is, as it reads after "the corrupted jet is".
    apply : callable
        From J jets, J donors and keys (J,) to J jets.
    needs_donors : bool
        Whether it takes something of the donor, a jet of the other class of like pT and multiplicity.
    by_rank : bool
        Whether constituents of the two jets are matched by their rank in pT. Otherwise constituent n of one jet is
        constituent n of the other, and what one of them has beyond is without a match.
    sees : tuple of str
        Branches of which the model has to see one.
    added : int
        How many constituents the corrupted jet has more.
    """

    title: str
    about: str
    apply: Callable[[ak.Array, ak.Array, np.ndarray], ak.Array]
    needs_donors: bool = False
    by_rank: bool = False
    sees: tuple[str, ...] = ()
    added: int = 0


def other_jet(jets: ak.Array, donors: ak.Array, keys: np.ndarray) -> ak.Array:
    """Return the donors."""
    return donors


def turned_subjet(jets: ak.Array, donors: ak.Array, keys: np.ndarray) -> ak.Array:
    """Return jets whose second kT subjet has turned about the jet axis, by π/3 to 5π/3."""
    angles = np.array([rng.uniform(np.pi / 3, 5 * np.pi / 3) for rng in _generators(keys)])
    counts = ak.to_numpy(ak.num(jets["part_px"]))
    turns = ak.to_numpy(ak.flatten(subjet_index(jets, SUBJETS))) == TURNED
    return edits.rotate(jets, np.where(turns, np.repeat(angles, counts), 0.0))


def shuffled_identities(jets: ak.Array, donors: ak.Array, keys: np.ndarray) -> ak.Array:
    """Return jets whose species and charges have other constituents; the displacement of a track goes along."""
    return _permuted(jets, keys, FLAVOUR, np.ones(ak.sum(ak.num(jets["part_px"])), bool))


def shuffled_displacements(jets: ak.Array, donors: ak.Array, keys: np.ndarray) -> ak.Array:
    """Return jets whose tracks have exchanged their displacements; neutral constituents have none to exchange."""
    values = [ak.to_numpy(ak.flatten(jets[name])) for name in DISPLACEMENT if name in jets.fields]
    return _permuted(jets, keys, DISPLACEMENT, np.any(np.nan_to_num(values) != 0, axis=0))


def other_flavour(jets: ak.Array, donors: ak.Array, keys: np.ndarray) -> ak.Array:
    """Return jets with the species, charges and displacements of the donor's constituents of the same rank."""
    return ak.concatenate([with_flavour_of(jets[i : i + 1], donors[i : i + 1]) for i in range(len(jets))])


def resampled_half(jets: ak.Array, donors: ak.Array, keys: np.ndarray) -> ak.Array:
    """Return jets of which a random half of the constituents are the donor's of the same rank in pT.

    These keep their share of pT and their position relative to the axis, which become those in this jet. A constituent
    of a rank that the donor does not have stays.
    """
    own, other = _Constituents(jets), _Constituents(donors)
    chosen, source = np.zeros(len(own.jet), bool), np.zeros(len(own.jet), np.int64)
    for j, rng in enumerate(_generators(keys)):
        mine, theirs = own.by_pt(j), other.by_pt(j)
        n = min(len(mine), len(theirs))
        source[mine[:n]] = theirs[:n]
        taken = rng.permutation(len(mine))[: (len(mine) + 1) // 2]
        chosen[mine[taken[taken < n]]] = True
    moved = other.placed_in(own, source)
    momenta = np.where(chosen[:, None], moved, own.p4)
    fields = {name: jets[name] for name in jets.fields if name not in (*MOMENTA, *ANGLES, *JET_MOMENTUM)}
    for name in [name for name in fields if name.startswith("part_")]:
        values = np.where(chosen, ak.to_numpy(ak.flatten(donors[name]))[source], ak.to_numpy(ak.flatten(jets[name])))
        fields[name] = ak.unflatten(values, own.counts)
    fields |= {name: ak.unflatten(column, own.counts) for name, column in zip(MOMENTA, momenta.T, strict=True)}
    return edits.recompute_derived(ak.zip(fields, depth_limit=1))


def collinear_split(jets: ak.Array, donors: ak.Array, keys: np.ndarray) -> ak.Array:
    """Return jets whose leading constituent is split in two halves, nearly in the same direction."""
    return edits.split(jets, 0, 0.5, COLLINEAR)


def soft_photon(jets: ak.Array, donors: ak.Array, keys: np.ndarray) -> ak.Array:
    """Return jets with one more photon, of a thousandth of their pT."""
    return edits.add_soft(jets, SOFT, WIDE)


CORRUPTIONS: dict[str, Corruption] = {
    "class": Corruption(
        "jet of the other class",
        "a jet of the other class, of like pT and multiplicity",
        other_jet,
        needs_donors=True,
        by_rank=True,
    ),
    "resampled": Corruption(
        "half of the constituents",
        "the jet with half of its constituents from a jet of the other class, by rank in pT",
        resampled_half,
        needs_donors=True,
    ),
    "subjet": Corruption(
        "turned subjet",
        "the jet with the second of its three kT subjets turned about the axis",
        turned_subjet,
    ),
    "flavour": Corruption(
        "flavour of the other class",
        "the jet with species, charges and displacements of a jet of the other class, by rank in pT",
        other_flavour,
        needs_donors=True,
        sees=(*IDENTITY, *DISPLACEMENT),
    ),
    "identities": Corruption(
        "shuffled identities",
        "the jet with species, charges and displacements shuffled among its constituents",
        shuffled_identities,
        sees=(*IDENTITY, *DISPLACEMENT),
    ),
    "displacements": Corruption(
        "shuffled displacements",
        "the jet with the displacements of its tracks shuffled",
        shuffled_displacements,
        sees=DISPLACEMENT,
    ),
    "collinear": Corruption(
        "collinear split (control)",
        "the jet with its leading constituent split in two halves, 0.001 apart",
        collinear_split,
        added=1,
    ),
    "soft": Corruption(
        "soft photon (control)",
        "the jet with one more photon, of a thousandth of its pT and 0.2 from the axis",
        soft_photon,
        added=1,
    ),
}


def find_corruption(name: str) -> Corruption:
    """Return a corruption by its name. Raises PartError if there is none."""
    if name not in CORRUPTIONS:
        raise PartError(f"There is no corruption {name!r}; choose one of {', '.join(CORRUPTIONS)}.")
    return CORRUPTIONS[name]


def check_corruption(tagger: Tagger, name: str) -> None:
    """Raise PartError for a corruption that there is not, or that the model cannot see."""
    corruption = find_corruption(name)
    if corruption.apply is not other_jet and tagger.data_config is not None:
        raise PartError(
            f"The inputs of {tagger.name} are computed from files by its data config, so its jets cannot be changed; "
            "expected the corruption class, another jet."
        )
    if corruption.sees and not any(tagger.features.uses((branch,)) for branch in corruption.sees):
        raise PartError(f"{tagger.name} does not see what the corruption {name} changes: {corruption.about}.")


class _Constituents:
    """The constituents of jets in a row, with their momenta."""

    def __init__(self, jets: ak.Array):
        edits.check_editable(jets)
        self.counts = ak.to_numpy(ak.num(jets["part_px"])).astype(np.int64)
        self.jet = np.repeat(np.arange(len(self.counts)), self.counts)
        self.p4 = np.stack([ak.to_numpy(ak.flatten(jets[name])).astype(np.float64) for name in MOMENTA], 1)
        self._first = np.cumsum(self.counts) - self.counts
        self._axes = np.add.reduceat(self.p4, self._first, axis=0)

    def by_pt(self, j: int) -> np.ndarray:
        """Return the places of the constituents of jet j, by falling pT."""
        places = self._first[j] + np.arange(self.counts[j])
        return places[np.argsort(-kinematics.pt(*self.p4[places, :2].T), kind="stable")]

    def placed_in(self, target: "_Constituents", source: np.ndarray) -> np.ndarray:
        """Return the momenta (P, 4) of constituents `source` of these jets, moved to the axis of others."""
        p4 = self.p4[source]
        old, new = self._axes[self.jet[source]], target._axes[target.jet]
        scale = kinematics.pt(*new[:, :2].T) / kinematics.pt(*old[:, :2].T)
        pt = kinematics.pt(*p4[:, :2].T) * scale
        eta = kinematics.eta(*p4[:, :3].T) - kinematics.eta(*old[:, :3].T) + kinematics.eta(*new[:, :3].T)
        phi = kinematics.phi(*p4[:, :2].T) - kinematics.phi(*old[:, :2].T) + kinematics.phi(*new[:, :2].T)
        p3 = np.stack((pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)), 1)
        m2 = np.maximum(kinematics.m2(*p4.T), 0)
        return np.column_stack((p3, np.sqrt((p3**2).sum(1) + m2)))


def _permuted(jets: ak.Array, keys: np.ndarray, names: tuple[str, ...], taking_part: np.ndarray) -> ak.Array:
    """Return jets with some branches permuted within each jet, among the constituents (P,) that take part."""
    edits.check_editable(jets)
    counts = ak.to_numpy(ak.num(jets["part_px"]))
    source, end = np.arange(counts.sum()), np.cumsum(counts)
    for j, rng in enumerate(_generators(keys)):
        places = np.flatnonzero(taking_part[end[j] - counts[j] : end[j]]) + end[j] - counts[j]
        source[places] = rng.permutation(places)
    fields = {name: jets[name] for name in jets.fields}
    for name in [name for name in names if name in fields]:
        fields[name] = ak.unflatten(ak.to_numpy(ak.flatten(jets[name]))[source], counts)
    return ak.zip(fields, depth_limit=1)


def _generators(keys: np.ndarray) -> Iterator[np.random.Generator]:
    return (np.random.default_rng(key) for key in keys.tolist())
