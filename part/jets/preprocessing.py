"""Preparation of jets before they become tensors: derived fields, and the limit on the multiplicity.

Shapes: J jets.
"""

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets import kinematics
from part.jets.buffers import flat_values, list_array, list_buffers, list_lengths
from part.jets.notices import WITHOUT_MOMENTUM, notify
from part.jets.padding import has_padding, without_padding
from part.jets.schema import ANGLES, INPUTS, IS_PARTICLE, JET_MOMENTUM, MAX_CONSTITUENTS, MOMENTA, N_TRUNCATED


def leave_out_padding(jets: ak.Array) -> ak.Array:
    """Leave out the constituents without momentum, as `read_jets` does.

    Parameters
    ----------
    jets : ak.Array
        J jets with four-momenta. Constituent branches may be lists, lists with missing values or arrays (J, N).

    Returns
    -------
    ak.Array
        The same jets with lists of constituents that have momentum. If others had values that are not zero, a warning
        says how many there were.

    Raises
    ------
    PartError
        If a branch of the four-momenta is missing, or one of constituents has another number of them.
    """
    if INPUTS in jets.fields:
        return jets  # a data config has chosen the tokens
    require_branches(jets, MOMENTA)
    names = [name for name in jets.fields if name.startswith("part_")]
    are_lists = all(list_buffers(jets[name]) is not None for name in MOMENTA)
    if are_lists and not has_padding({name: flat_values(jets[name]) for name in MOMENTA}):
        return jets
    columns = {name: _numbers_in_lists(jets[name], name) for name in names}
    counts = columns["part_px"][0]
    for name, (lengths, _) in columns.items():
        if len(lengths) != len(counts) or (lengths != counts).any():
            raise PartError(f"branch {name} has other numbers of constituents than part_px; expected the same")
    flat, kept, n_left_out = without_padding({name: values for name, (_, values) in columns.items()}, counts)
    px = columns["part_px"][1]
    ends = np.cumsum(counts)
    notify(
        WITHOUT_MOMENTUM,
        {px[ends[j] - counts[j] : ends[j]].tobytes(): int(n_left_out[j]) for j in np.flatnonzero(n_left_out)},
    )
    offsets = ak.index.Index64(np.concatenate([[0], np.cumsum(kept)]))
    fields = {n: ak.Array(list_array(offsets, flat[n])) if n in flat else jets[n] for n in jets.fields}
    return ak.zip(fields, depth_limit=1)


def _numbers_in_lists(column: ak.Array, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the lengths (J,) and values (P,) of a column; missing values are 0 in momenta, NaN elsewhere."""
    if column.ndim != 2:
        raise PartError(f"branch {name}: {column.type.content}; expected a list of numbers for each jet")
    if "?" in str(column.type) or "option" in str(column.type):
        column = ak.fill_none(ak.values_astype(column, np.float64), 0.0 if name in MOMENTA else np.nan)
    return ak.to_numpy(ak.num(column)).astype(np.int64), ak.to_numpy(ak.flatten(column))


def keep_leading(jets: ak.Array, limit: int = MAX_CONSTITUENTS) -> tuple[ak.Array, np.ndarray]:
    """Keep the leading constituents (in pT) of each jet, in file order.

    Parameters
    ----------
    jets : ak.Array
        J jets with four-momenta in GeV. Those that a data config prepared have been cut as it says, and stay as they
        are.
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
    if INPUTS in jets.fields:
        return jets, ak.to_numpy(jets[N_TRUNCATED]).astype(np.int64)
    jets = leave_out_padding(jets)
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
    jets = leave_out_padding(jets)
    if set(JET_MOMENTUM + ANGLES) <= set(jets.fields):
        return jets
    require_branches(jets, MOMENTA)
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


def constituent_pt(jets: ak.Array) -> np.ndarray:
    """Return the pT (P,) in GeV of the constituents that a model sees, of all jets in a row; NaN where not known.

    A data config may give the interaction other vectors than the momenta, or none.
    """
    kept = keep_leading(jets)[0]
    if has_momenta(kept):
        return kinematics.pt(*(flat_values(kept[name]).astype(np.float64) for name in MOMENTA[:2]))
    return np.full(list_lengths(kept[INPUTS]).sum(), np.nan)


def particles_only(jets: ak.Array) -> ak.Array:
    """Return the jets without their vertices, whose momenta are those of particles already.

    A jet that has nothing else keeps them.
    """
    if IS_PARTICLE not in jets.fields:
        return jets
    kept = ak.unflatten(is_particle(jets), list_lengths(jets[IS_PARTICLE]))
    return ak.zip({name: jets[name][kept] for name in MOMENTA}, depth_limit=1)


def is_particle(jets: ak.Array) -> np.ndarray:
    """Return which constituents (P,) of all jets in a row `particles_only` keeps."""
    if IS_PARTICLE not in jets.fields:
        return np.ones(list_lengths(jets["part_px"]).sum(), bool)
    return ak.to_numpy(ak.flatten(jets[IS_PARTICLE] | ~ak.any(jets[IS_PARTICLE], axis=1)))


def has_momenta(jets: ak.Array) -> bool:
    """Return whether the four-momenta of constituents are known; a data config need not say them."""
    return set(MOMENTA) <= set(jets.fields)


def require_branches(jets: ak.Array, branches: tuple[str, ...]) -> None:
    """Raise PartError, naming what is missing, unless the jets have all these branches."""
    missing = [name for name in branches if name not in jets.fields]
    if INPUTS in jets.fields and set(missing) & set(MOMENTA):
        raise PartError(
            "the data config does not say which of its variables are the momenta of these jets, which are needed here; "
            "vectors, or roles.part_px, ... part_energy, would"
        )
    if missing:
        raise PartError(f"the jets have no branch {', '.join(missing)}; expected {', '.join(branches)}")
