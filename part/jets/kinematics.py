"""Kinematics of constituents and pairs: pure functions of floats, numpy or awkward arrays, which broadcast.

Momenta, energies and masses are in GeV, angles in radians. The z axis is the beam.
"""

from typing import Any

import awkward as ak
import numpy as np

from part.jets.schema import IDENTITY, INPUTS

Values = Any  # float, np.ndarray or ak.Array


def pt(px: Values, py: Values) -> Values:
    """Return the transverse momentum."""
    return np.hypot(px, py)


def eta(px: Values, py: Values, pz: Values) -> Values:
    """Return the pseudorapidity asinh(pz / pT)."""
    return np.arcsinh(pz / np.hypot(px, py))


def rapidity(pz: Values, energy: Values) -> Values:
    """Return the rapidity artanh(pz / E)."""
    return np.arctanh(pz / energy)


def phi(px: Values, py: Values) -> Values:
    """Return the azimuth in [-pi, pi]."""
    return np.arctan2(py, px)


def delta_phi(phi_a: Values, phi_b: Values) -> Values:
    """Return the azimuthal difference of a pair.

    Parameters
    ----------
    phi_a, phi_b : float, np.ndarray or ak.Array
        Azimuths in radians.

    Returns
    -------
    float, np.ndarray or ak.Array
        a - b in [-pi, pi).
    """
    # The first remainder may round up to 2 pi for tiny negative arguments; the second brings it back to 0.
    return np.remainder(np.remainder(phi_a - phi_b + np.pi, 2 * np.pi), 2 * np.pi) - np.pi


def delta_r(eta_a: Values, phi_a: Values, eta_b: Values, phi_b: Values) -> Values:
    """Return the distance of a pair in the (pseudo)rapidity-azimuth plane.

    Parameters
    ----------
    eta_a, eta_b : float, np.ndarray or ak.Array
        Both pseudorapidities or both rapidities.
    phi_a, phi_b : float, np.ndarray or ak.Array
        Azimuths in radians.

    Returns
    -------
    float, np.ndarray or ak.Array
        ΔR.
    """
    return np.hypot(eta_a - eta_b, delta_phi(phi_a, phi_b))


def kt(pt_a: Values, pt_b: Values, distance: Values) -> Values:
    """Return the relative transverse momentum of a pair.

    Parameters
    ----------
    pt_a, pt_b : float, np.ndarray or ak.Array
        Transverse momenta in GeV.
    distance : float, np.ndarray or ak.Array
        ΔR.

    Returns
    -------
    float, np.ndarray or ak.Array
        min(pT a, pT b) ΔR in GeV.
    """
    return np.minimum(pt_a, pt_b) * distance


def z(pt_a: Values, pt_b: Values) -> Values:
    """Return the momentum fraction of the softer one of a pair.

    Parameters
    ----------
    pt_a, pt_b : float, np.ndarray or ak.Array
        Transverse momenta in GeV.

    Returns
    -------
    float, np.ndarray or ak.Array
        min(pT a, pT b) / (pT a + pT b).
    """
    return np.minimum(pt_a, pt_b) / (pt_a + pt_b)


def m2(px: Values, py: Values, pz: Values, energy: Values) -> Values:
    """Return the squared invariant mass.

    Parameters
    ----------
    px, py, pz, energy : float, np.ndarray or ak.Array
        The four-momentum in GeV; for a pair, the sums.

    Returns
    -------
    float, np.ndarray or ak.Array
        m² in GeV².
    """
    # (E - pz)(E + pz) keeps digits that E^2 - pz^2 loses for light, fast particles.
    return (energy - pz) * (energy + pz) - (px * px + py * py)


def species(jets: ak.Array) -> ak.Array:
    """Return the particle species of each constituent.

    Parameters
    ----------
    jets : ak.Array
        Jets with any of the identity flags `part_isChargedHadron`, ...

    Returns
    -------
    ak.Array
        Jagged int64 index into `schema.SPECIES`; -1 where no flag is set or the flags are missing.
    """
    constituents = ak.local_index(jets[INPUTS], axis=1) if INPUTS in jets.fields else jets["part_px"]
    index = ak.full_like(constituents, -1, dtype=np.int64)
    for i, flag in enumerate(IDENTITY[1:]):
        if flag in jets.fields:
            index = ak.where(jets[flag] > 0, i, index)
    return index
