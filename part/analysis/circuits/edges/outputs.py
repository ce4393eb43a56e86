"""What each component of a model adds to the residual streams in the pass of some jets.

Shapes: B jets, T tokens, H heads, d channels of a head, D channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from part.analysis.circuits.edges.split_pass import added_by_heads, scaled
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.models.transformer import Block

NAMES = (HEAD_OUTPUT, "gate")  # what a `CachedForward` has to record


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the components add to the residual streams.

    Attributes
    ----------
    embedding : Tensor (B, T, D)
    heads : tuple of Tensor (B, H, T, d)
        Of each block, gated, before the output projection.
    ffn : tuple of Tensor (B, T, D)
    class_heads, class_ffn : tuple of Tensor (B, H, 1, d), (B, 1, D)
    """

    embedding: Tensor
    heads: tuple[Tensor, ...]
    ffn: tuple[Tensor, ...]
    class_heads: tuple[Tensor, ...] = ()
    class_ffn: tuple[Tensor, ...] = ()

    @property
    def of_particles(self) -> tuple[Tensor, ...]:
        """Those of every particle, with tokens first (B, T, ...)."""
        return (self.embedding, *(heads.transpose(1, 2) for heads in self.heads), *self.ffn)

    @property
    def of_class_token(self) -> tuple[Tensor, ...]:
        """Those of the class token (B, 1, ...)."""
        return (*(heads.transpose(1, 2) for heads in self.class_heads), *self.class_ffn)

    @classmethod
    def from_lists(cls, particles: Sequence[Tensor], token: Sequence[Tensor]) -> "Outputs":
        """Return the inverse of `of_particles` and `of_class_token`."""
        layers, class_layers = len(particles) // 2, len(token) // 2
        return cls(
            particles[0],
            tuple(heads.transpose(1, 2) for heads in particles[1 : 1 + layers]),
            tuple(particles[1 + layers :]),
            tuple(heads.transpose(1, 2) for heads in token[:class_layers]),
            tuple(token[class_layers:]),
        )


def outputs_of(forward: CachedForward) -> Outputs:
    """Return what the components add in the pass of some jets, with NAMES recorded."""
    model = forward.model
    heads, ffn, class_heads, class_ffn = [], [], [], []
    with torch.no_grad():
        for i, module in enumerate(model.blocks):
            block = cast(Block, module)
            heads.append(_gated(forward, f"blocks.{i}"))
            middle = forward.states[i] + added_by_heads(block, block.attn.out(heads[-1].transpose(1, 2).flatten(2)))
            ffn.append(forward.states[i + 1] - scaled(block.w_resid, middle))
        token = model.class_token
        for i, module in enumerate(model.class_blocks):
            block = cast(Block, module)
            assert token is not None
            class_heads.append(_gated(forward, f"class_blocks.{i}"))
            middle = token + added_by_heads(block, block.attn.out(class_heads[-1].transpose(1, 2).flatten(2)))
            class_ffn.append(scaled(block.ffn_scale, block.ffn(block.pre_ffn_norm(middle))))
            token = scaled(block.w_resid, middle) + class_ffn[-1]
    return Outputs(forward.states[0], tuple(heads), tuple(ffn), tuple(class_heads), tuple(class_ffn))


def _gated(forward: CachedForward, name: str) -> Tensor:
    heads, gate = forward.cache[f"{name}.{HEAD_OUTPUT}"], forward.cache.get(f"{name}.gate")
    return heads if gate is None else heads * gate
