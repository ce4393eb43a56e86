"""The truth: the partons that a jet comes from, and the constituents that belong to each.

Shapes: J jets, G partons and P constituents of all jets in a row, M partons of the jet with most of them.
"""

from collections.abc import Mapping

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets import kinematics
from part.jets.buffers import flat_array, flat_values, list_array, list_lengths
from part.jets.parton_branches import PARTONS
from part.jets.pdg import NEUTRINOS, RESONANCES
from part.jets.preprocessing import add_derived_fields, has_momenta, is_particle
from part.jets.schema import ANGLES, MOMENTA
from part.jets.subjets import subjet_index

JET_RADIUS = 0.8  # of JetClass's and TopLandscape's jets: partons further from the axis belong to another jet
MATCH_RADIUS = 0.4
OWN, GENERATOR = PARTONS  # what the branches of this project's jets and of JetClass's begin with
QUANTITIES = ("pt", "eta", "phi", "pid")
_PRONG_FLAGS = ("isResDecayProd", "isQcdParton")  # JetClass-II's
_RESONANCE_FLAGS = ("isResX", "isResY")


def partons(jets: ak.Array, radius: float = JET_RADIUS) -> ak.Array | None:
    """Return the partons of each jet: its prongs, and the resonance that they come from.

    Parameters
    ----------
    jets : ak.Array
        J jets with jagged `parton_*`, as `part.simulate` writes them, jagged `aux_genpart_*` with flags as in
        JetClass-II, or flat `aux_genpart_*` as in JetClass, which knows the resonance alone.
    radius : float
        Partons at a larger ΔR from the jet axis are left out.

    Returns
    -------
    ak.Array or None
        Jagged records of `pt` (GeV), `eta`, `phi`, `pid` (PDG code), `deta`, `dphi` (relative to the jet, Δη times the
        sign of the jet's η as in `part_deta`) and `is_prong`. Prongs are the quarks, gluons and charged leptons of the
        decay, a tau as a whole, or the outgoing partons of a jet without resonance; other partons are resonances and
        neutrinos. Prongs come first, each kind in falling order of pT. None if no jet has such branches, or if the
        direction of the jets is not known.

    Raises
    ------
    PartError
        If the branches of partons have different lengths.
    """
    table = parton_table(jets, radius)
    return None if table is None else _records(table, len(jets))


def parton_table(jets: ak.Array, radius: float = JET_RADIUS) -> dict[str, np.ndarray] | None:
    """Return the same as `partons` as columns (G,), with the `jet` (index) that each parton belongs to."""
    tables = [_listed(jets, prefix) if is_list else _single(jets) for prefix, is_list in _sources(jets)]
    axis = ("jet_eta", "jet_phi")
    if not tables or not (set(axis) <= set(jets.fields) or has_momenta(jets)):
        return None
    table = {name: np.concatenate([t[name] for t in tables]) for name in tables[0]}
    jets = jets if set(axis) <= set(jets.fields) else add_derived_fields(jets)
    jet_eta, jet_phi = (ak.to_numpy(jets[name])[table["jet"]] for name in axis)
    table["deta"] = (table["eta"] - jet_eta) * np.where(jet_eta < 0, -1.0, 1.0)
    table["dphi"] = kinematics.delta_phi(table["phi"], jet_phi)
    inside = np.hypot(table["deta"], table["dphi"]) <= radius
    order = np.lexsort((-table["pt"], ~table["is_prong"], table["jet"]))
    return {name: values[order[inside[order]]] for name, values in table.items()}


def match(jets: ak.Array, partons: ak.Array, by: str = "deltaR", radius: float = MATCH_RADIUS) -> ak.Array:
    """Return the prong that each constituent belongs to.

    Parameters
    ----------
    jets : ak.Array
        J jets with four-momenta in GeV.
    partons : ak.Array
        Their partons, as `partons` returns them.
    by : str
        "deltaR": the prong nearest to the constituent. "kt": the prong nearest to the constituent's exclusive kT
        subjet, of which a jet has as many as prongs.
    radius : float
        The largest ΔR between the constituent, or the subjet, and its prong.

    Returns
    -------
    ak.Array
        Jagged int64 of the constituents: the position of the prong among the partons of the jet, -1 for none.

    Raises
    ------
    PartError
        For another way of matching, or a jet without four-momenta.
    """
    if by not in ("deltaR", "kt"):
        raise PartError(f"matching by {by!r}; expected deltaR or kt")
    jets = add_derived_fields(jets)
    counts = list_lengths(jets["part_px"])
    jet = np.repeat(np.arange(len(counts)), counts)
    deta, dphi = (flat_values(jets[name]) for name in ANGLES)
    if by == "kt":
        deta, dphi = subjet_axes(jets, ak.to_numpy(ak.sum(partons["is_prong"], axis=1)))
    prong_deta, prong_dphi = (angles[jet] for angles in _prong_angles(partons))
    nearest = nearest_prong(deta, dphi, prong_deta, prong_dphi, radius)
    return ak.Array(list_array(_offsets(counts), nearest))


def nearest_prong(
    deta: np.ndarray, dphi: np.ndarray, prong_deta: np.ndarray, prong_dphi: np.ndarray, radius: float = MATCH_RADIUS
) -> np.ndarray:
    """Return the nearest prong of each constituent (P,) int64, -1 if all of its prongs (P, M) or (M,) are too far."""
    distance = np.hypot(deta[:, None] - prong_deta, kinematics.delta_phi(dphi[:, None], prong_dphi))
    if not distance.shape[1]:
        return np.full(len(distance), -1, np.int64)
    nearest = distance.argmin(axis=1)
    return np.where(distance[np.arange(len(nearest)), nearest] <= radius, nearest, -1)


