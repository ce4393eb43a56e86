"""Edits of jets: removing, adding or splitting a constituent; rotating, boosting or smearing all of them.

Jets that a data config prepared cannot be edited, because their inputs would not follow.
Each edit returns new jets with all that follows from the constituents computed again: the jet's four-momentum as their
sum, `part_deta` and `part_dphi` from its axis. Jet-level observables that no longer hold, such as jet_tau1, are left
out. Compare edited jets with `recompute_derived(jets)`, whose axis is that of the same sum.

Shapes: J jets, P constituents of all jets in a row. Momenta in GeV, angles in radians.
"""

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets import kinematics
from part.jets.preprocessing import add_derived_fields
from part.jets.schema import DISPLACEMENT, IDENTITY, INPUTS, MOMENTA


def check_editable(jets: ak.Array) -> None:
    """Raise PartError for jets whose inputs a data config has computed already."""
    if INPUTS in jets.fields:
        raise PartError(
            "These jets were read with a data config, and what it computes of the file does not follow an edit of "
            "constituents; edits need jets with JetClass's names, read without a data config."
        )


def recompute_derived(jets: ak.Array) -> ak.Array:
    """Return the same jets with all that follows from their constituents computed again."""
    counts = _counts(jets)
    return _build_jets(jets, np.arange(counts.sum()), counts, _momenta(jets))


def drop(jets: ak.Array, rank: int = 0) -> ak.Array:
    """Remove a constituent.

    Parameters
    ----------
    jets : ak.Array
        J jets. A jet without such a constituent, or with no other, does not change.
    rank : int
        The constituent's rank in pT, 0 for the leading one.
    """
    counts = _counts(jets)
    removed = (_ranks(jets) == rank) & np.repeat(counts > 1, counts)
    remaining = np.flatnonzero(~removed)
    n_kept = counts - np.add.reduceat(removed, np.cumsum(counts) - counts)
    return _build_jets(jets, remaining, n_kept, _momenta(jets)[remaining])


def add_soft(jets: ak.Array, fraction: float, distance: float, angle: float = 0.0) -> ak.Array:
    """Add a photon.

    Parameters
    ----------
    jets : ak.Array
    fraction : float
        The photon's pT relative to the jet's.
    distance : float
        Its distance in (η, φ) from the jet axis.
    angle : float
        Its direction from the axis; at 0 its η is larger.

    Raises
    ------
    PartError
        If the fraction is not positive.
    """
    if not fraction > 0:
        raise PartError(f"A fraction of {fraction:g}; expected more than 0.")
    counts, p4 = _counts(jets), _momenta(jets)
    total = _sums(p4, counts)
    pt = fraction * kinematics.pt(*total[:, :2].T)
    eta = kinematics.eta(*total[:, :3].T) + distance * np.cos(angle)
    phi = kinematics.phi(*total[:, :2].T) + distance * np.sin(angle)
    photon = np.stack((pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)), 1)
    ends = np.cumsum(counts)
    source = np.insert(np.arange(len(p4)), ends, ends - 1)
    identity: dict[str, float] = dict.fromkeys(IDENTITY + DISPLACEMENT + ("part_pid",), 0) | {
        "part_isPhoton": 1,
        "part_pid": 22,
    }
    added = ends + np.arange(len(counts)), identity
    return _build_jets(jets, source, counts + 1, np.insert(p4, ends, photon, axis=0), added)


