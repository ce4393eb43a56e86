"""A forward pass in which each head's queries, keys and values, and each feed-forward part, read a stream of their own.

What they read, and what is in the stream, goes through a function `at(place, tensor, readers)`. Its places are
"blocks.3.q", ".k", ".v", ".gate", ".bias" and ".ffn", the same of "class_blocks.1", and "logits"; and, with no
readers, the stream itself: "blocks.3.mid" after the heads and "blocks.3.out" after the feed-forward part.
Shapes: B jets, T tokens, H heads, R readers (H, or 1), d channels of a head, D channels, C classes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor

from part.inference.forward import CachedForward, tile_batch
from part.models.attention import Tap, emit, mask_keys, scoped
from part.models.linpart import SharedInputs
from part.models.transformer import Block, ParticleTransformer

# From a place, what is read there (B, T, D) and the number of readers to what each of them reads, (B, R, T, D) or
# (B, 1, T, D); of a bias from and to (B, H, T, M). Without readers, from the stream to the stream (B, T, D).
At = Callable[[str, Tensor, int], Tensor]


class SplitPass:
    """The pass of some jets, or of several copies of them.

    Parameters
    ----------
    forward : CachedForward
        The jets.
    copies : int
        How many times the batch is repeated, one copy after the other.
    bias_change : Tensor (B, H, T, M), optional
        Is added to the interaction bias.
    tap : callable, optional
        Sees the steps of attention, of which a head's "pattern" is one, by names such as "blocks.3.pattern".
    """

    def __init__(
        self, forward: CachedForward, copies: int = 1, bias_change: Tensor | None = None, tap: Tap | None = None
    ):
        self._model: ParticleTransformer = forward.model
        self._tap = tap
        # Tensors of inference mode take no part in gradients, their copies do.
        self._mask = tile_batch(forward.mask.clone(), copies)
        self._bias = tile_batch(_finite(forward.bias, forward.mask.clone(), bias_change), copies)

    def run_block(self, i: int, x: Tensor, at: At) -> Tensor:
        """Return the stream (B, T, D) after particle block i from that before it."""
        model, name = self._model, f"blocks.{i}"
        block = cast(Block, model.blocks[i])
        bias = self._bias_of(block, name, at) if model.config.is_biased(i) else self._unbiased()
        inputs = {c: block.pre_attn_norm(at(f"{name}.{c}", x, block.heads)) for c in _channels(model, block)}
        heads = _heads(model, block, inputs, bias, self._mask, scoped(self._tap, name))
        return _residual(block, x, heads, name, at)

    def finish(self, x: Tensor, at: At) -> Tensor:
        """Return the outputs (B, C) of the model from the stream (B, T, D) after all particle blocks."""
        model = self._model
        if not len(model.class_blocks):
            x = at("logits", x, 1)[:, 0]
            return model.classify(model._first_token(x, self._mask)).squeeze(1)
        assert model.class_token is not None
        token = model.class_token.expand(len(x), -1, -1)
        mask = torch.cat((self._mask.new_ones(len(x), 1), self._mask), 1)
        for i, module in enumerate(model.class_blocks):
            block, name = cast(Block, module), f"class_blocks.{i}"
            context = torch.cat((token, x), 1)
            inputs = {"q": at(f"{name}.q", token, block.heads)}
            inputs |= {c: block.pre_attn_norm(at(f"{name}.{c}", context, block.heads)) for c in ("k", "v")}
            if block.attn.gate is not None:
                inputs["gate"] = at(f"{name}.gate", token, block.heads)
            heads = _heads(model, block, inputs, None, mask, scoped(self._tap, name))
            token = _residual(block, token, heads, name, at)
        return model.classify(at("logits", token, 1)[:, 0]).squeeze(1)

    def _unbiased(self) -> Any:
        return self._bias if isinstance(self._bias, SharedInputs) else None

    def _bias_of(self, block: Block, name: str, at: At) -> Any:
        bias = self._bias
        if isinstance(bias, SharedInputs):
            return bias if bias.bias is None else replace(bias, bias=at(f"{name}.bias", bias.bias, block.heads))
        own = at(f"{name}.bias", bias, block.heads)
        return mask_keys(own if block.c_bias is None else own * block.c_bias, self._mask)


def added_by_heads(block: Block, attended: Tensor) -> Tensor:
    """Return what a block adds to the stream (..., D) for the projected outputs of its heads (..., D)."""
    return scaled(block.attn_scale, block.post_attn_norm(block._scale_groups(attended)))


def scaled(scale: Tensor | None, x: Tensor) -> Tensor:
    """Return x (..., D) times the scale of each channel, if there is one."""
    return x if scale is None else scale * x


def _residual(block: Block, x: Tensor, heads: Tensor, name: str, at: At) -> Tensor:
    attended = block.attn.out(heads.transpose(1, 2).flatten(2))
    x = at(f"{name}.mid", x + added_by_heads(block, attended), 0)
    added = scaled(block.ffn_scale, block.ffn(block.pre_ffn_norm(at(f"{name}.ffn", x, 1)[:, 0])))
    return at(f"{name}.out", scaled(block.w_resid, x) + added, 0)


def _heads(
    model: ParticleTransformer, block: Block, inputs: dict[str, Tensor], bias: Any, mask: Tensor, tap: Tap | None
) -> Tensor:
    """Return the gated outputs of the heads (B, H, N, d) from what each of their channels reads (B, R, N, D)."""
    attn, width = block.attn, model.config.width
    names = [name for name in ("q", "k", "v") if name in inputs]
    parts = {}
    for number, name in enumerate(names):
        rows = slice(number * width, (number + 1) * width)
        shift = None if attn.qkv.bias is None else attn.qkv.bias[rows]
        parts[name] = _per_head(inputs[name], attn.qkv.weight[rows], shift, block.heads)
    if "q" in parts:
        output = attn.attend(attn.q_norm(parts["q"]), attn.k_norm(parts["k"]), parts["v"], bias, mask, tap)
    else:
        output = emit(tap, "pattern", mask_keys(bias, mask).softmax(-1)) @ parts["v"]
    if attn.gate is not None:
        output = output * _per_head(inputs["gate"], attn.gate.weight, attn.gate.bias, block.heads).sigmoid()
    return output


def _per_head(x: Tensor, weight: Tensor, shift: Tensor | None, heads: int) -> Tensor:
    """Return the channels of each head (B, H, N, d) by its own rows of a weight (H d, D), from x (B, R, N, D)."""
    projected = x @ weight.unflatten(0, (heads, -1)).transpose(-2, -1)
    return projected if shift is None else projected + shift.unflatten(0, (heads, 1, -1))


def _channels(model: ParticleTransformer, block: Block) -> tuple[str, ...]:
    channels = ("q", "k", "v") if model.config.has_qk else ("v",)
    return channels if block.attn.gate is None else (*channels, "gate")


def _finite(bias: Any, mask: Tensor, change: Tensor | None) -> Any:
    """Return a copy of the bias with zeros at padded keys, where it is minus infinity, and a change added."""
    if isinstance(bias, SharedInputs):
        own = None if bias.bias is None else bias.bias + (0 if change is None else change)
        return replace(bias, rank=bias.rank.clone(), bias=own)
    if bias is None:
        return None
    return bias.masked_fill(~mask[:, None, None, :], 0) + (0 if change is None else change)
