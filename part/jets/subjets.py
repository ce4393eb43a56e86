"""Subjets and the Lund plane: the constituents of a jet are clustered again with FastJet (arXiv:1111.6097).

Shapes: J jets, N constituents, S subjets, P constituents of all jets in a row.
"""

from typing import Any

import awkward as ak
import fastjet
import numpy as np

from part.errors import PartError
from part.jets import kinematics
from part.jets.preprocessing import is_particle, particles_only
from part.jets.schema import IS_PARTICLE, MOMENTA

# With this radius no constituent is closer to the beam than to the others, so that each jet gives one tree. FastJet
# allows no larger radius.
WHOLE_JET_RADIUS = 1000.0
LUND_FLOOR = 1e-8  # the least ΔR and kT (GeV) in a logarithm, as in the features of pairs

fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)  # it goes to stdout, among the results of commands


def subjet_index(jets: ak.Array, n: int = 3, R: float = 0.8) -> ak.Array:
    """Return the exclusive kT subjet of each constituent.

    The few constituents that the algorithm would assign to the beam (further than R from all others) join the nearest
    subjet.

    Parameters
    ----------
    jets : ak.Array
        J jets with four-momenta in GeV. Where a data config tells vertices from particles, particles are clustered,
        and each vertex joins the nearest subjet.
    n : int
        The number of subjets. In a jet with fewer constituents each of them is a subjet.
    R : float
        The radius parameter of the kT distance.

    Returns
    -------
    ak.Array
        Jagged int: 0 for constituents of the leading subjet (in pT), then 1, ...

    Raises
    ------
    PartError
        For less than one subjet, or a radius that is not positive.

    References
    ----------
    S. Catani et al., Nucl. Phys. B 406 (1993) 187.
    """
    if n < 1 or not R > 0:
        raise PartError(f"{n} subjets of radius {R}; expected at least one and a positive radius")
    if IS_PARTICLE in jets.fields:
        return _with_vertices(jets, n, R)
    counts = ak.to_numpy(ak.num(jets["part_px"])).astype(np.int64)
    jet = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    index = np.arange(len(jet)) - first[jet]  # each constituent is a subjet of its own
    clustered = counts > n
    if clustered.any():
        groups = cluster_sequence(jets[clustered], fastjet.JetDefinition(fastjet.kt_algorithm, R))
        members = groups.exclusive_jets_constituent_index(njets=n)
        index[clustered[jet]] = -1
        owner = np.broadcast_arrays(np.arange(n), np.zeros((int(clustered.sum()), 1)))[0].ravel()
        sizes = ak.to_numpy(ak.flatten(ak.num(members, axis=2)))
        place = np.repeat(np.repeat(first[clustered], n), sizes) + ak.to_numpy(ak.flatten(members, axis=None))
        index[place] = np.repeat(owner, sizes)
    p4 = _momenta(jets)
    _assign_to_nearest(index, jet, p4, n)
    return ak.unflatten(_order_by_pt(index, jet, p4, len(counts), n), counts)


def _with_vertices(jets: ak.Array, n: int, R: float) -> ak.Array:
    """Return the subjet of each constituent, of which only those that `particles_only` keeps are clustered."""
    counts = ak.to_numpy(ak.num(jets["part_px"])).astype(np.int64)
    of_particles = ak.to_numpy(ak.flatten(subjet_index(particles_only(jets), n, R)))
    index = np.full(counts.sum(), -1)
    index[is_particle(jets)] = of_particles
    _assign_to_nearest(index, np.repeat(np.arange(len(counts)), counts), _momenta(jets), n)
    return ak.unflatten(index, counts)


def _momenta(jets: ak.Array) -> np.ndarray:
    """Return px, py, pz, E (P, 4) float64 of all constituents."""
    return np.stack([ak.to_numpy(ak.flatten(jets[name])).astype(np.float64) for name in MOMENTA], axis=1)


