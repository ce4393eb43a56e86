"""Clustering the constituents of a jet again, with FastJet (arXiv:1111.6097).

Shapes: J jets, N constituents, S subjets, P constituents of all jets in a row.
"""

import awkward as ak
import fastjet
import numpy as np

from part.errors import PartError
from part.jets import kinematics
from part.jets.schema import MOMENTA

# Without the beam every constituent ends up in the one tree of its jet; FastJet allows no larger radius.
NO_BEAM = 1000.0


def subjets(jets: ak.Array, n: int = 3, R: float = 0.8) -> ak.Array:
    """Exclusive kT subjet of each constituent (J, N) int: 0 for the subjet of highest pT, then 1, ...

    A jet with fewer than n constituents has each of them as a subjet. The few constituents that the
    algorithm would leave to the beam (further than R from all else) join the nearest subjet.
    """
    if n < 1 or not R > 0:
        raise PartError(f"{n} subjets of radius {R}; expected at least one and a positive radius")
    counts = ak.to_numpy(ak.num(jets["part_px"])).astype(np.int64)
    jet = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    index = np.arange(len(jet)) - first[jet]  # each constituent its own subjet
    many = counts > n
    if many.any():
        groups = clusters(jets[many], fastjet.JetDefinition(fastjet.kt_algorithm, R))
        members = groups.exclusive_jets_constituent_index(njets=n)
        index[many[jet]] = -1
        owner = np.broadcast_arrays(np.arange(n), np.zeros((int(many.sum()), 1)))[0].ravel()
        sizes = ak.to_numpy(ak.flatten(ak.num(members, axis=2)))
        place = np.repeat(np.repeat(first[many], n), sizes) + ak.to_numpy(ak.flatten(members, axis=None))
        index[place] = np.repeat(owner, sizes)
    p4 = np.stack([ak.to_numpy(ak.flatten(jets[name])).astype(np.float64) for name in MOMENTA], axis=1)
    _adopt(index, jet, p4, n)
    return ak.unflatten(_by_pt(index, jet, p4, len(counts), n), counts)


def lund(jets: ak.Array) -> ak.Array:
    """Primary Lund plane of each jet: records of `ln_inverse_delta` = ln(1/ΔR) and `ln_kt` (kT in GeV).

    One entry per declustering along the harder branch of the Cambridge/Aachen tree, widest first
    (arXiv:1807.04758); a jet of N constituents has N - 1 at most, a jet of one constituent none.
    """
    counts = ak.to_numpy(ak.num(jets["part_px"]))
    splits = counts > 1
    delta, kt, sizes = np.empty(0), np.empty(0), np.zeros(len(counts), np.int64)
    if splits.any():
        tree = clusters(jets[splits], fastjet.JetDefinition(fastjet.cambridge_algorithm, NO_BEAM))
        steps = ak.flatten(tree.exclusive_jets_lund_declusterings(njets=1), axis=2)
        sizes[splits] = ak.to_numpy(ak.num(steps))
        delta, kt = ak.to_numpy(ak.flatten(steps["Delta"])), ak.to_numpy(ak.flatten(steps["kt"]))
    return ak.unflatten(ak.zip({"ln_inverse_delta": -np.log(delta), "ln_kt": np.log(kt)}), sizes)


def clusters(jets: ak.Array, definition: fastjet.JetDefinition) -> fastjet.ClusterSequence:
    """The constituents of each jet, clustered again."""
    names = dict(zip(("px", "py", "pz", "E"), MOMENTA, strict=True))
    p4 = {short: ak.values_astype(jets[name], np.float64) for short, name in names.items()}
    return fastjet.ClusterSequence(ak.zip(p4, with_name="Momentum4D"), definition)


def _sums(index: np.ndarray, jet: np.ndarray, p4: np.ndarray, n_jets: int, n: int) -> np.ndarray:
    """Four-momenta (J, S, 4) of the subjets; constituents of index -1 count for none."""
    inside = index >= 0
    cell = (jet * n + index)[inside]
    columns = [np.bincount(cell, weights=component[inside], minlength=n_jets * n) for component in p4.T]
    return np.stack(columns, axis=1).reshape(n_jets, n, 4)


def _adopt(index: np.ndarray, jet: np.ndarray, p4: np.ndarray, n: int) -> None:
    """Give the constituents of index -1 to the subjet nearest in eta and phi, in place."""
    lost = np.flatnonzero(index < 0)
    if not len(lost):
        return
    axes = _sums(index, jet, p4, int(jet[-1]) + 1, n)[jet[lost]]
    here = p4[lost][:, None, :]
    distance = kinematics.delta_r(
        kinematics.eta(*here[..., :3].T).T,
        kinematics.phi(*here[..., :2].T).T,
        kinematics.eta(*axes[..., :3].T).T,
        kinematics.phi(*axes[..., :2].T).T,
    )
    index[lost] = distance.argmin(axis=1)


def _by_pt(index: np.ndarray, jet: np.ndarray, p4: np.ndarray, n_jets: int, n: int) -> np.ndarray:
    """The same subjets numbered by falling pT."""
    total = _sums(index, jet, p4, n_jets, n)
    order = np.argsort(-np.hypot(total[..., 0], total[..., 1]), axis=1, kind="stable")
    return np.argsort(order, axis=1)[jet, index]
