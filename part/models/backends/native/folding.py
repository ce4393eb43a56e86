"""Norms folded into the linear maps beside them, differentiably: the form in which compiled code takes a model.

Every affine map is a weight (outputs, inputs) and a bias (outputs).
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from part.models.layers import NormedLinear

AffineMap = tuple[Tensor, Tensor]


def affine_map(linear: nn.Linear) -> AffineMap:
    """Return the weight and the bias, zeros if there is none, of a linear layer."""
    weight, bias = linear.weight, linear.bias
    return weight, torch.zeros(len(weight), dtype=weight.dtype, device=weight.device) if bias is None else bias


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
