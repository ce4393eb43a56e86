"""How strong each edge is, by gradients: how much the difference between the classes changes if it alone is replaced.

Shapes: B jets, P samples, E edges, S senders, T tokens, H heads, d channels of a head, D channels, M keys.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from part.analysis.circuits.edges.changes import Changes
from part.analysis.circuits.edges.outputs import Outputs
from part.analysis.circuits.edges.scores import score_edges
from part.analysis.circuits.edges.split_pass import added_by_heads
from part.analysis.circuits.edges.wiring import Wiring
from part.inference.forward import CachedForward
from part.models.transformer import Block, ParticleTransformer


def strengths_of_edges(
    wiring: Wiring, forward: CachedForward, own: Outputs, replaced: Outputs, weights: Tensor, steps: int
) -> np.ndarray:
    """Return the scores (B, E) of all edges by integrated gradients, see `part.analysis.circuits.edges.scores`.

    Parameters
    ----------
    wiring : Wiring
    forward : CachedForward
        The pass of the jets.
    own, replaced : Outputs
        What the components add, and what replaces it.
    weights : Tensor (C,)
        Weights of the logits.
    steps : int
    """
    changes = _changes(forward, own, replaced)
    return score_edges(wiring, forward, changes, weights, "integrated", steps).cpu().numpy().astype(np.float64)


def _changes(forward: CachedForward, own: Outputs, replaced: Outputs) -> Changes:
    """Return what is added differently; the interaction bias and so the pair features stay."""
    model: ParticleTransformer = forward.model
    with torch.no_grad():
        particles = [(replaced.embedding - own.embedding)[:, None]]
        particles += _of_blocks(cast(Sequence[Block], model.blocks), own.heads, replaced.heads, own.ffn, replaced.ffn)
        tokens = [particles[0].new_zeros(len(forward.mask), 0, 1, particles[0].shape[-1])]
        mine, theirs = (own.class_heads, own.class_ffn), (replaced.class_heads, replaced.class_ffn)
        tokens += _of_blocks(cast(Sequence[Block], model.class_blocks), mine[0], theirs[0], mine[1], theirs[1])
        features = particles[0].new_zeros(0)
        if isinstance(forward.bias, Tensor):
            features = particles[0].new_zeros(1).expand(len(model.config.pair_feature_names), *forward.bias.shape)
    return Changes(torch.cat(particles, 1), torch.cat(tokens, 1), features, None)


def _of_blocks(
    blocks: Sequence[Block],
    heads: Sequence[Tensor],
    other_heads: Sequence[Tensor],
    ffn: Sequence[Tensor],
    other_ffn: Sequence[Tensor],
) -> list[Tensor]:
    """Return the changes by each head (B, H, T, D), and by each feed-forward part (B, 1, T, D), block after block."""
    changes = []
    for i, block in enumerate(blocks):
        attended = block.attn.out(heads[i].transpose(1, 2).flatten(2))[:, None]
        columns = block.attn.out.weight.unflatten(1, (block.heads, -1)).permute(1, 2, 0)  # (H, d, D)
        patched = attended + (other_heads[i] - heads[i]) @ columns
        changes += [added_by_heads(block, patched) - added_by_heads(block, attended)]
        changes += [(other_ffn[i] - ffn[i])[:, None]]
    return changes
