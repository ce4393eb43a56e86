"""Observables of jet substructure, computed from the constituents.

Shapes: J jets, N constituents of the longest of some jets, S subjets.
"""

import awkward as ak
import fastjet
import numpy as np

from part.jets import kinematics
from part.jets.schema import MOMENTA, Dataset
from part.jets.subjets import NO_BEAM, clusters, subjets

RADIUS = 0.8
OBSERVABLES = ("mass", "soft-drop mass", "τ21", "τ32", "C2", "D2")
# Quarks and gluons that a jet of each class is made of, leptons left out.
PRONGS = {
    "JetClass": (1, 2, 2, 2, 4, 2, 2, 2, 3, 1),
    "TopLandscape": (3, 1),
}
_BLOCK = 64  # jets whose pairs are held at a time


def observables(jets: ak.Array) -> dict[str, np.ndarray]:
    """Name -> (J,), of OBSERVABLES. Masses in GeV; a ratio without a denominator is nan.

    mass: of all constituents. soft-drop mass: with z_cut 0.1 and β 0 (arXiv:1402.2657). τ21, τ32: ratios of
    N-subjettinesses with β 1 (arXiv:1011.2268), whose axes are the exclusive kT subjets. C2 = e3 / e2² and
    D2 = e3 / e2³ with β 1 (arXiv:1305.0007, arXiv:1409.6298).
    """
    p4 = [ak.to_numpy(ak.sum(ak.values_astype(jets[name], np.float64), axis=1)) for name in MOMENTA]
    found = {"mass": np.sqrt(np.maximum(kinematics.m2(*p4), 0)), "soft-drop mass": soft_drop_mass(jets)}
    e2, e3 = correlators(jets)
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = [subjettiness(jets, n) for n in (1, 2, 3)]
        ratios = {"τ21": tau[1] / tau[0], "τ32": tau[2] / tau[1], "C2": e3 / e2**2, "D2": e3 / e2**3}
    return found | {name: np.where(np.isfinite(values), values, np.nan) for name, values in ratios.items()}


def prongs(dataset: Dataset, truth: np.ndarray) -> np.ndarray | None:
    """Of the class of each jet (J,), None for a benchmark whose classes do not tell."""
    return np.array(PRONGS[dataset.name])[truth] if dataset.name in PRONGS else None


def soft_drop_mass(jets: ak.Array) -> np.ndarray:
    """(J,) GeV, z_cut 0.1 and β 0, of the Cambridge/Aachen tree."""
    mass = np.zeros(len(jets))
    several = ak.to_numpy(ak.num(jets["part_px"])) > 1
    if several.any():
        tree = clusters(jets[several], fastjet.JetDefinition(fastjet.cambridge_algorithm, NO_BEAM))
        groomed = tree.exclusive_jets_softdrop_grooming(njets=1, beta=0.0, symmetry_cut=0.1, R0=RADIUS)
        mass[several] = np.maximum(ak.to_numpy(groomed["msoftdrop"]), 0)
    return mass


def subjettiness(jets: ak.Array, n: int) -> np.ndarray:
    """τ_n (J,) = Σ pT min_k ΔR_k / Σ pT R0, with β 1, to the axes of the n exclusive kT subjets."""
    index = _padded(subjets(jets, n), -1)
    p3 = [_padded(jets[name], 0.0) for name in MOMENTA[:3]]
    axes = [np.stack([(component * (index == k)).sum(1) for k in range(n)], 1) for component in p3]  # (J, S) each
    (eta, phi), (axis_eta, axis_phi) = _angles(*p3), _angles(*axes)
    distance = kinematics.delta_r(eta[..., None], phi[..., None], axis_eta[:, None], axis_phi[:, None])
    there = np.hypot(*axes[:2]) > 0  # a jet may have fewer constituents than n
    distance = np.where(there[:, None], distance, np.inf).min(-1)
    pt = np.hypot(*p3[:2])
    return (pt * distance).sum(1) / (pt.sum(1) * RADIUS)


def correlators(jets: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """Energy correlation functions e2 and e3 (J,), β 1: sums over pairs and triplets of the product of their shares of
    pT and of their distances.

    With M_ij = √z_i R_ij √z_j, whose diagonal is 0, the triplets are the trace of M³ over 6.
    """
    found = []
    for start in range(0, len(jets), _BLOCK):
        some = jets[start : start + _BLOCK]
        px, py, pz = (_padded(some[name], 0.0) for name in MOMENTA[:3])
        pt = np.hypot(px, py)
        z = pt / pt.sum(1, keepdims=True)
        eta, phi = _angles(px, py, pz)
        distance = kinematics.delta_r(eta[:, :, None], phi[:, :, None], eta[:, None], phi[:, None])
        root = np.sqrt(z)
        matrix = root[:, :, None] * distance * root[:, None]
        e2 = np.einsum("ji,jik,jk->j", z, distance, z) / 2
        found.append((e2, np.einsum("jik,jki->j", matrix @ matrix, matrix) / 6))
    e2, e3 = (np.concatenate(values) for values in zip(*found, strict=True))
    return e2, e3


def _angles(px: np.ndarray, py: np.ndarray, pz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """η and φ, 0 where there is no momentum."""
    pt = np.hypot(px, py)
    return np.arcsinh(pz / np.where(pt > 0, pt, 1)), np.arctan2(py, px)


def _padded(values: ak.Array, filler: float) -> np.ndarray:
    """(J, N) float64"""
    longest = int(ak.max(ak.num(values)))
    return ak.to_numpy(ak.fill_none(ak.pad_none(values, longest, clip=True), filler)).astype(np.float64)
