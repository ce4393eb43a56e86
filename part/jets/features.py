"""Jets -> tensors: the only crossing from awkward to torch.

The inputs are weaver's, operation by operation and in the precision of the file, so that published
weights see the numbers they were trained on. Shapes: B jets, N particles, F features, P all constituents.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

import awkward as ak
import numpy as np
import torch

from part.errors import PartError
from part.jets import kinematics
from part.jets.readers import labels
from part.jets.schema import ANGLES, JET_MOMENTUM, MAX_CONSTITUENTS, MOMENTA, Dataset, FeatureSet
from part.jets.validation import plain_lists

PIECE = 16384  # constituents whose inputs are computed together: they stay in the cache


@dataclass(frozen=True)
class JetBatch:
    """Tensors of B jets padded to N particles.

    x (B,N,F) float32 inputs; v (B,N,4) float32 px, py, pz, E in GeV; mask (B,N) bool, True = real;
    y (B,) int64 class indices or None; dropped (B,) int64 constituents left out. taught (B, C): probabilities by
    another model, in training from such.
    Padded slots of x and v repeat the jet's own particles from the first on, as in weaver's `wrap`.
    """

    x: torch.Tensor
    v: torch.Tensor
    mask: torch.Tensor
    y: torch.Tensor | None
    dropped: torch.Tensor
    taught: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device | str) -> "JetBatch":
        """The same batch on a device."""
        moved = {f.name: getattr(self, f.name) for f in fields(self)}
        return JetBatch(**{name: None if t is None else t.to(device) for name, t in moved.items()})


def make_batch(
    jets: ak.Array, features: FeatureSet, dataset: Dataset | None = None, length: int | None = None
) -> JetBatch:
    """The inputs of a model for jets (see JetBatch), labelled if `dataset` is given and the jets are.

    N is `length` or the largest multiplicity, 128 at most. Raises PartError as `make_flat`.
    """
    flat = make_flat(jets, features, dataset, MAX_CONSTITUENTS if length is None else min(length, MAX_CONSTITUENTS))
    index, mask = padded(np.cumsum(flat.counts) - flat.counts, flat.counts, length)
    return JetBatch(
        x=torch.from_numpy(np.take(flat.x, index, axis=0)),
        v=torch.from_numpy(np.take(flat.v, index, axis=0)),
        mask=torch.from_numpy(mask),
        y=None if flat.y is None else torch.from_numpy(flat.y),
        dropped=torch.from_numpy(flat.dropped),
    )


def padded(first: np.ndarray, counts: np.ndarray, length: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Which constituents (B, N) of a row fill the slots of jets that begin at `first` (B,), and which slots are real.

    N is `length` or the largest of the counts (B,).
    """
    slots = np.arange(length or int(counts.max()))
    index = slots % counts[:, None]
    index += first[:, None]
    return index, slots < counts[:, None]


@dataclass(frozen=True)
class FlatJets:
    """A JetBatch without its padding: x (P, F), v (P, 4), counts, dropped and, if it is known, y, each (B,)."""

    x: np.ndarray
    v: np.ndarray
    counts: np.ndarray
    y: np.ndarray | None
    dropped: np.ndarray


def make_flat(
    jets: ak.Array, features: FeatureSet, dataset: Dataset | None = None, limit: int = MAX_CONSTITUENTS
) -> FlatJets:
    """The inputs of a model for jets, of each at most its `limit` constituents of highest pT.

    Raises PartError for a missing branch, an empty jet, no jets, or a value that gives no finite input.
    """
    _require(jets, MOMENTA)
    _refuse_empty(jets)
    jets, dropped = select(complete(jets), limit)  # the jet is the sum of all, also of those left out
    _require(jets, features.branches)
    counts = _counts(jets)
    flat = {name: _in_a_row(jets[name]) for name in features.branches}
    whole = {name: ak.to_numpy(jets[name]) for name in ("jet_pt", "jet_energy")}
    first = np.concatenate([[0], np.cumsum(counts)])
    x, v = (np.empty((first[-1], width), np.float32) for width in (len(features), len(MOMENTA)))
    for a, b in pairwise(_piece_edges(first)):
        piece = slice(first[a], first[b])
        values = {name: column[piece] for name, column in flat.items()}
        values |= {name: np.repeat(column[a:b], counts[a:b]) for name, column in whole.items()}
        _inputs(values, features, x[piece])
        _refuse_infinite(x[piece], features, counts[a:b], a)
        for i, name in enumerate(MOMENTA):
            v[piece, i] = values[name]
    return FlatJets(x, v, counts, labels(jets, dataset) if dataset is not None else None, dropped)


def select(jets: ak.Array, limit: int = MAX_CONSTITUENTS) -> tuple[ak.Array, np.ndarray]:
    """The jets with at most their `limit` constituents of highest pT, and how many were left out (J,).

    Constituents stay in file order.
    """
    _require(jets, MOMENTA)
    counts = _counts(jets)
    dropped = np.maximum(counts - limit, 0)
    if not dropped.any():
        return jets, dropped
    pt = ak.to_numpy(ak.flatten(kinematics.pt(jets["part_px"], jets["part_py"])))
    jet = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-pt, jet))  # stable: of equal pT the first in the file stays
    rank = np.empty(len(pt), np.int64)
    rank[order] = np.arange(len(pt)) - np.repeat(np.cumsum(counts) - counts, counts)
    keep = ak.unflatten(rank < limit, counts)
    fields = {name: jets[name][keep] if name.startswith("part_") else jets[name] for name in jets.fields}
    return ak.zip(fields, depth_limit=1), dropped


