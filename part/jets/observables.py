"""Observables of jet substructure, computed from the constituents.

Shapes: J jets, N constituents of the longest jet of a block, S subjets.
"""

import awkward as ak
import fastjet
import numpy as np

from part.jets import kinematics
from part.jets.labels import UNKNOWN
from part.jets.preprocessing import particles_only, require_branches
from part.jets.schema import MOMENTA, Dataset
from part.jets.subjets import WHOLE_JET_RADIUS, cluster_sequence, subjet_index

RADIUS = 0.8
OBSERVABLES = ("mass", "soft-drop mass", "τ21", "τ32", "C2", "D2")
# The number of quarks and gluons in the decay that gives a jet of each class; leptons are not counted.
PRONGS = {
    "JetClass": (1, 2, 2, 2, 4, 2, 2, 2, 3, 1),
    "TopLandscape": (3, 1),
}
_BLOCK = 64  # jets whose pairs are in memory together


def observables(jets: ak.Array) -> dict[str, np.ndarray]:
    """Compute the substructure observables that are named in OBSERVABLES.

    Parameters
    ----------
    jets : ak.Array
        J jets with four-momenta in GeV. Vertices do not count, see `particles_only`.

    Returns
    -------
    dict of str to np.ndarray
        (J,) float64 each. "mass" (GeV) is that of all constituents, "soft-drop mass" (GeV) has z_cut 0.1 and β 0,
        "τ21" and "τ32" are ratios of N-subjettinesses with β 1 to the axes of exclusive kT subjets, "C2" = e3 / e2² and
        "D2" = e3 / e2³ have β 1. A ratio whose denominator is 0 is NaN.

    References
    ----------
    Soft drop: arXiv:1402.2657. N-subjettiness: arXiv:1011.2268. C2: arXiv:1305.0007. D2: arXiv:1409.6298.
    """
    require_branches(jets, MOMENTA)
    jets = particles_only(jets)
    p4 = [ak.to_numpy(ak.sum(ak.values_astype(jets[name], np.float64), axis=1)) for name in MOMENTA]
    values = {"mass": np.sqrt(np.maximum(kinematics.m2(*p4), 0)), "soft-drop mass": soft_drop_mass(jets)}
    e2, e3 = correlators(jets)
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = [subjettiness(jets, n) for n in (1, 2, 3)]
        ratios = {"τ21": tau[1] / tau[0], "τ32": tau[2] / tau[1], "C2": e3 / e2**2, "D2": e3 / e2**3}
    return values | {name: np.where(np.isfinite(ratio), ratio, np.nan) for name, ratio in ratios.items()}


def prongs(dataset: Dataset, truth: np.ndarray) -> np.ndarray | None:
    """Return the number of prongs of the class of each jet.

    Parameters
    ----------
    dataset : Dataset
    truth : np.ndarray
        (J,) class indices.

    Returns
    -------
    np.ndarray or None
        (J,), NaN for a jet of no class; None for a benchmark whose classes have no definite number of prongs.
    """
    if dataset.name not in PRONGS or not dataset.feature_sets:  # a data config may have a benchmark's name
        return None
    return np.where(truth == UNKNOWN, np.nan, np.array(PRONGS[dataset.name])[truth])


def soft_drop_mass(jets: ak.Array) -> np.ndarray:
    """Return the soft-drop mass (J,) in GeV on the Cambridge/Aachen tree, with z_cut 0.1 and β 0 (arXiv:1402.2657)."""
    mass = np.zeros(len(jets))
    several = ak.to_numpy(ak.num(jets["part_px"])) > 1
    if several.any():
        tree = cluster_sequence(jets[several], fastjet.JetDefinition(fastjet.cambridge_algorithm, WHOLE_JET_RADIUS))
        groomed = tree.exclusive_jets_softdrop_grooming(njets=1, beta=0, symmetry_cut=0.1, R0=RADIUS)
        mass[several] = np.maximum(ak.to_numpy(groomed["msoftdrop"]), 0)
    return mass


def subjettiness(jets: ak.Array, n: int) -> np.ndarray:
    """Return the N-subjettiness τ_n (J,) = Σ pT min_k ΔR_k / Σ pT R0 with β 1 and R0 0.8 (arXiv:1011.2268).

    The axes are those of the n exclusive kT subjets.
    """
    index = _padded(subjet_index(jets, n), -1)
    p3 = [_padded(jets[name], 0.0) for name in MOMENTA[:3]]
    axes = [np.stack([(component * (index == k)).sum(1) for k in range(n)], 1) for component in p3]  # (J, S) each
    (eta, phi), (axis_eta, axis_phi) = _angles(*p3), _angles(*axes)
    distance = kinematics.delta_r(eta[..., None], phi[..., None], axis_eta[:, None], axis_phi[:, None])
    is_subjet = np.hypot(*axes[:2]) > 0  # a jet may have fewer constituents than n
    distance = np.where(is_subjet[:, None], distance, np.inf).min(-1)
    pt = np.hypot(*p3[:2])
    return (pt * distance).sum(1) / (pt.sum(1) * RADIUS)


def correlators(jets: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the energy correlation functions e2 and e3, (J,) each, with β 1 (arXiv:1305.0007).

    They are sums over pairs and triplets of the product of their pT fractions z and of their distances R. With
    M_ij = √z_i R_ij √z_j, whose diagonal is 0, e3 is the trace of M³ over 6.
    """
    blocks = []
    for start in range(0, len(jets), _BLOCK):
        block = jets[start : start + _BLOCK]
        px, py, pz = (_padded(block[name], 0.0) for name in MOMENTA[:3])
        pt = np.hypot(px, py)
        z = pt / pt.sum(1, keepdims=True)
        eta, phi = _angles(px, py, pz)
        distance = kinematics.delta_r(eta[:, :, None], phi[:, :, None], eta[:, None], phi[:, None])
        root = np.sqrt(z)
        matrix = root[:, :, None] * distance * root[:, None]
        e2 = np.einsum("ji,jik,jk->j", z, distance, z) / 2
        blocks.append((e2, np.einsum("jik,jki->j", matrix @ matrix, matrix) / 6))
    e2, e3 = (np.concatenate(values) for values in zip(*blocks, strict=True))
    return e2, e3


def _angles(px: np.ndarray, py: np.ndarray, pz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return η and φ; 0 where there is no transverse momentum."""
    pt = np.hypot(px, py)
    return np.arcsinh(pz / np.where(pt > 0, pt, 1)), np.arctan2(py, px)


def _padded(values: ak.Array, fill_value: float) -> np.ndarray:
    """Return (J, N) float64."""
    longest = int(ak.max(ak.num(values)))
    return ak.to_numpy(ak.fill_none(ak.pad_none(values, longest, clip=True), fill_value)).astype(np.float64)
