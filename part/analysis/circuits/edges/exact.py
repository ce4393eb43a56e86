"""Exact path patching: the difference of logits after single edges, or whole components, carry the corrupted change.

A patch is a set of additions to what is read at some places, or to the stream itself; all else is as in the clean jet,
and what follows is computed again. Patching an edge adds what its sender sends differently to what its receiver reads
there; patching a component adds it to the stream, for all that comes later (arXiv:2304.05969).
Shapes: B jets, T tokens, H heads, D channels, M keys, K copies, P patches, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from part.analysis.circuits.edges.changes import Changes
from part.analysis.circuits.edges.split_pass import At, SplitPass
from part.analysis.circuits.edges.wiring import Wiring
from part.inference.forward import CachedForward, tile_batch
from part.inference.subsets import tokens_at_once

SMALLEST = 1e-38  # the least probability whose logarithm is taken


@dataclass(frozen=True, eq=False)
class Addition:
    """A change of what is read at a place of `split_pass`.

    Attributes
    ----------
    place : str
    reader : int or None
        The head that reads it, None for all that read there, or for the stream.
    change : Tensor (B, T, D), or (B, H, T, M) of a bias
    """

    place: str
    reader: int | None
    change: Tensor


Patch = Sequence[Addition]


def edge_patch(wiring: Wiring, clean: CachedForward, changes: Changes, edge: int) -> Patch:
    """Return the patch of an edge, by its number in `wiring.edges`."""
    sender, receiver, _, number = wiring.edges[edge].tolist()
    port = wiring.ports[number]
    change = changes.sent(wiring, clean.model, sender, port)
    return [Addition(port.place, port.receivers.index(receiver), change)]


def node_patch(wiring: Wiring, changes: Changes, node: int) -> Patch:
    """Return the patch of a component: of the stream, or for a pair feature of the bias in all blocks that have it."""
    kind, layer = wiring.nodes[node].kind, wiring.nodes[node].layer
    if kind == "feature":
        places = [port.place for port in wiring.ports if port.channel == "bias"]
        return [Addition(place, None, changes.features[node]) for place in places]
    if node in wiring.tokens:
        change = changes.tokens[:, wiring.tokens.index(node)]
        return [Addition(f"class_blocks.{layer}.{'out' if kind.endswith('ffn') else 'mid'}", None, change)]
    change = changes.particles[:, wiring.particles.index(node)]
    if kind == "embedding":
        return [Addition("embedding", None, change)]
    return [Addition(f"blocks.{layer}.{'out' if kind == 'ffn' else 'mid'}", None, change)]


def patched(clean: CachedForward, patches: Sequence[Patch], weights: Tensor) -> Tensor:
    """Return the change of the difference of logits by each patch (B, P), in float64.

    Parameters
    ----------
    clean : CachedForward
        B jets.
    patches : sequence of Patch
        P patches, each on its own.
    weights : Tensor (C,)
        Weights of the logits, which sum to zero.
    """
    values = clean.states[0].new_zeros(len(clean.mask), len(patches), dtype=torch.float64)
    spans = [_span(patch, clean.layers) for patch in patches]
    most = max(1, tokens_at_once(clean.mask.device) // clean.mask.numel())
    entering: dict[int, list[Tensor]] = {}
    places: dict[int, list[int]] = {}
    with torch.inference_mode():
        for (first, last), members in _grouped(spans):
            for chunk in (members[i : i + most] for i in range(0, len(members), most)):
                chosen = [patches[p] for p in chunk]
                if last < clean.layers:
                    states = _run(clean, chosen, first, last)
                    entering.setdefault(last + 1, []).append(states.unflatten(0, (len(chunk), -1)))
                    places.setdefault(last + 1, []).extend(chunk)
                else:
                    values[:, chunk] = _outputs(clean, chosen, first, weights) - _outputs(clean, [[]], first, weights)
        if entering:
            # The clean jets take the same way, so that rounding is the same.
            entering[min(entering)].append(clean.states[min(entering)][None])
            places[min(entering)].append(-1)
            outputs = clean.finish({depth: torch.cat(states) for depth, states in entering.items()})
            found = contrast(outputs, weights).T
            order = [p for depth in sorted(places) for p in places[depth]]
            unchanged = order.index(-1)
            kept = [i for i in range(len(order)) if i != unchanged]
            values[:, [order[i] for i in kept]] = found[:, kept] - found[:, [unchanged]]
    return values


def _outputs(clean: CachedForward, patches: Sequence[Patch], first: int, weights: Tensor) -> Tensor:
    """Return the difference of logits (B, K) with patches that reach the class blocks or the logits."""
    states = _run(clean, patches, first, clean.layers - 1)
    outputs = SplitPass(clean, len(patches)).finish(states, adding(patches))
    logits = clean.tagger.of_classes(outputs).double()
    return (logits * weights).sum(-1).unflatten(0, (len(patches), -1)).T


def _run(clean: CachedForward, patches: Sequence[Patch], first: int, last: int) -> Tensor:
    """Return the stream (K B, T, D) after block `last` of a copy for each patch, which starts before block `first`."""
    at, split = adding(patches), SplitPass(clean, len(patches))
    x = at("embedding", tile_batch(clean.states[first], len(patches)), 0)
    for i in range(first, last + 1):
        x = split.run_block(i, x, at)
    return x


def adding(patches: Sequence[Patch]) -> At:
    """Return the function that adds the patch of each copy."""

    def at(place: str, tensor: Tensor, readers: int) -> Tensor:
        here = [(k, addition) for k, patch in enumerate(patches) for addition in patch if addition.place == place]
        of_bias = place.endswith(".bias")
        splits = readers > 0 and not of_bias
        if not here:
            return tensor[:, None] if splits else tensor
        own = tensor[:, None].repeat(1, readers, 1, 1) if splits else tensor.clone()
        copies = own.unflatten(0, (len(patches), -1))
        for k, addition in here:
            if addition.reader is None:
                copies[k] += addition.change[:, None] if splits else addition.change
            else:
                copies[k][:, addition.reader] += addition.change[:, addition.reader] if of_bias else addition.change
        return own

    return at


def _span(patch: Patch, layers: int) -> tuple[int, int]:
    """Return the first and the last block that a patch adds to; class blocks and logits count as block `layers`."""
    blocks = [_block(addition.place, layers) for addition in patch]
    return min(blocks), max(blocks)


def _block(place: str, layers: int) -> int:
    if place == "embedding":
        return 0
    return int(place.split(".")[1]) if place.startswith("blocks.") else layers


def _grouped(spans: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], list[int]]]:
    """Return the patches of each span, by their numbers."""
    groups: dict[tuple[int, int], list[int]] = {}
    for number, span in enumerate(spans):
        groups.setdefault(span, []).append(number)
    return sorted(groups.items())


def contrast(probabilities: Tensor, weights: Tensor) -> Tensor:
    """Return the difference of logits (...) of probabilities (..., C); weights (C,) sum to zero."""
    return (probabilities.double().clamp(min=SMALLEST).log() * weights).sum(-1)
