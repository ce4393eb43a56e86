"""Kinematics of constituents and pairs: pure functions of numpy or awkward arrays that broadcast.

Momenta and energies in GeV, angles in radians. Axis: z is the beam.
"""

import awkward as ak
import numpy as np

from part.jets.schema import IDENTITY


def pt(px, py):
    """Transverse momentum."""
    return np.hypot(px, py)


def eta(px, py, pz):
    """Pseudorapidity asinh(pz / pT)."""
    return np.arcsinh(pz / np.hypot(px, py))


def rapidity(pz, energy):
    """Rapidity artanh(pz / E)."""
    return np.arctanh(pz / energy)


def phi(px, py):
    """Azimuth in [-pi, pi]."""
    return np.arctan2(py, px)


def delta_phi(phi_a, phi_b):
    """Azimuthal difference a - b in [-pi, pi)."""
    # The first remainder may round up to 2 pi for tiny negative arguments; the second brings it back to 0.
    return np.remainder(np.remainder(phi_a - phi_b + np.pi, 2 * np.pi), 2 * np.pi) - np.pi


def delta_r(eta_a, phi_a, eta_b, phi_b):
    """Distance in the (pseudo)rapidity-azimuth plane."""
    return np.hypot(eta_a - eta_b, delta_phi(phi_a, phi_b))


def kt(pt_a, pt_b, distance):
    """Relative transverse momentum min(pT a, pT b) * distance of a pair."""
    return np.minimum(pt_a, pt_b) * distance


def z(pt_a, pt_b):
    """Share of the softer one in the transverse momentum of a pair."""
    return np.minimum(pt_a, pt_b) / (pt_a + pt_b)


def m2(px, py, pz, energy):
    """Squared invariant mass (GeV^2) of a four-momentum; for a pair pass the sums."""
    # (E - pz)(E + pz) keeps digits that E^2 - pz^2 loses for light, fast particles.
    return (energy - pz) * (energy + pz) - (px * px + py * py)


def species(jets: ak.Array) -> ak.Array:
    """Index into schema.SPECIES of each constituent, -1 where no flag is set or the flags are missing."""
    index = ak.full_like(jets["part_px"], -1, dtype=np.int64)
    for i, flag in enumerate(IDENTITY[1:]):
        if flag in jets.fields:
            index = ak.where(jets[flag] > 0, i, index)
    return index
