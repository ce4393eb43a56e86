"""Scores of all edges at once by gradients: attribution patching (arXiv:2310.10348; edges: arXiv:2403.17806).

The score of an edge is the change that the sender sends in the corrupted jet, times the gradient of the difference of
logits with respect to what the receiver reads, through all that follows. To first order it is the effect of patching
this edge alone. With integrated gradients, gradients are the mean over jets on the way from the clean to the corrupted
one, with embedding and interaction bias in between.
Shapes: B jets, T tokens, E edges, H heads, R receivers, S senders, D channels, F pair features.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from part.analysis.circuits.edges.changes import Changes
from part.analysis.circuits.edges.split_pass import SplitPass, scaled
from part.analysis.circuits.edges.wiring import Wiring
from part.inference.forward import CachedForward
from part.models.transformer import Block

METHODS = ("integrated", "gradient")


def score_edges(
    wiring: Wiring, clean: CachedForward, changes: Changes, weights: Tensor, method: str, steps: int
) -> Tensor:
    """Return the scores of all edges (B, E), in the order of `wiring.edges`.

    Parameters
    ----------
    wiring : Wiring
    clean : CachedForward
        The clean jets.
    changes : Changes
        What the senders send differently.
    weights : Tensor (C,)
        Weights of the logits.
    method : str
        One of METHODS.
    steps : int
        The number of gradients that "integrated" takes the mean of, at the middles of as many equal steps.
    """
    fractions = [0.0] if method == "gradient" else [(i + 0.5) / steps for i in range(steps)]
    gradients: dict[str, Tensor] = {}
    for fraction in fractions:
        for place, gradient in _gradients(clean, changes, weights, fraction).items():
            share = gradient / len(fractions)
            gradients[place] = gradients[place] + share if place in gradients else share
    return torch.cat([scores.flatten(1) for scores in _products(wiring, clean, changes, gradients)], 1)


def _gradients(clean: CachedForward, changes: Changes, weights: Tensor, fraction: float) -> dict[str, Tensor]:
    """Return the gradient at each place (B, R, T, D), or (B, H, T, M) at a bias, on the way to the corrupted jet."""
    copies: dict[str, Tensor] = {}

    def read(place: str, tensor: Tensor, readers: int) -> Tensor:
        if not readers:
            return tensor
        own = tensor.clone() if place.endswith(".bias") else tensor[:, None].repeat(1, readers, 1, 1)
        copies[place] = own if own.requires_grad else own.requires_grad_()
        return copies[place]

    with torch.enable_grad():
        bias = None if changes.bias is None else fraction * changes.bias
        split = SplitPass(clean, bias_change=bias)
        x = (clean.states[0] + fraction * changes.particles[:, 0]).requires_grad_()
        for i in range(clean.layers):
            x = split.run_block(i, x, read)
        logits = clean.tagger.of_classes(split.finish(x, read))
        gradients = torch.autograd.grad((logits * weights).sum(), list(copies.values()), allow_unused=True)
    found = zip(copies.items(), gradients, strict=True)
    return {place: torch.zeros_like(copy) if g is None else g for (place, copy), g in found}


class _Stream:
    """The changes of the senders of one stream as they stand at some depth, in one piece of memory."""

    def __init__(self, changes: Tensor, nodes: tuple[int, ...]):
        self._changes, self._nodes, self._n = changes.clone(), nodes, 0

    def up_to(self, senders: tuple[int, ...]) -> Tensor:
        """Return the changes (B, S, T, D) of those of some senders that are in the stream, its first ones."""
        self._n = max(self._n, len([s for s in senders if s in self._nodes]))
        return self._changes[:, : self._n]

    def pass_block(self, block: Block) -> None:
        """Scale what is in the stream as the residual connection of a block does."""
        if block.w_resid is not None:
            self._changes[:, : self._n] = scaled(block.w_resid, self._changes[:, : self._n])


def _products(wiring: Wiring, clean: CachedForward, changes: Changes, gradients: dict[str, Tensor]) -> list[Tensor]:
    """Return the scores (B, S, R) of each port."""
    model, scores = clean.model, []
    particles, tokens = _Stream(changes.particles, wiring.particles), _Stream(changes.tokens, wiring.tokens)
    with torch.no_grad():
        for port in wiring.ports:
            gradient = gradients[port.place]
            if port.channel == "bias":
                scores.append(torch.einsum("fbhij,bhij->bfh", changes.features, gradient))
                continue
            of_class = port.place.startswith("class_blocks") or (port.place == "logits" and bool(wiring.tokens))
            parts = []
            if not of_class:
                parts.append(_contract(particles.up_to(port.senders), gradient))
            elif port.channel in ("k", "v"):
                parts.append(_contract(particles.up_to(port.senders), gradient[:, :, 1:]))
            if of_class:
                parts.append(_contract(tokens.up_to(port.senders), gradient[:, :, :1]))
            scores.append(torch.cat(parts, 1))
            if port.place.endswith(".ffn"):
                blocks = cast(Sequence[Block], model.class_blocks if of_class else model.blocks)
                (tokens if of_class else particles).pass_block(blocks[port.block])
    return scores


def _contract(changes: Tensor, gradient: Tensor) -> Tensor:
    """Return the products (B, S, R) of changes (B, S, T, D) and gradients (B, R, T, D)."""
    return changes.flatten(2) @ gradient.flatten(2).transpose(1, 2)