def split(jets: ak.Array, rank: int, fraction: float, distance: float = 0.0) -> ak.Array:
    """Split a constituent in two, which keep its species, charge and displacement.

    The three-momentum is conserved. The energy is conserved for distance 0, and otherwise up to second order in the
    distance, as each of the two takes its fraction of the mass.

    Parameters
    ----------
    jets : ak.Array
    rank : int
        The constituent's rank in pT, 0 for the leading one.
    fraction : float
        The fraction of its momentum that the first of the two takes, between 0 and 1.
    distance : float
        The distance of the two in azimuth.

    Raises
    ------
    PartError
        If the fraction is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise PartError(f"A fraction of {fraction:g} of the momentum; expected more than 0 and less than 1.")
    counts, p4 = _counts(jets), _momenta(jets)
    parent = np.flatnonzero(_ranks(jets) == rank)
    owner = np.searchsorted(np.cumsum(counts), parent, side="right")
    mother = p4[parent]
    mass2 = np.maximum(kinematics.m2(*mother.T), 0)
    azimuthal = np.stack((-mother[:, 1], mother[:, 0], np.zeros(len(mother))), 1)
    kick = fraction * (1 - fraction) * distance * azimuthal
    rest = 1 - fraction
    daughters = [
        np.column_stack((p3, np.sqrt((p3**2).sum(1) + weight**2 * mass2)))
        for weight, p3 in ((fraction, fraction * mother[:, :3] + kick), (rest, rest * mother[:, :3] - kick))
    ]
    first = p4.copy()
    first[parent] = daughters[0]
    ends = np.cumsum(counts)[owner]
    source = np.insert(np.arange(len(p4)), ends, parent)
    n_constituents = counts + np.bincount(owner, minlength=len(counts))
    return _build_jets(jets, source, n_constituents, np.insert(first, ends, daughters[1], axis=0))


def rotate(jets: ak.Array, angle: float | np.ndarray) -> ak.Array:
    """Rotate constituents about the axis of their jet in space.

    One angle for all keeps the jet's four-momentum, energies and masses of pairs. With an angle (P,) for each
    constituent, those that turn together keep their masses, and the mass of the jet changes.
    """
    counts, p4 = _counts(jets), _momenta(jets)
    axis = _sums(p4, counts)[:, :3]
    axis = np.repeat(axis / np.linalg.norm(axis, axis=1, keepdims=True), counts, axis=0)
    p3, turn = p4[:, :3], np.broadcast_to(angle, len(p4))[:, None]
    along = (axis * p3).sum(1, keepdims=True) * axis
    rotated = along + np.cos(turn) * (p3 - along) + np.sin(turn) * np.cross(axis, p3)
    return _build_jets(jets, np.arange(len(p4)), counts, np.column_stack((rotated, p4[:, 3])))


def boost(jets: ak.Array, rapidity: float) -> ak.Array:
    """Boost along the beam, which keeps transverse momenta, differences of rapidity and azimuth, masses of pairs."""
    counts, (px, py, pz, energy) = _counts(jets), _momenta(jets).T
    cosh, sinh = np.cosh(rapidity), np.sinh(rapidity)
    p4 = np.stack((px, py, cosh * pz + sinh * energy, cosh * energy + sinh * pz), 1)
    return _build_jets(jets, np.arange(len(p4)), counts, p4)


def smear(jets: ak.Array, resolution: float, seed: int = 0) -> ak.Array:
    """Multiply each four-momentum by a lognormal factor about 1 of this relative width, which keeps directions."""
    counts, p4 = _counts(jets), _momenta(jets)
    factor = np.exp(resolution * np.random.default_rng(seed).normal(size=(len(p4), 1)))
    return _build_jets(jets, np.arange(len(p4)), counts, p4 * factor)


def _build_jets(
    jets: ak.Array,
    source: np.ndarray,
    counts: np.ndarray,
    p4: np.ndarray,
    added: tuple[np.ndarray, dict[str, float]] | None = None,
) -> ak.Array:
    """Return jets of `counts` (J,) constituents with momenta (P, 4), which are copies of `source` (P,) otherwise.

    added : indices of new constituents, and the values of their branches.
    """
    fields = {}
    for name in jets.fields:
        if name.startswith("part_") and name not in (*MOMENTA, "part_deta", "part_dphi"):
            values = ak.to_numpy(ak.flatten(jets[name]))[source]
            if added is not None and name in added[1]:
                values[added[0]] = added[1][name]
            fields[name] = ak.unflatten(values, counts)
        elif not name.startswith(("part_", "jet_")) or name.startswith("jet_is"):
            fields[name] = jets[name]
    momenta = {name: ak.unflatten(values, counts) for name, values in zip(MOMENTA, p4.T, strict=True)}
    return add_derived_fields(ak.zip(momenta | fields, depth_limit=1))


def _counts(jets: ak.Array) -> np.ndarray:
    check_editable(jets)
    return ak.to_numpy(ak.num(jets["part_px"])).astype(np.int64)


def _momenta(jets: ak.Array) -> np.ndarray:
    """Return px, py, pz, E (P, 4)."""
    return np.stack([ak.to_numpy(ak.flatten(jets[name])).astype(np.float64) for name in MOMENTA], axis=1)


def _sums(p4: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the sums (J, 4) over the constituents of each jet."""
    return np.add.reduceat(p4, np.cumsum(counts) - counts, axis=0)


def _ranks(jets: ak.Array) -> np.ndarray:
    """Return the rank of each constituent (P,) in its jet by falling pT."""
    pt = kinematics.pt(jets["part_px"], jets["part_py"])
    order = ak.argsort(pt, axis=1, ascending=False, stable=True)
    return ak.to_numpy(ak.flatten(ak.argsort(order, axis=1, stable=True)))