def complete(jets: ak.Array) -> ak.Array:
    """The jets with jet_pt, jet_eta, jet_phi, jet_energy, part_deta, part_dphi added where missing.

    A missing jet four-momentum is the sum of the constituents. part_deta is multiplied by the sign of
    jet_eta, as in JetClass. Branches of the file are used as they are.
    """
    _require(jets, MOMENTA)
    if set(JET_MOMENTUM + ANGLES) <= set(jets.fields):
        return jets
    p4 = [ak.values_astype(jets[name], np.float64) for name in MOMENTA]
    px, py, pz, energy = (ak.to_numpy(ak.sum(component, axis=1)) for component in p4)
    summed = (kinematics.pt(px, py), kinematics.eta(px, py, pz), kinematics.phi(px, py), energy)
    fields = {name: jets[name] for name in jets.fields}
    for name, values in zip(JET_MOMENTUM, summed, strict=True):
        fields.setdefault(name, values)
    sign = np.where(ak.to_numpy(fields["jet_eta"]) < 0, -1.0, 1.0)
    if "part_deta" not in fields:
        fields["part_deta"] = (kinematics.eta(*p4[:3]) - fields["jet_eta"]) * sign
    if "part_dphi" not in fields:
        fields["part_dphi"] = kinematics.delta_phi(kinematics.phi(*p4[:2]), fields["jet_phi"])
    return ak.zip(fields, depth_limit=1)


def _require(jets: ak.Array, branches: tuple[str, ...]) -> None:
    missing = [name for name in branches if name not in jets.fields]
    if missing:
        raise PartError(f"the jets have no branch {', '.join(missing)}; expected {', '.join(branches)}")


def _refuse_empty(jets: ak.Array) -> None:
    if len(jets) == 0:
        raise PartError("no jets; expected at least one")
    counts = _counts(jets)
    if not counts.all():
        raise PartError(f"jet {int(np.argmin(counts))} has no constituents; expected at least one")


def _counts(jets: ak.Array) -> np.ndarray:
    plain = plain_lists(jets["part_px"])
    return ak.to_numpy(ak.num(jets["part_px"])).astype(np.int64) if plain is None else plain[0]


def _in_a_row(column: ak.Array) -> np.ndarray:
    """The values (P,) of all constituents."""
    plain = plain_lists(column)
    return ak.to_numpy(ak.flatten(column)) if plain is None else plain[1]


def _piece_edges(first: np.ndarray) -> np.ndarray:
    """Jets at which to cut into pieces of some PIECE constituents, from 0 to the last, by their offsets (B + 1,)."""
    edges = np.searchsorted(first, np.arange(0, first[-1], PIECE))
    return np.unique(np.append(edges, len(first) - 1))


def _refuse_infinite(x: np.ndarray, features: FeatureSet, counts: np.ndarray, jets_before: int) -> None:
    finite = np.isfinite(x)
    if not finite.all():
        row, column = (int(i) for i in np.argwhere(~finite)[0])
        jet = jets_before + int(np.searchsorted(np.cumsum(counts), row, side="right"))
        raise PartError(
            f"jet {jet}: input {features.features[column].name} is {x[row, column]}; expected a finite number"
        )


def _inputs(flat: dict[str, np.ndarray], features: FeatureSet, out: np.ndarray) -> None:
    """The scaled and clipped inputs (P, F) of constituents, by their branches (P,) each; the jet's are repeated."""
    flat = flat | {"part_pt": _hypot(flat["part_px"], flat["part_py"])}
    if features.name == "kinpidplus":
        flat |= _shared_flags(flat["part_pid"])
    for i, feature in enumerate(features.features):
        value = _raw(feature.name, flat)
        if feature.subtract or feature.multiply != 1.0:
            value = (value - feature.subtract) * feature.multiply
        if np.isfinite(feature.high):
            value = np.clip(value, feature.low, feature.high)
        out[:, i] = value


def _raw(name: str, flat: dict[str, np.ndarray]) -> np.ndarray:
    match name:
        case "part_pt_log":
            return np.log(flat["part_pt"])
        case "part_e_log":
            return np.log(flat["part_energy"])
        case "part_logptrel":
            return np.log(flat["part_pt"] / flat["jet_pt"])
        case "part_logerel":
            return np.log(flat["part_energy"] / flat["jet_energy"])
        case "part_deltaR":
            return _hypot(flat["part_deta"], flat["part_dphi"])
        case "part_d0" | "part_dz":
            return np.tanh(flat[f"{name}val"])
        case _:
            return flat[name]


def _hypot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """np.hypot, which goes through numbers one by one; of float32 it is the rounded root in float64."""
    if a.dtype != np.float32 or b.dtype != np.float32:
        return np.hypot(a, b)
    return np.sqrt(np.square(a, dtype=np.float64) + np.square(b, dtype=np.float64)).astype(np.float32)


def _shared_flags(pid: np.ndarray) -> dict[str, np.ndarray]:
    """The hadron flags of `kinpidplus`: charged 1 (pi), 0.5 (K), 0.2 (p); neutral 1 (K_L), 0.2 (n)."""
    pid = np.abs(pid)
    charged = 1.0 * (pid == 211) + 0.5 * (pid == 321) + 0.2 * (pid == 2212)
    neutral = 1.0 * (pid == 130) + 0.2 * (pid == 2112)
    return {"part_isChargedHadron": charged, "part_isNeutralHadron": neutral}
