"""Norms folded into the linear maps beside them, differentiably: the form in which compiled code takes a model.

Every affine map is a weight (outputs, inputs) and a bias (outputs).
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from part.models.layers import NormedLinear
from part.models.transformer import Block

AffineMap = tuple[Tensor, Tensor]


def affine_map(linear: nn.Linear) -> AffineMap:
    """Return the weight and the bias, zeros if there is none, of a linear layer."""
    return linear.weight, linear.weight.new_zeros(len(linear.weight)) if linear.bias is None else linear.bias


def batchnorm_affine(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Return the scale and shift that a BatchNorm applies at fixed statistics."""
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def fold_norm(norm: nn.Module, linear: nn.Linear) -> AffineMap:
    """Fold the scale and shift of a LayerNorm or RMSNorm, or of no norm, into the linear layer that follows."""
    weight, bias = affine_map(linear)
    if isinstance(norm, nn.Identity):
        return weight, bias
    assert isinstance(norm.weight, Tensor)
    shift = getattr(norm, "bias", None)
    return weight * norm.weight, bias if shift is None else bias + weight @ shift


def fold_pair_mlp(norm: nn.BatchNorm1d, layers: Iterable[NormedLinear]) -> list[AffineMap]:
    """Fold all BatchNorms of the pair embedding, that of its inputs included, into its linear layers."""
    scale, shift = batchnorm_affine(norm)
    (weight, bias), *others = [layer.folded() for layer in layers]
    return [(weight * scale, bias + weight @ shift), *others]


def fold_head_scales(block: Block) -> AffineMap:
    """Fold the scales of the channel groups, and their reordering, into the output projection of a block."""
    weight, bias = affine_map(block.attn.out)
    if block.c_attn is not None:
        groups = block.c_attn.repeat_interleave(block.attn.out.out_features // block.heads)
        weight, bias = weight * groups[:, None], bias * groups
    if block.transposed_channels:
        weight, bias = (t.unflatten(0, (block.heads, -1)).transpose(0, 1).flatten(0, 1) for t in (weight, bias))
    return weight, bias
