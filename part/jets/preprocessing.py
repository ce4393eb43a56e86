"""Preparation of jets before they become tensors: derived fields, and the limit on the multiplicity.

Shapes: J jets.
"""

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets import kinematics
from part.jets.buffers import list_lengths
from part.jets.schema import ANGLES, JET_MOMENTUM, MAX_CONSTITUENTS, MOMENTA


def keep_leading(jets: ak.Array, limit: int = MAX_CONSTITUENTS) -> tuple[ak.Array, np.ndarray]:
    """Keep the leading constituents (in pT) of each jet, in file order.

    Parameters
    ----------
    jets : ak.Array
        J jets with four-momenta in GeV.
    limit : int
        The largest number of constituents that a jet keeps.

    Returns
    -------
    jets : ak.Array
        The jets with at most `limit` constituents. Of equal pT the first in the file stays.
    n_truncated : np.ndarray
        (J,) int64, how many constituents of each jet were left out.

    Raises
    ------
    PartError
        If a branch of the four-momenta is missing.
    """
    require_branches(jets, MOMENTA)
    counts = list_lengths(jets["part_px"])
    n_truncated = np.maximum(counts - limit, 0)
    if not n_truncated.any():
        return jets, n_truncated
    pt = ak.to_numpy(ak.flatten(kinematics.pt(jets["part_px"], jets["part_py"])))
    jet = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-pt, jet))  # stable
    rank = np.empty(len(pt), np.int64)
    rank[order] = np.arange(len(pt)) - np.repeat(np.cumsum(counts) - counts, counts)
    keep = ak.unflatten(rank < limit, counts)
    fields = {name: jets[name][keep] if name.startswith("part_") else jets[name] for name in jets.fields}
    return ak.zip(fields, depth_limit=1), n_truncated


def add_derived_fields(jets: ak.Array) -> ak.Array:
    """Add the jet momentum and the angles relative to the jet axis where a file leaves them out.

    Parameters
    ----------
    jets : ak.Array
        Jets with four-momenta in GeV.

    Returns
    -------
    ak.Array
        The jets with `jet_pt`, `jet_eta`, `jet_phi`, `jet_energy`, `part_deta` and `part_dphi`. A missing jet momentum
        is that of the sum of the constituents. `part_deta` is multiplied by the sign of `jet_eta`, as in JetClass.
        Branches that the file has are unchanged.

    Raises
    ------
    PartError
        If a branch of the four-momenta is missing.
    """
    require_branches(jets, MOMENTA)
    if set(JET_MOMENTUM + ANGLES) <= set(jets.fields):
        return jets
    p4 = [ak.values_astype(jets[name], np.float64) for name in MOMENTA]
    px, py, pz, energy = (ak.to_numpy(ak.sum(component, axis=1)) for component in p4)
    total = (kinematics.pt(px, py), kinematics.eta(px, py, pz), kinematics.phi(px, py), energy)
    fields = {name: jets[name] for name in jets.fields}
    for name, values in zip(JET_MOMENTUM, total, strict=True):
        fields.setdefault(name, values)
    sign = np.where(ak.to_numpy(fields["jet_eta"]) < 0, -1.0, 1.0)
    if "part_deta" not in fields:
        fields["part_deta"] = (kinematics.eta(*p4[:3]) - fields["jet_eta"]) * sign
    if "part_dphi" not in fields:
        fields["part_dphi"] = kinematics.delta_phi(kinematics.phi(*p4[:2]), fields["jet_phi"])
    return ak.zip(fields, depth_limit=1)


def require_branches(jets: ak.Array, branches: tuple[str, ...]) -> None:
    """Raise PartError, naming what is missing, unless the jets have all these branches."""
    missing = [name for name in branches if name not in jets.fields]
    if missing:
        raise PartError(f"the jets have no branch {', '.join(missing)}; expected {', '.join(branches)}")
