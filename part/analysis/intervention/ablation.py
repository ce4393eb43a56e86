"""Ablation: predictions without a head, a layer's attention, the bias, q·k or the particles of a species.

A head is ablated by replacing its output for each query, the sum of the values weighted by its pattern, before the
output projection. Zero is the choice of arXiv:2605.09881. The mean over a sample, or the output for another jet
(resampling), keeps the input of later layers closer to what these were trained on. The bias and q·k become zero, so
that the other alone makes the pattern; their mean would do the same, since a softmax ignores a constant.

Shapes: B jets, N particles, C classes, A targets, K copies of the batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import awkward as ak
import torch
from torch import Tensor

from part.analysis.intervention.reference import HEAD_OUTPUT, Reference
from part.inference.capabilities import require
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.jets import kinematics
from part.jets.hashing import jet_hashes
from part.jets.preprocessing import keep_leading
from part.jets.schema import IDENTITY, SPECIES

_HEAD_KINDS = ("head", "attention")
_CLASS_KINDS = ("class head", "class attention")
_TAP_OF_KIND = {"bias": "bias", "q·k": "scores_qk"}  # all other kinds replace head outputs


@dataclass(frozen=True)
class AblationTarget:
    """A component of the model, or a species of particles, that is ablated.

    Parameters
    ----------
    kind : str
        "head"; "attention", all heads of a layer; "bias" or "q·k"; "class head" and "class attention" of a class
        block; "species".
    layer, head : int, optional
        Counted from 0. "bias" and "q·k" without a layer mean those of all layers.
    species : int, optional
        An index of `part.jets.schema.SPECIES`.
    """

    kind: str
    layer: int | None = None
    head: int | None = None
    species: int | None = None

    def __str__(self) -> str:
        if self.species is not None:
            return f"{SPECIES[self.species]}s"
        place = "everywhere" if self.layer is None else f"layer {self.layer + 1}"
        if self.kind in _CLASS_KINDS:
            place = f"class {place}"
        kind = {"class attention": "attention"}.get(self.kind, self.kind)
        return f"{place}, head {self.head + 1}" if self.head is not None else f"{kind}, {place}"


def check_attention(tagger: Tagger) -> None:
    """Raise PartError for a model without attention heads."""
    require(tagger, "attention heads to intervene on", "attention")


def ablation_targets(tagger: Tagger) -> tuple[AblationTarget, ...]:
    """Return all that can be ablated in a model.

    Raises
    ------
    PartError
        If the model has no attention.
    """
    check_attention(tagger)
    config, targets = tagger.config, []
    terms = [kind for kind, has_term in (("bias", config.has_bias), ("q·k", config.has_qk)) if has_term]
    layer_kinds = ("attention", *terms) if len(terms) == 2 else ("attention",)  # nothing is left without the only term
    for layer in range(config.layers):
        targets += [AblationTarget("head", layer, head) for head in range(config.heads)]
        targets += [AblationTarget(kind, layer) for kind in layer_kinds]
    class_heads = getattr(config, "class_block", config).heads
    for layer in range(getattr(config, "class_layers", 0)):
        targets += [AblationTarget("class head", layer, head) for head in range(class_heads)]
        targets.append(AblationTarget("class attention", layer))
    targets += [AblationTarget(kind) for kind in terms]
    seen = [i for i, flag in enumerate(IDENTITY[1:]) if tagger.features.uses((flag,))]
    return (*targets, *(AblationTarget("species", species=i) for i in seen))


def ablate(
    forward: CachedForward,
    jets: ak.Array,
    targets: Sequence[AblationTarget],
    replacement: str = "zero",
    reference: Reference | None = None,
) -> Tensor:
    """Compute the predictions with each of the targets ablated in turn.

    Parameters
    ----------
    forward : CachedForward
        The unchanged forward pass of B jets.
    jets : ak.Array
        The same jets.
    targets : sequence of AblationTarget
        Some of `ablation_targets(tagger)`.
    replacement : str
        What replaces a head's output: one of `REPLACEMENTS`.
    reference : Reference, optional
        The sample that the replacement is taken from; required unless it is "zero".

    Returns
    -------
    Tensor (A, B, C)
        Probabilities.

    Raises
    ------
    PartError
        If the reference holds no other jet to resample from.

    References
    ----------
    arXiv:2605.09881
    """
    results: dict[AblationTarget, Tensor] = {}
    if reference is None and replacement != "zero":
        raise ValueError(f"the replacement {replacement!r} needs a reference")
    keys = jet_hashes(jets) if replacement == "resample" else None

    def replace_output(name: str) -> Tensor | float:
        if replacement == "zero" or reference is None:
            return 0.0
        return reference.mean(name) if keys is None else reference.resample(name, forward, keys)

    entering: dict[int, Tensor] = {}
    in_order: list[AblationTarget] = []
    for layer in range(forward.layers):
        of_layer = [target for target in targets if target.layer == layer]
        heads = [target for target in of_layer if target.kind in _HEAD_KINDS]
        terms = [target for target in of_layer if target.kind in _TAP_OF_KIND]
        states = []
        if heads:
            outputs = forward.head_output(layer).expand(len(heads), -1, -1, -1, -1).clone()
            _replace_heads(outputs, heads, replace_output(f"blocks.{layer}.{HEAD_OUTPUT}"))
            states.append(forward.states_after(layer, outputs))
        if terms:
            states.append(forward.states_with_tap(layer, len(terms), _AblationTap(terms, replace_output)))
        if states:
            entering[layer + 1] = torch.cat(states)
            in_order += heads + terms
    if in_order:
        results |= dict(zip(in_order, forward.finish(entering), strict=True))
    of_class_blocks = [target for target in targets if target.kind in _CLASS_KINDS]
    everywhere = [target for target in targets if target.kind in _TAP_OF_KIND and target.layer is None]
    for first, group in ((forward.layers, of_class_blocks), (0, everywhere)):
        if group:
            tap = _AblationTap(group, replace_output)
            results |= dict(zip(group, forward.rerun_from(first, len(group), tap, only_first=False), strict=True))
    if species := [target for target in targets if target.species is not None]:
        masks = _without_species(forward, jets, species)
        results |= dict(zip(species, forward.with_particles(masks), strict=True))
    return torch.stack([results[target] for target in targets])


def leave_one_out(forward: CachedForward) -> Tensor:
    """Return the probabilities (N, C) of one jet without each of its particles, in the order of the file."""
    n = int(forward.batch.mask.sum())
    others = ~torch.eye(n, dtype=torch.bool, device=forward.mask.device)[:, None]
    return forward.with_particles(forward.batch.mask & others)[:, 0]


class _AblationTap:
    """The tap that ablates one target in each copy of a batch."""

    def __init__(self, targets: Sequence[AblationTarget], replace_output: Callable[[str], Tensor | float]):
        self._targets, self._replace_output = targets, replace_output

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        *block, tap = name.split(".")
        if tap not in (HEAD_OUTPUT, *_TAP_OF_KIND.values()):
            return tensor
        copies = tensor.unflatten(0, (len(self._targets), -1)).clone()
        output = None
        for copy, target in zip(copies, self._targets, strict=True):
            if tap != _TAP_OF_KIND.get(target.kind, HEAD_OUTPUT):
                continue
            if target.layer is not None and block[-1] != str(target.layer):
                continue
            if tap != HEAD_OUTPUT:
                copy.zero_()
                continue
            output = self._replace_output(name) if output is None else output
            _replace_heads(copy[None], [target], output)
        return copies.flatten(0, 1)


def _replace_heads(outputs: Tensor, targets: Sequence[AblationTarget], replacement: Tensor | float) -> None:
    """Replace the outputs (A, B, H, T, d) of each target's heads in one copy, in place."""
    for copy, target in zip(outputs, targets, strict=True):
        heads = slice(None) if target.head is None else slice(target.head, target.head + 1)
        is_tensor = isinstance(replacement, Tensor)
        copy[:, heads] = replacement[..., heads, :, :].to(copy.dtype) if is_tensor else replacement


def _without_species(forward: CachedForward, jets: ak.Array, targets: Sequence[AblationTarget]) -> Tensor:
    """Return masks (K, B, N) of the particles that are not of each target's species."""
    mask = forward.batch.mask
    species = ak.fill_none(ak.pad_none(kinematics.species(keep_leading(jets)[0]), mask.shape[1]), -1)
    species = torch.from_numpy(ak.to_numpy(species)).to(mask.device)
    return torch.stack([mask & (species != target.species) for target in targets])