def has_partons(jets: ak.Array) -> bool:
    """Return whether jets have branches from which `partons` can be made."""
    return bool(_sources(jets))


def _sources(jets: ak.Array) -> list[tuple[str, bool]]:
    """Return the prefixes of the branches with partons, and whether they hold lists."""
    complete = [p for p in (OWN, GENERATOR) if {p + name for name in QUANTITIES} <= set(jets.fields)]
    lists = [(prefix, jets[prefix + "pt"].ndim == 2) for prefix in complete]
    return [(prefix, is_list) for prefix, is_list in lists if is_list or prefix == GENERATOR]


def _listed(jets: ak.Array, prefix: str) -> dict[str, np.ndarray]:
    """Return the columns (G,) of the partons that lists hold."""
    counts = list_lengths(jets[prefix + "pt"])
    columns: dict[str, np.ndarray] = {"jet": np.repeat(np.arange(len(counts)), counts)}
    flags = [name for name in (*_PRONG_FLAGS, *_RESONANCE_FLAGS) if prefix + name in jets.fields]
    for name in (*QUANTITIES, *flags):
        if (list_lengths(jets[prefix + name]) != counts).any():
            raise PartError(f"branch {prefix}{name} has other numbers of partons than {prefix}pt; expected the same")
        columns[name] = flat_values(jets[prefix + name])
    columns["pid"] = _codes(columns["pid"])
    kind = np.abs(columns["pid"])
    is_decay = _any(columns, [name for name in _PRONG_FLAGS if name in flags])
    is_resonance = _any(columns, [name for name in _RESONANCE_FLAGS if name in flags])
    if is_decay is None:  # without flags the code of the particle says what it is
        is_decay, is_resonance = ~np.isin(kind, RESONANCES), np.isin(kind, RESONANCES)
    kept = is_decay if is_resonance is None else is_decay | is_resonance  # not what a tau decays to
    kept = kept & (columns["pt"] > 0)  # arrays (J, N) are padded with zeros
    columns["is_prong"] = is_decay & ~np.isin(kind, NEUTRINOS)
    return {name: columns[name][kept] for name in ("jet", *QUANTITIES, "is_prong")}


def _any(columns: Mapping[str, np.ndarray], flags: list[str]) -> np.ndarray | None:
    return np.any([columns[name] > 0 for name in flags], axis=0) if flags else None


def _single(jets: ak.Array) -> dict[str, np.ndarray]:
    """Return the columns (G,) of resonances, of which a jet has one or none (the code is then 0)."""
    columns = {name: ak.to_numpy(jets[GENERATOR + name]) for name in QUANTITIES}
    columns["pid"] = _codes(columns["pid"])
    jet = np.flatnonzero((columns["pid"] != 0) & (columns["pt"] > 0))
    return {"jet": jet} | {n: c[jet] for n, c in columns.items()} | {"is_prong": np.zeros(len(jet), bool)}


def _codes(pid: np.ndarray) -> np.ndarray:
    """Return the codes of particles as integers, 0 for a missing one."""
    return np.nan_to_num(pid, nan=0, posinf=0, neginf=0).astype(np.int64)


def _records(table: Mapping[str, np.ndarray], n_jets: int) -> ak.Array:
    offsets = _offsets(np.bincount(table["jet"], minlength=n_jets))
    names = [name for name in table if name != "jet"]
    records = ak.contents.RecordArray([flat_array(np.ascontiguousarray(table[name])) for name in names], names)
    return ak.Array(ak.contents.ListOffsetArray(offsets, records))


def _offsets(counts: np.ndarray) -> ak.index.Index64:
    return ak.index.Index64(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def _prong_angles(partons: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return Δη and Δφ (J, M) of the prongs; Δη is infinite for other partons and where there are none."""
    counts = ak.to_numpy(ak.num(partons))
    row, column = np.repeat(np.arange(len(counts)), counts), ak.to_numpy(ak.flatten(ak.local_index(partons)))
    deta, dphi = np.full((len(counts), counts.max(initial=0)), np.inf), np.zeros((len(counts), counts.max(initial=0)))
    flat = ak.flatten(partons)
    deta[row, column] = np.where(ak.to_numpy(flat["is_prong"]), ak.to_numpy(flat["deta"]), np.inf)
    dphi[row, column] = ak.to_numpy(flat["dphi"])
    return deta, dphi


def subjet_axes(jets: ak.Array, n_prongs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Δη and Δφ (P,) of the exclusive kT subjet of each constituent, as many as the jet has prongs (J,)."""
    counts = list_lengths(jets["part_px"])
    jet = np.repeat(np.arange(len(counts)), counts)
    p4 = np.stack([flat_values(jets[name]).astype(np.float64) for name in MOMENTA], axis=1)
    counted = p4 * is_particle(jets)[:, None]
    axes = np.ones_like(p4)  # of jets without prongs, which match nothing
    for n in np.unique(n_prongs[n_prongs > 0]):
        chosen = n_prongs[jet] == n
        cell = jet[chosen] * n + flat_values(subjet_index(jets[n_prongs == n], int(n)))
        sums = [np.bincount(cell, component, minlength=len(n_prongs) * n) for component in counted[chosen].T]
        axes[chosen] = np.stack(sums, axis=1)[cell]
    px, py, pz, _ = axes.T
    jet_eta, jet_phi = (ak.to_numpy(jets[name])[jet] for name in ("jet_eta", "jet_phi"))
    deta = (kinematics.eta(px, py, pz) - jet_eta) * np.where(jet_eta < 0, -1.0, 1.0)
    return deta, kinematics.delta_phi(kinematics.phi(px, py), jet_phi)
