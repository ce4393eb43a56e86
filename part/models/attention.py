"""The seam: scores + bias, masked -> softmax -> values. Everything else in a block is the same for all models.

Shapes: B jets, N queries, M keys, H heads, D channels, d = D / H channels of a head.
Masks are bool, True = real. A `tap(name, tensor) -> tensor` sees, and may replace, each named tensor.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.config import ParTConfig
from part.models.layers import make_norm

Tap = Callable[[str, Tensor], Tensor]
BACKENDS = ("explicit", "fused", "flash", "native", "packed")


def scoped(tap: Tap | None, scope: str) -> Tap | None:
    """The same tap, hearing every name with `scope.` in front."""
    return tap and (lambda name, tensor: tap(f"{scope}.{name}", tensor))


def mask_keys(bias: Tensor, mask: Tensor) -> Tensor:
    """bias (B, H, N, M), mask (B, M) -> the bias with minus infinity on padded keys."""
    return bias.masked_fill(~mask[:, None, None, :], -torch.inf)


def explicit(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap) -> Tensor:
    """Attention step by step, every step shown to the tap.

    q (B, H, N, d), k and v (B, H, M, d), bias (B, H, N, M) or None, mask (B, M) -> (B, H, N, d).
    """
    logits = tap("scores_qk", q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5)
    if bias is not None:
        logits = logits + tap("bias", bias)
    pattern = tap("pattern", mask_keys(logits, mask).softmax(-1))
    return pattern @ tap("values", v)


def fused(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor, dropout: float = 0.0) -> Tensor:
    """The same through torch's fused kernel, which keeps no pattern; `bias` comes with its keys masked."""
    allowed = mask[:, None, None, :] if bias is None else bias.to(q.dtype)
    return F.scaled_dot_product_attention(q, k, v, allowed, dropout)


class Attention(nn.Module):
    """Multi-head attention whose logits take an additive bias; `backend` says how it is computed untapped."""

    def __init__(self, config: ParTConfig, dropout: float):
        super().__init__()
        width, self.heads = config.width, config.heads
        self.dropout = dropout
        self.backend = "fused"
        self.qkv = nn.Linear(width, 3 * width, config.biases)
        self.out = nn.Linear(width, width, config.biases)
        self.q_norm = make_norm(config.norm, width // self.heads) if config.qk_norm else nn.Identity()
        self.k_norm = make_norm(config.norm, width // self.heads) if config.qk_norm else nn.Identity()
        gates = {"none": 0, "head": self.heads, "channel": width}[config.gate]
        self.gate = nn.Linear(width, gates, config.biases) if gates else None

    def forward(self, x: Tensor, context: Tensor | None, bias: Tensor | None, mask: Tensor, tap: Tap | None):
        """x (B, N, D) asks, `context` (B, M, D) answers (x itself if None), mask (B, M) -> (B, N, D)."""
        q, k, v = (self._split(t) for t in self._project(x, context))
        mixed = self.attend(self.q_norm(q), self.k_norm(k), v, bias, mask, tap)
        return self.write(mixed, x, tap)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None) -> Tensor:
        """What a variant swaps: q (B, H, N, d), k and v (B, H, M, d) -> (B, H, N, d)."""
        if tap is not None or self.backend == "explicit":
            return explicit(q, k, v, bias, mask, tap or (lambda name, tensor: tensor))
        dropout = self.dropout if self.training else 0.0
        if self.backend == "flash" and q.is_cuda and not dropout:
            from part.models.kernels.attention import flash

            return flash(q, k, v, bias, mask)
        return fused(q, k, v, bias, mask, dropout)

    def write(self, mixed: Tensor, x: Tensor, tap: Tap | None) -> Tensor:
        """What the heads mixed (B, H, N, d), gated by the queries' x (B, N, D) where there are gates -> (B, N, D)."""
        mixed = mixed if tap is None else tap("mixed", mixed)
        if self.gate is not None:
            gate = self._split(self.gate(x).sigmoid())  # (B, H, N, d), or (B, H, N, 1) with one gate a head
            mixed = mixed * (gate if tap is None else tap("gate", gate))
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _project(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, ...]:
        if context is None:
            return self.qkv(x).chunk(3, -1)
        # Whole layers, though parts go unused: an int8 layer's weight cannot be cut.
        width = x.shape[-1]
        return self.qkv(x)[..., :width], *self.qkv(context)[..., width:].chunk(2, -1)

    def _split(self, t: Tensor) -> Tensor:
        """(B, N, D) -> (B, H, N, d)"""
        return t.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def set_backend(model: nn.Module, backend: str) -> None:
    """Choose how all attentions of a model are computed when nobody taps them.

    "flash" is our kernel on a GPU, and "fused", torch's, on a CPU and while weights are dropped out. "native" and
    "packed" are no matter of the attention alone: see `models/native/`, `models/packed.py`; whatever else runs such a
    model has "fused".
    """
    for module in model.modules():
        if isinstance(module, Attention):
            module.backend = backend
