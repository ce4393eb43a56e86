"""Ablation: what a model predicts without a head, a layer's attention, the bias, q·k or the particles of a species.

A head is taken away by replacing what it mixes for each query, the sum of its values weighted by its pattern, before
the output projection. As in arXiv:2605.09881 by zero; or by its mean over a sample, or by what it mixes for another
jet (resampling), which keep what follows closer to what it has learnt to take. The bias and q·k become zero, so that
the other alone makes the pattern; a mean would be the same, since a softmax does not feel a constant.

Shapes: B jets, T tokens of the particle blocks, N particles, H heads, d channels of a head, C classes, A targets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.errors import PartError
from part.inference.forward import Pass, check_attention, jet_keys
from part.inference.tagger import Tagger
from part.jets import kinematics
from part.jets.features import select
from part.jets.schema import IDENTITY, SPECIES

INSTEAD = ("zero", "mean", "resample")
DONORS = 32  # jets whose heads' outputs stand in for others'
_CLASS_KINDS = ("class head", "class attention")


@dataclass(frozen=True)
class Target:
    """What is taken away. kind: "head"; "attention", all heads of a layer; "bias" or "q·k" of a layer, or of all where
    layer is None; "class head" and "class attention" of a class block; "species". All count from 0."""

    kind: str
    layer: int | None = None
    head: int | None = None
    species: int | None = None

    def __str__(self) -> str:
        if self.species is not None:
            return f"{SPECIES[self.species]}s"
        place = "everywhere" if self.layer is None else f"layer {self.layer + 1}"
        if self.kind in _CLASS_KINDS:
            place = f"class layer {self.layer + 1}"
        kind = {"class attention": "attention"}.get(self.kind, self.kind)
        return f"{place}, head {self.head + 1}" if self.head is not None else f"{kind}, {place}"


def targets_of(tagger: Tagger) -> tuple[Target, ...]:
    """All that a model has and that can be taken away from it. Raises PartError for a model without attention."""
    check_attention(tagger)
    config, parts = tagger.config, []
    if getattr(config, "pair_bias", "") != "none" and config.model != "ParTNoBias":
        parts.append("bias")
    if config.model != "PairAttn":
        parts.append("q·k")
    found = []
    for layer in range(config.layers):
        found += [Target("head", layer, head) for head in range(config.heads)]
        found += [Target(kind, layer) for kind in ("attention", *(parts if len(parts) == 2 else ()))]
    for layer in range(config.class_layers):
        found += [Target("class head", layer, head) for head in range(config.heads)]
        found.append(Target("class attention", layer))
    found += [Target(kind) for kind in parts]
    if set(IDENTITY) <= set(tagger.features.branches):
        found += [Target("species", species=i) for i in range(len(SPECIES))]
    return tuple(found)


class Reference:
    """What stands in for a head's output: its mean over the particles of a sample, or that of another jet of it.

    Donors are the DONORS jets whose `jet_keys` are lowest, whatever the order of the sample; a jet's own key picks
    one of them, not itself. A query takes the donor's output for the query of the same rank in pT, beginning again
    with the hardest where the donor has fewer.
    """

    def __init__(self):
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._donors: list[tuple[int, dict[str, Tensor]]] = []

    def add(self, passed: Pass, jets: ak.Array) -> None:
        """Some jets of the sample, passed with "mixed" kept."""
        for name, mixed in passed.heard.items():
            real = mixed.transpose(1, 2)[passed.mask] if mixed.shape[2] > 1 else mixed[:, :, 0]  # (-1, H, d)
            self._sums[name] = self._sums.get(name, 0) + real.sum(0, dtype=torch.float64)
            self._counts[name] = self._counts.get(name, 0) + len(real)
        order = passed.rank.argsort(-1)
        for jet, key in enumerate(jet_keys(jets).tolist()):
            if len(self._donors) == DONORS and key >= self._donors[-1][0]:
                continue
            queries = order[jet, : int(passed.mask[jet].sum())]
            kept = {name: t[jet][:, queries] if t.shape[2] > 1 else t[jet] for name, t in passed.heard.items()}
            self._donors = sorted([*self._donors, (key, kept)], key=lambda donor: donor[0])[:DONORS]

    def mean(self, name: str) -> Tensor:
        """(H, 1, d)"""
        return (self._sums[name] / self._counts[name]).float()[:, None]

    def resampled(self, name: str, passed: Pass, keys: np.ndarray) -> Tensor:
        """(B, H, T, d), of the class blocks (B, H, 1, d)"""
        return torch.stack([self._donated(name, key, rank) for key, rank in zip(keys, passed.rank, strict=True)])

    def _donated(self, name: str, key: int, rank: Tensor) -> Tensor:
        others = [kept for other, kept in self._donors if other != key]
        if not others:
            raise PartError("Resampling needs a sample of at least two jets.")
        mixed = others[key % len(others)][name]
        return mixed if name.startswith("class_blocks") else mixed[:, rank % mixed.shape[1]]


def ablate(
    passed: Pass,
    jets: ak.Array,
    targets: Sequence[Target],
    instead: str = "zero",
    reference: Reference | None = None,
) -> Tensor:
    """Probabilities (A, B, C) without each of the targets. reference: of a sample, unless heads give way to zero."""
    found: dict[Target, Tensor] = {}
    keys = jet_keys(jets) if instead == "resample" else None

    def stand_in(name: str) -> Tensor | float:
        if instead == "zero":
            return 0.0
        return reference.mean(name) if instead == "mean" else reference.resampled(name, passed, keys)

    ordered = sorted(targets, key=_place)
    for (first, alone), group in groupby(ordered, key=lambda target: _start(target, passed.layers)):
        group = tuple(group)
        if group[0].kind == "species":
            results = passed.masked(_without_species(passed, jets, group))
        else:
            results = passed.again(first, len(group), _Taken(group, stand_in), alone=alone)
        found |= dict(zip(group, results, strict=True))
    return torch.stack([found[target] for target in targets])


def leave_one_out(passed: Pass) -> Tensor:
    """Probabilities (N, C) of one jet without each of its particles, in file order."""
    n = int(passed.batch.mask.sum())
    return passed.masked(passed.batch.mask & ~torch.eye(n, dtype=torch.bool, device=passed.mask.device)[:, None])[:, 0]


class _Taken:
    """The tap that takes one target away from each copy of a batch."""

    def __init__(self, group: Sequence[Target], stand_in):
        self._group, self._stand_in = group, stand_in

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        *block, part = name.split(".")
        if part not in ("mixed", "bias", "scores_qk"):
            return tensor
        copies = tensor.unflatten(0, (len(self._group), -1)).clone()
        stand_in = None
        for copy, target in zip(copies, self._group, strict=True):
            if part != {"bias": "bias", "q·k": "scores_qk"}.get(target.kind, "mixed"):
                continue
            if target.layer is not None and block[-1] != str(target.layer):
                continue
            if part != "mixed":
                copy.zero_()
                continue
            stand_in = self._stand_in(name) if stand_in is None else stand_in
            heads = slice(None) if target.head is None else slice(target.head, target.head + 1)
            copy[:, heads] = stand_in if isinstance(stand_in, float) else stand_in[..., heads, :, :].to(copy.dtype)
        return copies.flatten(0, 1)


def _place(target: Target) -> tuple:
    return target.kind == "species", target.kind in _CLASS_KINDS, -1 if target.layer is None else target.layer


def _start(target: Target, layers: int) -> tuple[int, bool]:
    """Before which block a pass is taken up again, and whether only that one is changed."""
    if target.kind in _CLASS_KINDS:
        return layers, True
    return (-1 if target.species is not None else 0, False) if target.layer is None else (target.layer, True)


def _without_species(passed: Pass, jets: ak.Array, group: Sequence[Target]) -> Tensor:
    """Masks (K, B, N)"""
    mask = passed.batch.mask
    species = ak.fill_none(ak.pad_none(kinematics.species(select(jets)[0]), mask.shape[1]), -1)
    species = torch.from_numpy(ak.to_numpy(species)).to(mask.device)
    return torch.stack([mask & (species != target.species) for target in group])
