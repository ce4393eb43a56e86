"""Clustering of jets with FastJet (arXiv:1111.6097), matching to decays, soft-drop mass, N-subjettiness.

Shapes: J jets, K candidates.
"""

import warnings
from dataclasses import dataclass

import awkward as ak
import fastjet
import numpy as np

from part.simulate.detector import Candidates
from part.simulate.events import Decays

SOFT_DROP_Z_CUT = 0.1  # at beta = 0


@dataclass(frozen=True)
class JetCuts:
    """The anti-kT radius, the range of pT in GeV, and the largest |eta|, or |rapidity| if `rapidity` is set."""

    radius: float
    pt: tuple[float, float]
    max_eta: float
    rapidity: bool = False


def find_jets(candidates: Candidates, cuts: JetCuts) -> ak.Array:
    """Cluster the jets in the kinematic range.

    Returns records of event, jet_pt, jet_eta, jet_phi, jet_energy and constituents, which are indices into the
    candidates in falling order of pT.
    """
    n_events = int(candidates.event[-1]) + 1 if len(candidates.event) else 0
    counts = np.bincount(candidates.event, minlength=n_events)
    vectors = ak.unflatten(_vectors(candidates), counts)
    cluster = fastjet.ClusterSequence(vectors, fastjet.JetDefinition(fastjet.antikt_algorithm, cuts.radius))
    indices = cluster.constituent_index(min_pt=cuts.pt[0] - 5)
    events = np.repeat(np.arange(n_events), ak.to_numpy(ak.num(indices)))
    members = ak.flatten(indices, axis=1)
    members = members + (np.cumsum(counts) - counts)[events]
    pt = _take(np.hypot(candidates.px, candidates.py), members)
    members = members[ak.argsort(pt, ascending=False, stable=True)]
    px, py, pz, energy = (
        ak.to_numpy(ak.sum(_take(getattr(candidates, name), members), axis=1)) for name in ("px", "py", "pz", "energy")
    )
    pt = np.hypot(px, py)
    jets = {
        "event": events,
        "jet_pt": pt,
        "jet_eta": np.arcsinh(pz / pt),
        "jet_phi": np.arctan2(py, px),
        "jet_energy": energy,
        "constituents": members,
    }
    jets = ak.zip(jets, depth_limit=1)
    longitudinal = np.arctanh(pz / energy) if cuts.rapidity else jets.jet_eta
    in_range = (pt >= cuts.pt[0]) & (pt <= cuts.pt[1]) & (np.abs(longitudinal) < cuts.max_eta)
    return jets[in_range]


def match_decays(jets: ak.Array, decays: Decays, products: int, radius: float) -> np.ndarray:
    """Return the index (J,) of the decay with this number of products, all within `radius` of the jet axis, or -1."""
    result = np.full(len(jets), -1)
    event, eta, phi = (ak.to_numpy(jets[name]) for name in ("event", "jet_eta", "jet_phi"))
    for decay in np.flatnonzero(decays.count == products):  # a few hundred in a batch
        is_product = decays.parent == decay
        for jet in np.flatnonzero(event == decays.event[decay]):
            delta_phi = _wrap(decays.product_phi[is_product] - phi[jet])
            if np.all(np.hypot(decays.product_eta[is_product] - eta[jet], delta_phi) < radius):
                result[jet] = decay
    return result


def soft_drop_mass(vectors: ak.Array, radius: float) -> np.ndarray:
    """Return the soft-drop mass (J,) in GeV at beta = 0, z_cut = 0.1, on Cambridge/Aachen trees (arXiv:1402.2657)."""
    one_jet = fastjet.JetDefinition(fastjet.cambridge_algorithm, 10 * radius)  # wide enough for any jet
    groomed = fastjet.ClusterSequence(vectors, one_jet).exclusive_jets_softdrop_grooming(
        njets=1, beta=0, symmetry_cut=SOFT_DROP_Z_CUT, R0=radius
    )
    return ak.to_numpy(ak.flatten(groomed.msoftdrop, axis=None))


def subjettiness(vectors: ak.Array, n: int, radius: float) -> np.ndarray:
    """Return the N-subjettiness tau_n (J,) with beta = 1 and R0 = `radius` (arXiv:1011.2268).

    The axes are those of exclusive kT subjets, without further optimisation. It is 0 for n constituents or fewer.
    """
    result = np.zeros(len(vectors))
    enough = np.flatnonzero(ak.to_numpy(ak.num(vectors)) > n)
    if len(enough) == 0:
        return result
    vectors = vectors[enough]
    kt = fastjet.JetDefinition(fastjet.kt_algorithm, 10 * radius)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fastjet warns about every algorithm here, even kT
        axes = fastjet.ClusterSequence(vectors, kt).exclusive_jets(n)
    pt, eta, phi = _polar(vectors)
    _, axis_eta, axis_phi = _polar(axes)
    delta_eta = eta[:, :, None] - axis_eta[:, None, :]
    delta_phi = _wrap(phi[:, :, None] - axis_phi[:, None, :])
    nearest = ak.min(np.sqrt(delta_eta**2 + delta_phi**2), axis=2)
    result[enough] = ak.sum(pt * nearest, axis=1) / (radius * ak.sum(pt, axis=1))
    return result


def constituent_vectors(jets: ak.Array, candidates: Candidates) -> ak.Array:
    """Return the four-momenta of the constituents, a jagged array of records px, py, pz, E."""
    return _take(_vectors(candidates), jets.constituents)


def _vectors(candidates: Candidates) -> ak.Array:
    return ak.zip({"px": candidates.px, "py": candidates.py, "pz": candidates.pz, "E": candidates.energy})


def _take(values: np.ndarray | ak.Array, indices: ak.Array) -> ak.Array:
    """Return values[indices] for flat values and jagged indices."""
    return ak.unflatten(values[ak.to_numpy(ak.flatten(indices))], ak.num(indices))


def _polar(vectors: ak.Array) -> tuple[ak.Array, ak.Array, ak.Array]:
    pt = np.hypot(vectors.px, vectors.py)
    return pt, np.arcsinh(vectors.pz / pt), np.arctan2(vectors.py, vectors.px)


def _wrap(angle: ak.Array | np.ndarray) -> ak.Array | np.ndarray:
    """Return the angle in [-pi, pi)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi
