"""Activation patching: how much of a prediction is recovered when activations of one jet replace those of another.

A clean and a corrupted jet are predicted as different classes. A state, a head's output or a head's pattern of the
clean forward pass replaces that of the corrupted one at one place, and the rest is computed again. The recovery is
(patched - corrupted) / (clean - corrupted) of the logit difference between the predicted class of the clean jet and
the class that gains most by the corruption, or between two chosen classes or groups of classes: 0 if the place does
not matter, 1 if it carries all of the difference (arXiv:2202.05262; for jets with corruptions that stay on the
manifold, arXiv:2605.09881).

Particles are matched by their rank in pT; those of the corrupted jet without a match do not change. There are two
corruptions. "jet": the corrupted jet is another, real one. "flavour": the clean jet's momenta with the species,
charges and displacements of another jet by rank, starting again with the leading constituent where that has fewer.

Shapes: N particles, T tokens of the particle blocks, M keys, L layers, H heads, C classes, R particles.
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.analysis.intervention.ablation import check_attention
from part.analysis.intervention.edits import check_editable
from part.errors import PartError
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.inference.tagger import Tagger
from part.jets import kinematics
from part.jets.class_groups import ClassGroup
from part.jets.schema import DISPLACEMENT, IDENTITY

CORRUPTIONS = ("jet", "flavour")
COMPONENTS = ("head", "pattern", "residual")
MAX_PARTICLES = 20  # leading particles whose states are patched one by one
_TAPS = {"head": (HEAD_OUTPUT,), "pattern": (HEAD_OUTPUT, "pattern", "values")}


@dataclass(frozen=True, eq=False)
class Recovery:
    """Logit differences of one pair of jets.

    Parameters
    ----------
    component : str
        What was patched: one of `COMPONENTS`.
    patched : ndarray
        Logit differences with one place patched. "head" and "pattern": (L, H + 1), the last column for all heads of
        the layer. "residual": (L + 1, R + 1), of R particles by rank in pT, the last for all that have a match.
    clean, corrupted : float
        Logit differences of the unchanged jets.
    classes : tuple of ClassGroup
        The two classes, or groups of classes, whose logits are compared.
    """

    component: str
    patched: np.ndarray
    clean: float
    corrupted: float
    classes: tuple[ClassGroup, ClassGroup]

    @property
    def values(self) -> np.ndarray:
        """The recovery at each place, in the shape of `patched`."""
        return (self.patched - self.corrupted) / (self.clean - self.corrupted)


def patch(
    tagger: Tagger,
    clean: ak.Array,
    corrupted: ak.Array,
    component: str = "head",
    first: ClassGroup | None = None,
    second: ClassGroup | None = None,
) -> Recovery:
    """Patch one jet with activations of another.

    Parameters
    ----------
    tagger : Tagger
    clean, corrupted : ak.Array
        Arrays of one jet.
    component : str
        "head", "pattern" or "residual".
    first, second : ClassGroup, optional
        The classes whose logits are compared, by default the predicted one and the one that gains most.

    Raises
    ------
    PartError
        If the model has no attention or the component is unknown.

    References
    ----------
    arXiv:2202.05262, arXiv:2605.09881
    """
    check_attention(tagger)
    if component not in COMPONENTS:
        raise PartError(f"There is no {component!r} to patch; choose one of {', '.join(COMPONENTS)}.")
    source, target = (CachedForward(tagger, jet, tap_names(component)) for jet in (clean, corrupted))
    return patch_forward(source, target, component, first, second)


def tap_names(component: str) -> tuple[str, ...]:
    """Return the tensors that the forward passes of both jets record where a component is patched."""
    return _TAPS.get(component, ())


def patch_forward(
    source: CachedForward,
    target: CachedForward,
    component: str = "head",
    first: ClassGroup | None = None,
    second: ClassGroup | None = None,
) -> Recovery:
    """Patch as `patch` does, the forward pass of the corrupted jet with activations of that of the clean jet.

    Both are of one jet, through the same model, and have recorded `tap_names(component)`.
    """
    tagger = target.tagger
    before, after = (forward.probabilities[0].double().log() for forward in (source, target))
    first = first or _class(tagger, int(before.argmax()))
    if second is None:
        taken = torch.tensor(first.members, device=after.device)
        second = _class(tagger, int((after - before).index_fill(0, taken, -torch.inf).argmax()))
    if shared := set(first.members) & set(second.members):
        raise PartError(f"{first.name} and {second.name} share the class {tagger.dataset.classes[min(shared)]}.")
    match = match_by_pt_rank(source, target)
    if component == "residual":
        logs = _patch_states(source, target, match).double().log()
    else:
        logs = _patch_heads(source, target, match, component).double().log()
    return Recovery(
        component,
        _difference(logs, first, second).cpu().numpy(),
        float(_difference(before, first, second)),
        float(_difference(after, first, second)),
        (first, second),
    )


def _class(tagger: Tagger, index: int) -> ClassGroup:
    return ClassGroup(tagger.dataset.titles[index], (index,))


def _difference(logs: Tensor, first: ClassGroup, second: ClassGroup) -> Tensor:
    """Return ln p(first) - ln p(second) of log-probabilities (..., C); a group's probability is the sum."""
    return logs[..., list(first.members)].logsumexp(-1) - logs[..., list(second.members)].logsumexp(-1)


def match_by_pt_rank(source: CachedForward, target: CachedForward) -> Tensor:
    """Return for each token of the target (T,) the source's token of the same rank in pT, -1 where there is none."""
    order = source.pt_rank[0].argsort()[: int(source.mask[0].sum())]
    rank = target.pt_rank[0]
    return torch.where((rank < len(order)) & target.mask[0], order[rank.clamp(max=len(order) - 1)], -1)


def with_flavour_of(jet: ak.Array, donor: ak.Array) -> ak.Array:
    """Return one jet with the species, charges and displacements of another, by rank in pT.

    Raises
    ------
    PartError
        If a jet has neither species nor displacements, or was read with a data config.
    """
    check_editable(jet)
    names = [name for name in IDENTITY + DISPLACEMENT + ("part_pid",) if name in jet.fields]
    if not names or not set(names) <= set(donor.fields):
        raise PartError("These jets tell neither species nor displacements to exchange.")
    own_order, donor_order = (_pt_order(jets) for jets in (jet, donor))
    source = np.empty(len(own_order), np.int64)
    source[own_order] = donor_order[np.arange(len(own_order)) % len(donor_order)]
    fields = {name: jet[name] for name in jet.fields}
    fields |= {name: ak.unflatten(ak.to_numpy(donor[name][0])[source], [len(source)]) for name in names}
    return ak.zip(fields, depth_limit=1)


def _pt_order(jet: ak.Array) -> np.ndarray:
    pt = ak.to_numpy(kinematics.pt(jet["part_px"][0], jet["part_py"][0]))
    return np.argsort(-pt, kind="stable")


def _patch_states(source: CachedForward, target: CachedForward, match: Tensor) -> Tensor:
    """Return probabilities (L + 1, R + 1, C) with the states of single particles patched, and of all."""
    n_prefix = target.mask.shape[1] - target.batch.mask.shape[1]
    order = target.pt_rank[0].argsort()[n_prefix : int(target.mask[0].sum())]
    leading = order[match[order] >= 0][:MAX_PARTICLES]
    places = [*leading[:, None], torch.nonzero(match >= 0)[:, 0]]
    entering = {}
    for depth, (clean, corrupted) in enumerate(zip(source.states, target.states, strict=True)):
        states = corrupted.repeat(len(places), 1, 1)
        for copy, place in zip(states, places, strict=True):
            copy[place] = clean[0, match[place]]
        entering[depth] = states[:, None]
    return target.finish(entering)[:, 0].unflatten(0, (len(entering), -1))


def _patch_heads(source: CachedForward, target: CachedForward, match: Tensor, component: str) -> Tensor:
    """Return probabilities (L, H + 1, C) with single heads patched, and all heads of a layer."""
    heads = target.tagger.config.heads
    entering = {}
    for layer in range(target.layers):
        unchanged = target.cache[f"blocks.{layer}.{HEAD_OUTPUT}"][0]
        if component == "head":
            patched = _matched_rows(source.cache[f"blocks.{layer}.{HEAD_OUTPUT}"][0], unchanged, match)
        else:
            clean, corrupted = (forward.cache[f"blocks.{layer}.pattern"][0] for forward in (source, target))
            patched = _matched_pattern(clean, corrupted, match) @ target.cache[f"blocks.{layer}.values"][0]
        outputs = unchanged.repeat(heads + 1, 1, 1, 1)  # a copy of the jet for each head, and one for all of them
        outputs[range(heads), range(heads)] = patched
        outputs[heads] = patched
        entering[layer + 1] = target.states_after(layer, outputs[:, None])
    return target.finish(entering)[:, 0].unflatten(0, (len(entering), -1))


def _matched_rows(clean: Tensor, corrupted: Tensor, match: Tensor) -> Tensor:
    """Return for each query (H, T, ...) the clean row of its match, the corrupted row where there is no match."""
    return torch.where((match >= 0)[:, None], clean[:, match.clamp(min=0)], corrupted)


def _matched_pattern(clean: Tensor, corrupted: Tensor, match: Tensor) -> Tensor:
    """Return the patched pattern (H, T, M), over tokens or slots.

    Rows over tokens keep a sum of 1: the weight of keys without a match is distributed over the others.
    """
    if clean.shape[1] != clean.shape[2] or corrupted.shape[1] != corrupted.shape[2]:
        return _matched_rows(clean, corrupted, match)
    keys = clean[:, :, match.clamp(min=0)] * (match >= 0)
    return _matched_rows(keys / keys.sum(-1, keepdim=True).clamp(min=1e-20), corrupted, match)
