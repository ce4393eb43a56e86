"""Predictions for some of the particles of jets, without room for those that are left out.

A transformer's embedding and interaction bias are those of each particle and each pair alone, so those of the whole jet
serve all its subsets.

Shapes: B jets, N particles, D channels, H heads, S subsets, C classes.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from part.inference.tagger import Tagger
from part.models.attention import mask_keys
from part.models.transformer import ParticleTransformer

if TYPE_CHECKING:
    from part.models.backends.native.forward import NativeModel

# Tokens that go through a block together. On a CPU their activations then stay in its cache.
TOKENS = {"cpu": 1024, "cuda": 16384}


def compiled_forward(tagger: Tagger) -> "NativeModel | None":
    """Return the compiled forward pass of a model in fp32, for studies; None where torch runs it.

    In bf16 studies compare with what torch traces, from which compiled code differs as much as small effects do.
    """
    forward = None if tagger.engine is None or tagger.precision != "fp32" else tagger.engine.current()
    return cast("NativeModel", forward) if hasattr(forward, "resume") else None


def tokens_at_once(device: torch.device) -> int:
    """Return how many tokens should go through a block together on a device."""
    return TOKENS.get(device.type, TOKENS["cpu"])


def chunks_by_length(lengths: Tensor) -> Iterator[tuple[Tensor, int]]:
    """Yield the indices of some sequences of similar length at a time, and the largest length among them.

    Parameters
    ----------
    lengths : Tensor (S,)
        The numbers of tokens. A chunk, padded to its longest sequence, holds up to `tokens_at_once` tokens.
    """
    budget, order = tokens_at_once(lengths.device), lengths.argsort(descending=True, stable=True)
    longest = lengths[order].tolist()
    start = 0
    while start < len(order):
        stop = start + max(1, budget // max(1, longest[start]))
        yield order[start:stop], longest[start]
        start = stop


def logits_of_subsets(model: ParticleTransformer, x: Tensor, bias: Tensor | None, jet: Tensor, masks: Tensor) -> Tensor:
    """Return the outputs of a model for subsets of the particles of jets.

    Parameters
    ----------
    model : ParticleTransformer
        A model whose bias is a tensor or None, so not one with slots, which depend on the rank of each particle.
    x : Tensor (B, N, D)
        The initial states of the whole jets, see `ParticleTransformer.embed_inputs`.
    bias : Tensor (B, H, N, N) or None
        The bias of the whole jets.
    jet : Tensor (S,)
        The jet of each subset.
    masks : Tensor (S, N), bool
        The particles of each subset, all of them real and at least one. S may be 0.

    Returns
    -------
    Tensor (S, C)
    """
    outputs = [x.new_empty(0, model.config.classes)]
    chunks = list(chunks_by_length(masks.sum(1)))
    for rows, n in chunks:
        mask, index = masks[rows].byte().sort(dim=1, descending=True, stable=True)
        mask, index, owner = mask[:, :n].bool(), index[:, :n], jet[rows]
        own_bias = None
        if bias is not None:
            pairs = bias[owner[:, None, None], :, index[:, :, None], index[:, None, :]]  # (S, n, n, H)
            own_bias = mask_keys(pairs.permute(0, 3, 1, 2).contiguous(), mask)
        outputs.append(model.forward_blocks(x[owner[:, None], index], own_bias, mask))
    order = torch.cat([jet[:0], *(rows for rows, _ in chunks)])
    return torch.cat(outputs)[order.argsort()]


def outputs_of_subsets(
    forward: Callable[[Tensor, Tensor, Tensor], Tensor], x: Tensor, v: Tensor, masks: Tensor
) -> Tensor:
    """Return the outputs (S, C) of any model, or of compiled code, for subsets of one jet's particles.

    Parameters
    ----------
    forward : callable
        From x (B, N, F), v (B, N, 4) and mask (B, N) to outputs (B, C).
    x, v : Tensor (1, N, F), Tensor (1, N, 4)
        Inputs and four-momenta of the jet.
    masks : Tensor (S, N), bool
        The particles of each subset, at least one. S may be 0.
    """
    outputs, rows = [], []
    for own, n in chunks_by_length(masks.sum(1)):
        mask, order = masks[own].byte().sort(dim=1, descending=True, stable=True)
        outputs.append(forward(x[0, order[:, :n]], v[0, order[:, :n]], mask[:, :n].bool()))
        rows.append(own)
    return (
        torch.cat(outputs)[torch.cat(rows).argsort()] if outputs else forward(x, v, masks.new_ones(1, x.shape[1]))[:0]
    )
