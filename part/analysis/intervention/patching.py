"""Activation patching: how much of a prediction comes back when a part of a pass over one jet enters that over another.

A clean jet and a corrupted one are taken for different things. A state, a head's output or a head's pattern of the
clean pass replaces that of the corrupted one at one place, and the rest is computed anew. The recovery is
(patched - corrupted) / (clean - corrupted) of the logit difference between the class the clean jet is taken for and
the one that gains most by the corruption: 0 if the place does not matter, 1 if it carries all that tells the two
apart (arXiv:2202.05262; for jets with corruptions that stay on the manifold, arXiv:2605.09881).

Particles are matched by their rank in pT; those of the corrupted jet that have no partner stay as they are. There are
two corruptions. "jet": the corrupted jet is another, real one. "flavour": the clean jet's momenta with the species,
charges and displacements of another, by rank, beginning again with the hardest where that has fewer.

Shapes: N particles, T tokens of the particle blocks, L layers, H heads, C classes, K copies.
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.errors import PartError
from part.inference.forward import Pass, check_attention
from part.inference.tagger import Tagger
from part.jets import kinematics
from part.jets.schema import DISPLACEMENT, IDENTITY

CORRUPTIONS = ("jet", "flavour")
PARTS = ("head", "pattern", "residual")
_HEARD = {"head": "mixed", "pattern": "pattern"}
MOST_PARTICLES = 20  # the hardest, whose states are patched one by one


@dataclass(frozen=True, eq=False)
class Recovery:
    """patched: logit differences with one place patched. part "head", "pattern": (L, H + 1), the last for all heads of
    the layer; "residual": (L + 1, R + 1), of R particles by rank, the last for all that have a partner. clean,
    corrupted: logit differences; classes: the two whose logits they are of, as indices."""

    part: str
    patched: np.ndarray
    clean: float
    corrupted: float
    classes: tuple[int, int]

    @property
    def values(self) -> np.ndarray:
        return (self.patched - self.corrupted) / (self.clean - self.corrupted)


def patch(tagger: Tagger, clean: ak.Array, corrupted: ak.Array, part: str = "head") -> Recovery:
    """clean, corrupted: one jet each. Raises PartError where there is nothing to recover."""
    check_attention(tagger)
    if part not in PARTS:
        raise PartError(f"There is no {part!r} to patch; choose one of {', '.join(PARTS)}.")
    keep = {_HEARD[part]} if part in _HEARD else ()
    source, target = (Pass(tagger, jet, keep) for jet in (clean, corrupted))
    before, after = (p.probabilities[0].double().log() for p in (source, target))
    first = int(before.argmax())
    second = int((after - before).index_fill(0, torch.tensor([first], device=after.device), -torch.inf).argmax())
    match = matches(source, target)
    probabilities = _residual(source, target, match) if part == "residual" else _heads(source, target, match, part)
    logs = probabilities.double().log()
    return Recovery(
        part,
        (logs[..., first] - logs[..., second]).cpu().numpy(),
        float(before[first] - before[second]),
        float(after[first] - after[second]),
        (first, second),
    )


def matches(source: Pass, target: Pass) -> Tensor:
    """Of each token of the target (T,) the source's of the same rank in pT, -1 where there is none."""
    order = source.rank[0].argsort()[: int(source.mask[0].sum())]
    rank = target.rank[0]
    return torch.where((rank < len(order)) & target.mask[0], order[rank.clamp(max=len(order) - 1)], -1)


def flavoured(jet: ak.Array, donor: ak.Array) -> ak.Array:
    """One jet with the species, charges and displacements of another. Raises PartError if either tells none."""
    names = [name for name in IDENTITY + DISPLACEMENT + ("part_pid",) if name in jet.fields]
    if not names or not set(names) <= set(donor.fields):
        raise PartError("These jets tell neither species nor displacements to exchange.")
    order, theirs = (_by_pt(some) for some in (jet, donor))
    take = np.empty(len(order), np.int64)
    take[order] = theirs[np.arange(len(order)) % len(theirs)]
    fields = {name: jet[name] for name in jet.fields}
    fields |= {name: ak.unflatten(ak.to_numpy(donor[name][0])[take], [len(take)]) for name in names}
    return ak.zip(fields, depth_limit=1)


def _by_pt(jet: ak.Array) -> np.ndarray:
    pt = ak.to_numpy(kinematics.pt(jet["part_px"][0], jet["part_py"][0]))
    return np.argsort(-pt, kind="stable")


def _residual(source: Pass, target: Pass, match: Tensor) -> Tensor:
    """Probabilities (L + 1, R + 1, C), R of the MOST_PARTICLES hardest particles."""
    ahead = target.mask.shape[1] - target.batch.mask.shape[1]
    order = target.rank[0].argsort()[ahead : int(target.mask[0].sum())]
    hardest = order[match[order] >= 0][:MOST_PARTICLES]
    places = [*hardest[:, None], torch.nonzero(match >= 0)[:, 0]]
    found = []
    for depth, (theirs, ours) in enumerate(zip(source.states, target.states, strict=True)):
        states = ours.repeat(len(places), 1, 1)
        for copy, place in zip(states, places, strict=True):
            copy[place] = theirs[0, match[place]]
        found.append(target.again(depth, len(places), None, states)[:, 0])
    return torch.stack(found)


def _heads(source: Pass, target: Pass, match: Tensor, part: str) -> Tensor:
    """Probabilities (L, H + 1, C)"""
    heads = target.tagger.config.heads
    found = []
    for layer in range(target.layers):
        name = f"blocks.{layer}.{_HEARD[part]}"
        theirs, ours = source.heard[name][0], target.heard[name][0]
        new = _rows(theirs, ours, match) if part == "head" else _pattern(theirs, ours, match)

        def swap(heard: str, tensor: Tensor, name: str = name, new: Tensor = new) -> Tensor:
            if heard != name:
                return tensor
            changed = tensor.clone()  # a copy of the jet for each head, and one for all of them
            changed[range(heads), range(heads)] = new
            changed[heads] = new
            return changed

        found.append(target.again(layer, heads + 1, swap)[:, 0])
    return torch.stack(found)


def _rows(theirs: Tensor, ours: Tensor, match: Tensor) -> Tensor:
    """Per query (H, T, ...): theirs of the partner, ours where there is none."""
    partner = match.clamp(min=0)
    return torch.where((match >= 0)[:, None], theirs[:, partner], ours)


def _pattern(theirs: Tensor, ours: Tensor, match: Tensor) -> Tensor:
    """(H, T, T), or over slots (H, T, K). Rows keep a sum of 1: what the partner gives to keys without one is shared
    out among the others."""
    if theirs.shape[1] != theirs.shape[2] or ours.shape[1] != ours.shape[2]:
        return _rows(theirs, ours, match)
    keys = theirs[:, :, match.clamp(min=0)] * (match >= 0)
    return _rows(keys / keys.sum(-1, keepdim=True).clamp(min=1e-20), ours, match)