def lund_plane(jets: ak.Array) -> ak.Array:
    """Return the primary Lund plane of each jet.

    Parameters
    ----------
    jets : ak.Array
        J jets with four-momenta in GeV.

    Returns
    -------
    ak.Array
        Jagged records of `ln_inverse_delta` = ln(1/ΔR) and `ln_kt` (kT in GeV), one for each declustering along the
        harder branch of the Cambridge/Aachen tree, widest first. A jet of N constituents has N - 1 at most. ΔR and kT
        below 1e-8, such as those of constituents in the same direction, count as 1e-8.

    References
    ----------
    F. Dreyer, G. Salam, G. Soyez, arXiv:1807.04758.
    """
    counts = ak.to_numpy(ak.num(jets["part_px"]))
    splits = counts > 1
    delta, kt, sizes = np.empty(0), np.empty(0), np.zeros(len(counts), np.int64)
    if splits.any():
        tree = cluster_sequence(jets[splits], fastjet.JetDefinition(fastjet.cambridge_algorithm, WHOLE_JET_RADIUS))
        steps = ak.flatten(tree.exclusive_jets_lund_declusterings(njets=1), axis=2)
        sizes[splits] = ak.to_numpy(ak.num(steps))
        delta, kt = ak.to_numpy(ak.flatten(steps["Delta"])), ak.to_numpy(ak.flatten(steps["kt"]))
    delta, kt = np.maximum(delta, LUND_FLOOR), np.maximum(kt, LUND_FLOOR)
    return ak.unflatten(ak.zip({"ln_inverse_delta": -np.log(delta), "ln_kt": np.log(kt)}), sizes)


def cluster_sequence(jets: ak.Array, definition: fastjet.JetDefinition) -> Any:
    """Cluster the constituents of each jet; the result is a fastjet.ClusterSequence for awkward arrays."""
    names = dict(zip(("px", "py", "pz", "E"), MOMENTA, strict=True))
    p4 = {short: ak.values_astype(jets[name], np.float64) for short, name in names.items()}
    return fastjet.ClusterSequence(ak.zip(p4, with_name="Momentum4D"), definition)


def _sums(index: np.ndarray, jet: np.ndarray, p4: np.ndarray, n_jets: int, n: int) -> np.ndarray:
    """Return the four-momenta (J, S, 4) of the subjets; constituents of index -1 are left out."""
    assigned = index >= 0
    cell = (jet * n + index)[assigned]
    columns = [np.bincount(cell, weights=component[assigned], minlength=n_jets * n) for component in p4.T]
    return np.stack(columns, axis=1).reshape(n_jets, n, 4)


def _assign_to_nearest(index: np.ndarray, jet: np.ndarray, p4: np.ndarray, n: int) -> None:
    """Assign the constituents of index -1 to the subjet nearest in eta and phi, in place."""
    lost = np.flatnonzero(index < 0)
    if not len(lost):
        return
    axes = _sums(index, jet, p4, int(jet[-1]) + 1, n)[jet[lost]]
    is_subjet = np.hypot(axes[..., 0], axes[..., 1]) > 0  # a jet may have fewer particles than n
    axes = np.where(is_subjet[..., None], axes, 1.0)
    momenta = p4[lost][:, None, :]
    distance = kinematics.delta_r(
        kinematics.eta(*momenta[..., :3].T).T,
        kinematics.phi(*momenta[..., :2].T).T,
        kinematics.eta(*axes[..., :3].T).T,
        kinematics.phi(*axes[..., :2].T).T,
    )
    index[lost] = np.where(is_subjet, distance, np.inf).argmin(axis=1)


def _order_by_pt(index: np.ndarray, jet: np.ndarray, p4: np.ndarray, n_jets: int, n: int) -> np.ndarray:
    """Renumber the subjets in falling order of pT."""
    total = _sums(index, jet, p4, n_jets, n)
    order = np.argsort(-np.hypot(total[..., 0], total[..., 1]), axis=1, kind="stable")
    return np.argsort(order, axis=1)[jet, index]
