"""Edits of jets: a constituent less, one more, one split in two, all of them turned, boosted or smeared.

Each takes jets and returns new ones with what follows from the constituents computed again: the jet's four-momentum as
their sum, `part_deta` and `part_dphi` from its axis. Jet-level numbers that no longer hold, as jet_tau1, are left out.
Shapes: J jets, P constituents of all jets in a row. Momenta in GeV, angles in radians.
"""

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets import kinematics
from part.jets.features import complete
from part.jets.schema import DISPLACEMENT, IDENTITY, MOMENTA


def rebuilt(jets: ak.Array) -> ak.Array:
    """The same jets with what follows from their constituents computed again: what edits are to be held against."""
    return _made(jets, np.arange(_total(jets)), _counts(jets), _momenta(jets))


def drop(jets: ak.Array, rank: int = 0) -> ak.Array:
    """Without the constituent of this rank in pT, 0 for the hardest; a jet without it, or of one only, stays."""
    counts = _counts(jets)
    gone = (_ranks(jets) == rank) & np.repeat(counts > 1, counts)
    keep = np.flatnonzero(~gone)
    left = counts - np.add.reduceat(gone, np.cumsum(counts) - counts)
    return _made(jets, keep, left, _momenta(jets)[keep])


def add_soft(jets: ak.Array, share: float, distance: float, angle: float = 0.0) -> ak.Array:
    """With a photon of `share` of the jet's pT at this distance in (η, φ) from its axis; at angle 0 η is larger."""
    counts, p4 = _counts(jets), _momenta(jets)
    _positive(share=share)
    total = _sums(p4, counts)
    pt = share * kinematics.pt(*total[:, :2].T)
    eta = kinematics.eta(*total[:, :3].T) + distance * np.cos(angle)
    phi = kinematics.phi(*total[:, :2].T) + distance * np.sin(angle)
    photon = np.stack((pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)), 1)
    ends = np.cumsum(counts)
    new = ends + np.arange(len(counts))
    take = np.insert(np.arange(len(p4)), ends, ends - 1)
    identity = dict.fromkeys(IDENTITY + DISPLACEMENT + ("part_pid",), 0) | {"part_isPhoton": 1, "part_pid": 22}
    return _made(jets, take, counts + 1, np.insert(p4, ends, photon, axis=0), (new, identity))


def split(jets: ak.Array, rank: int, share: float, distance: float = 0.0) -> ak.Array:
    """With the constituent of this rank in pT in two: `share` of its momentum and the rest, so far apart in azimuth.

    Both keep its species, charge and displacement. The three-momentum is conserved; so is the energy for distance 0,
    and else up to second order in the distance: each part has its share of the mass.
    """
    if not 0 < share < 1:
        raise PartError(f"A share of {share:g} of the momentum; expected more than 0 and less than 1.")
    counts, p4 = _counts(jets), _momenta(jets)
    parent = np.flatnonzero(_ranks(jets) == rank)
    owner = np.searchsorted(np.cumsum(counts), parent, side="right")
    mother = p4[parent]
    mass2 = np.maximum(kinematics.m2(*mother.T), 0)
    kick = share * (1 - share) * distance * np.stack((-mother[:, 1], mother[:, 0], np.zeros(len(mother))), 1)
    parts = [
        np.column_stack((p3, np.sqrt((p3**2).sum(1) + weight**2 * mass2)))
        for weight, p3 in ((share, share * mother[:, :3] + kick), (1 - share, (1 - share) * mother[:, :3] - kick))
    ]
    first = p4.copy()
    first[parent] = parts[0]
    ends = np.cumsum(counts)[owner]
    take = np.insert(np.arange(len(p4)), ends, parent)
    return _made(
        jets, take, counts + np.bincount(owner, minlength=len(counts)), np.insert(first, ends, parts[1], axis=0)
    )


def rotate(jets: ak.Array, angle: float) -> ak.Array:
    """Turned about the jet's axis in space: four-momentum of the jet, energies and masses of pairs stay."""
    counts, p4 = _counts(jets), _momenta(jets)
    axis = _sums(p4, counts)[:, :3]
    axis = np.repeat(axis / np.linalg.norm(axis, axis=1, keepdims=True), counts, axis=0)
    p3 = p4[:, :3]
    along = (axis * p3).sum(1, keepdims=True) * axis
    turned = along + np.cos(angle) * (p3 - along) + np.sin(angle) * np.cross(axis, p3)
    return _made(jets, np.arange(len(p4)), counts, np.column_stack((turned, p4[:, 3])))


def boost(jets: ak.Array, rapidity: float) -> ak.Array:
    """Boosted along the beam: transverse momenta, differences of rapidity and azimuth, masses of pairs stay."""
    px, py, pz, energy = _momenta(jets).T
    cosh, sinh = np.cosh(rapidity), np.sinh(rapidity)
    p4 = np.stack((px, py, cosh * pz + sinh * energy, cosh * energy + sinh * pz), 1)
    return _made(jets, np.arange(len(p4)), _counts(jets), p4)


def smear(jets: ak.Array, resolution: float, seed: int = 0) -> ak.Array:
    """Each four-momentum times a number of its own, lognormal about 1 of this relative width; directions stay."""
    p4 = _momenta(jets)
    factor = np.exp(resolution * np.random.default_rng(seed).normal(size=(len(p4), 1)))
    return _made(jets, np.arange(len(p4)), _counts(jets), p4 * factor)


def _made(
    jets: ak.Array, take: np.ndarray, counts: np.ndarray, p4: np.ndarray, new: tuple[np.ndarray, dict] | None = None
) -> ak.Array:
    """The constituents `take` (P,) of the old ones, with momenta (P, 4); new: places, and branches' values there."""
    kept = {}
    for name in jets.fields:
        if name.startswith("part_") and name not in (*MOMENTA, "part_deta", "part_dphi"):
            values = ak.to_numpy(ak.flatten(jets[name]))[take]
            if new is not None and name in new[1]:
                values[new[0]] = new[1][name]
            kept[name] = ak.unflatten(values, counts)
        elif not name.startswith(("part_", "jet_")) or name.startswith("jet_is"):
            kept[name] = jets[name]
    momenta = {name: ak.unflatten(values, counts) for name, values in zip(MOMENTA, p4.T, strict=True)}
    return complete(ak.zip(momenta | kept, depth_limit=1))


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise PartError(f"A {name} of {value:g}; expected more than 0.")


def _total(jets: ak.Array) -> int:
    return int(_counts(jets).sum())


def _counts(jets: ak.Array) -> np.ndarray:
    return ak.to_numpy(ak.num(jets["part_px"])).astype(np.int64)


def _momenta(jets: ak.Array) -> np.ndarray:
    """px, py, pz, E (P, 4)"""
    return np.stack([ak.to_numpy(ak.flatten(jets[name])).astype(np.float64) for name in MOMENTA], axis=1)


def _sums(p4: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of each jet (J, 4)"""
    return np.add.reduceat(p4, np.cumsum(counts) - counts, axis=0)


def _ranks(jets: ak.Array) -> np.ndarray:
    """Place of each constituent (P,) in its jet by falling pT."""
    pt = kinematics.pt(jets["part_px"], jets["part_py"])
    order = ak.argsort(pt, axis=1, ascending=False, stable=True)
    return ak.to_numpy(ak.flatten(ak.argsort(order, axis=1, stable=True)))
