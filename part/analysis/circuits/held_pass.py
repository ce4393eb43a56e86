"""A forward pass that is linear in what components add to the residual stream.

Attention patterns, gates and the scales of norms are held at their values for the jets; outputs of heads and
feed-forward parts are inputs of the pass, its leaves.
Shapes: B jets, T tokens, H heads, d channels of a head, D channels.
"""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.inference.forward import CachedForward
from part.models.transformer import Block, ParticleTransformer

NAMES = ("head_output", "pattern", "gate")  # what a `CachedForward` has to record
Leaf = Callable[[str, Tensor], Tensor]
WEIGHTED = "class_blocks.{}.weighted"  # values times pattern of a class block (B, H, 1 + T, d)


class HeldPass:
    """The pass of some jets, with the share of each leaf in a weighted sum of the logits.

    Parameters
    ----------
    forward : CachedForward
        The jets, with NAMES recorded.
    weights : Tensor (C,) or (B, C)
        Weights of the logits.
    cut : bool
        Whether the class blocks' values times their pattern are leaves, in place of all that makes the particles.

    Attributes
    ----------
    total, constant : Tensor (B,)
        The weighted sum of the logits, and what of it the biases of the weights give without any leaf.
    leaves : dict of str to Tensor
        By name; the last axis of each are its channels.
    """

    def __init__(self, forward: CachedForward, weights: Tensor, cut: bool = False):
        self._forward, self._weights, self._cut = forward, weights, cut
        self._model: ParticleTransformer = forward.model
        self.mask = forward.mask
        self.leaves: dict[str, Tensor] = {}
        self._scales: list[Tensor] = []
        with torch.enable_grad():
            total = self._run(self._keep, self._hold_scale)
            gradients = torch.autograd.grad(total.sum(), list(self.leaves.values()), allow_unused=True)
        self.total = total.detach()
        self._gradients = dict(zip(self.leaves, gradients, strict=True))
        with torch.no_grad():
            scales = iter(self._scales)
            self.constant = self._run(lambda _, tensor: torch.zeros_like(tensor), lambda _: next(scales))

    def share(self, name: str) -> Tensor:
        """Return the share of each vector of a leaf in the total (B, ...); those of all leaves add up to it."""
        gradient = self._gradients[name]
        leaf = self.leaves[name].detach()
        return leaf.new_zeros(leaf.shape[:-1]) if gradient is None else (leaf * gradient).sum(-1)

    def _keep(self, name: str, tensor: Tensor) -> Tensor:
        self.leaves[name] = tensor.detach().clone().requires_grad_()
        return self.leaves[name]

    def _hold_scale(self, scale: Tensor) -> Tensor:
        self._scales.append(scale.detach())
        return self._scales[-1]

    def _run(self, leaf: Leaf, hold: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the weighted sum of the logits (B,), with leaves and scales as these functions give them."""
        forward, model = self._forward, self._model
        mask = forward.mask
        if self._cut:
            x = forward.states[-1].clone()
        else:
            x = leaf("embedding", forward.states[0])
            for i, block in enumerate(cast(Sequence[Block], model.blocks)):
                heads = leaf(f"blocks.{i}.heads", forward.head_output(i))
                x = self._residual(block, x, heads, f"blocks.{i}", leaf, hold)
        if model.class_blocks:
            assert model.class_token is not None
            token = leaf("class_token", model.class_token.expand(len(x), -1, -1))
        else:
            token = model._first_token(x, mask)
        for i, block in enumerate(cast(Sequence[Block], model.class_blocks)):
            weighted = self._weighted_values(block, token, x, i, hold)
            if self._cut:
                weighted = leaf(WEIGHTED.format(i), weighted)
            token = self._residual(block, token, weighted.sum(2, keepdim=True), f"class_blocks.{i}", leaf, hold)
        logits = model.head(_held_norm(model.norm, token, hold)).squeeze(1)
        return (logits * self._weights).sum(-1)

    def _weighted_values(
        self, block: Block, token: Tensor, x: Tensor, i: int, hold: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Return the values of a class block times its held pattern (B, H, 1 + T, d)."""
        context = _held_norm(block.pre_attn_norm, torch.cat((token, x), 1), hold)
        width, qkv = context.shape[-1], block.attn.qkv
        bias = None if qkv.bias is None else qkv.bias[2 * width :]
        values = F.linear(context, qkv.weight[2 * width :], bias).unflatten(-1, (block.heads, -1)).transpose(1, 2)
        return self._recorded(f"class_blocks.{i}.pattern").transpose(-2, -1) * values

    def _residual(
        self, block: Block, x: Tensor, heads: Tensor, name: str, leaf: Leaf, hold: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Return the residual stream after a block, from that before it and the outputs of its heads (B, H, T, d)."""
        gated = heads * self._recorded(f"{name}.gate") if block.attn.gate is not None else heads
        attended = block.attn.out(gated.transpose(1, 2).flatten(2))
        x = x + _scaled(block.attn_scale, _held_norm(block.post_attn_norm, block._scale_groups(attended), hold))
        with torch.no_grad():
            added = block.ffn(block.pre_ffn_norm(x))
        return _scaled(block.w_resid, x) + _scaled(block.ffn_scale, leaf(f"{name}.ffn", added))

    def _recorded(self, name: str) -> Tensor:
        """Return a tensor of the recorded pass; a copy, since those of inference mode take no part in gradients."""
        return self._forward.cache[name].clone()


def _scaled(scale: Tensor | None, x: Tensor) -> Tensor:
    return x if scale is None else scale * x


def _held_norm(norm: nn.Module, x: Tensor, hold: Callable[[Tensor], Tensor]) -> Tensor:
    """Return what a norm makes of x (B, T, D), its scale held."""
    if isinstance(norm, nn.Identity):
        return x
    assert isinstance(norm, nn.LayerNorm | nn.RMSNorm)
    eps = torch.finfo(x.dtype).eps if norm.eps is None else norm.eps
    centred = x - x.mean(-1, keepdim=True) if isinstance(norm, nn.LayerNorm) else x
    scale = hold(torch.rsqrt(centred.square().mean(-1, keepdim=True) + eps))
    shift = norm.bias if isinstance(norm, nn.LayerNorm) and norm.bias is not None else 0
    return centred * scale * norm.weight + shift
