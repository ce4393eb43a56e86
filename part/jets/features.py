"""Jets -> tensors: the only crossing from awkward to torch.

The inputs are weaver's, operation by operation and in the precision of the file, so that published
weights see the numbers they were trained on. Shapes: B jets, N particles, F features, P all constituents.
"""

from dataclasses import dataclass, fields

import awkward as ak
import numpy as np
import torch

from part.errors import PartError
from part.jets import kinematics
from part.jets.readers import labels
from part.jets.schema import ANGLES, JET_MOMENTUM, MAX_CONSTITUENTS, MOMENTA, Dataset, FeatureSet


@dataclass(frozen=True)
class JetBatch:
    """Tensors of B jets padded to N particles.

    x (B,N,F) float32 inputs; v (B,N,4) float32 px, py, pz, E in GeV; mask (B,N) bool, True = real;
    y (B,) int64 class indices or None; dropped (B,) int64 constituents left out.
    Padded slots of x and v repeat the jet's own particles from the first on, as in weaver's `wrap`.
    """

    x: torch.Tensor
    v: torch.Tensor
    mask: torch.Tensor
    y: torch.Tensor | None
    dropped: torch.Tensor

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
    slots = np.arange(length or int(flat.counts.max()))
    first = np.cumsum(flat.counts) - flat.counts
    index = first[:, None] + slots % flat.counts[:, None]
    return JetBatch(
        x=torch.from_numpy(np.take(flat.x, index, axis=0)),
        v=torch.from_numpy(np.take(flat.v, index, axis=0)),
        mask=torch.from_numpy(slots < flat.counts[:, None]),
        y=None if flat.y is None else torch.from_numpy(flat.y),
        dropped=torch.from_numpy(flat.dropped),
    )


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
    counts = ak.to_numpy(ak.num(jets["part_px"]))
    flat = _flat(jets, counts, features)
    x = np.stack(_inputs(flat, features), axis=1)
    _refuse_infinite(x, features, counts)
    v = np.stack([flat[name].astype(np.float32) for name in MOMENTA], axis=1)
    return FlatJets(x, v, counts, labels(jets, dataset) if dataset is not None else None, dropped)


def select(jets: ak.Array, limit: int = MAX_CONSTITUENTS) -> tuple[ak.Array, np.ndarray]:
    """The jets with at most their `limit` constituents of highest pT, and how many were left out (J,).

    Constituents stay in file order.
    """
    _require(jets, MOMENTA)
    counts = ak.to_numpy(ak.num(jets["part_px"])).astype(np.int64)
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
    counts = ak.to_numpy(ak.num(jets["part_px"]))
    if not counts.all():
        raise PartError(f"jet {int(np.argmin(counts))} has no constituents; expected at least one")


def _flat(jets: ak.Array, counts: np.ndarray, features: FeatureSet) -> dict[str, np.ndarray]:
    """The branches that the features need with one value per constituent (P,); the jet's are repeated."""
    flat = {name: ak.to_numpy(ak.flatten(jets[name])) for name in features.branches}
    return flat | {name: np.repeat(ak.to_numpy(jets[name]), counts) for name in ("jet_pt", "jet_energy")}


def _refuse_infinite(x: np.ndarray, features: FeatureSet, counts: np.ndarray) -> None:
    finite = np.isfinite(x)
    if not finite.all():
        row, column = (int(i) for i in np.argwhere(~finite)[0])
        jet = int(np.searchsorted(np.cumsum(counts), row, side="right"))
        raise PartError(
            f"jet {jet}: input {features.features[column].name} is {x[row, column]}; expected a finite number"
        )


def _inputs(flat: dict[str, np.ndarray], features: FeatureSet) -> list[np.ndarray]:
    """The scaled and clipped inputs, each (P,) float32."""
    if features.name == "kinpidplus":
        flat = flat | _shared_flags(flat["part_pid"])
    columns = []
    for feature in features.features:
        value = _raw(feature.name, flat)
        if feature.subtract or feature.multiply != 1.0:
            value = (value - feature.subtract) * feature.multiply
        if np.isfinite(feature.high):
            value = np.clip(value, feature.low, feature.high)
        columns.append(value.astype(np.float32))
    return columns


def _raw(name: str, flat: dict[str, np.ndarray]) -> np.ndarray:
    match name:
        case "part_pt_log":
            return np.log(kinematics.pt(flat["part_px"], flat["part_py"]))
        case "part_e_log":
            return np.log(flat["part_energy"])
        case "part_logptrel":
            return np.log(kinematics.pt(flat["part_px"], flat["part_py"]) / flat["jet_pt"])
        case "part_logerel":
            return np.log(flat["part_energy"] / flat["jet_energy"])
        case "part_deltaR":
            return np.hypot(flat["part_deta"], flat["part_dphi"])
        case "part_d0" | "part_dz":
            return np.tanh(flat[f"{name}val"])
        case _:
            return flat[name]


def _shared_flags(pid: np.ndarray) -> dict[str, np.ndarray]:
    """The hadron flags of `kinpidplus`: charged 1 (pi), 0.5 (K), 0.2 (p); neutral 1 (K_L), 0.2 (n)."""
    pid = np.abs(pid)
    charged = 1.0 * (pid == 211) + 0.5 * (pid == 321) + 0.2 * (pid == 2212)
    neutral = 1.0 * (pid == 130) + 0.2 * (pid == 2112)
    return {"part_isChargedHadron": charged, "part_isNeutralHadron": neutral}
