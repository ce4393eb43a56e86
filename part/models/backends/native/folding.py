"""Norms as part of the linear maps beside them: what the compiled code knows of a model, differentiable.

Each map is a weight (outputs, inputs) and a bias (outputs).
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from part.models.layers import NormedLinear
from part.models.transformer import Block

AffineMap = tuple[Tensor, Tensor]


def affine(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Scale and shift that a BatchNorm is at fixed statistics."""
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def after(norm: nn.LayerNorm, linear: nn.Linear) -> AffineMap:
    """A linear map that takes what the LayerNorm before it only centres and scales."""
    return linear.weight * norm.weight, linear.bias + linear.weight @ norm.bias


def pair_maps(norm: nn.BatchNorm1d, layers: Iterable[NormedLinear]) -> list[AffineMap]:
    scale, shift = affine(norm)
    (weight, bias), *others = [layer.folded() for layer in layers]
    return [(weight * scale, bias + weight @ shift), *others]


def out_map(block: Block) -> AffineMap:
    """The output projection of a block's attention, its channels scaled by group."""
    groups = block.c_attn.repeat_interleave(block.attn.out.in_features // block.heads)
    out = block.attn.out.weight * groups[:, None], block.attn.out.bias * groups
    if block.transposed_channels:
        out = tuple(t.unflatten(0, (block.heads, -1)).transpose(0, 1).flatten(0, 1) for t in out)
    return out
