"""Attention: queries meet keys, a bias is added, padded keys are masked, and the pattern sums the values.

This is the attention interface. All the rest of a block is the same for every model; a variant overrides
`Attention.attend`, or `Attention.forward`, and nothing else.

Shapes: B jets, N queries, M keys, H heads, D channels, d = D / H channels of a head.
Masks are bool, True = real. A `tap(name, tensor) -> tensor` records, and may replace, each named tensor.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.config import ParTConfig
from part.models.layers import make_norm

Tap = Callable[[str, Tensor], Tensor]
BACKENDS = ("auto", "explicit", "fused", "flash", "native", "packed")


def emit(tap: Tap | None, name: str, tensor: Tensor) -> Tensor:
    """Show a tensor to the tap, if there is one, and return what the computation continues with."""
    return tensor if tap is None else tap(name, tensor)


def scoped(tap: Tap | None, scope: str) -> Tap | None:
    """Return the same tap with `scope.` in front of every name."""
    return tap and (lambda name, tensor: tap(f"{scope}.{name}", tensor))


def mask_keys(logits: Tensor, mask: Tensor) -> Tensor:
    """Set the logits (B, H, N, M), or a bias added to them, to minus infinity at the padded keys of mask (B, M)."""
    return logits.masked_fill(~mask[:, None, None, :], -torch.inf)


def explicit(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None = None) -> Tensor:
    """Attend step by step and show every step to the tap.

    q (B, H, N, d), k and v (B, H, M, d), bias (B, H, N, M) or None, mask (B, M) -> (B, H, N, d).
    """
    logits = emit(tap, "scores_qk", q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5)
    if bias is not None:
        logits = logits + emit(tap, "bias", bias)
    pattern = emit(tap, "pattern", mask_keys(logits, mask).softmax(-1))
    return pattern @ emit(tap, "values", v)


def fused(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor, dropout: float = 0.0) -> Tensor:
    """Attend with torch's fused kernel, which never stores the pattern; a bias comes with its keys already masked."""
    allowed = mask[:, None, None, :] if bias is None else bias.to(q.dtype)
    return F.scaled_dot_product_attention(q, k, v, allowed, dropout)


class Attention(nn.Module):
    """Multi-head attention with an additive bias; `backend` decides how it is computed without a tap."""

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

    def forward(self, x: Tensor, context: Tensor | None, bias: Tensor | None, mask: Tensor, tap: Tap | None) -> Tensor:
        """Attend from x (B, N, D) to `context` (B, M, D), or to x itself if that is None; mask (B, M) -> (B, N, D)."""
        q, k, v = (self._split_heads(t) for t in self._project(x, context))
        head_output = self.attend(self.q_norm(q), self.k_norm(k), v, bias, mask, tap)
        return self.project_output(head_output, x, tap)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None) -> Tensor:
        """Return the output of each head: q (B, H, N, d), k and v (B, H, M, d) -> (B, H, N, d)."""
        if tap is not None or self.backend == "explicit":
            return explicit(q, k, v, bias, mask, tap)
        dropout = self.dropout if self.training else 0.0
        if self.backend == "flash" and q.is_cuda and not dropout:
            from part.models.kernels.attention import flash_attention

            return flash_attention(q, k, v, bias, mask)
        return fused(q, k, v, bias, mask, dropout)

    def project_output(self, head_output: Tensor, x: Tensor, tap: Tap | None) -> Tensor:
        """Gate the heads' outputs (B, H, N, d) by x (B, N, D), if there are gates, and project them to (B, N, D)."""
        head_output = emit(tap, "head_output", head_output)
        if self.gate is not None:
            gate = self._split_heads(self.gate(x).sigmoid())  # (B, H, N, d), or (B, H, N, 1) with one gate per head
            head_output = head_output * emit(tap, "gate", gate)
        return self.out(head_output.transpose(1, 2).flatten(2))

    def _project(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, ...]:
        """Return queries of x, and keys and values of the context."""
        if context is None:
            return self.qkv(x).chunk(3, -1)
        # The whole layer runs although a third of its output goes unused, because int8 weights cannot be sliced.
        width = x.shape[-1]
        return self.qkv(x)[..., :width], *self.qkv(context)[..., width:].chunk(2, -1)

    def _split_heads(self, t: Tensor) -> Tensor:
        """Split (B, N, D) into heads (B, H, N, d)."""
        return t.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def set_backend(model: nn.Module, backend: str) -> None:
    """Choose how all attentions of a model are computed without a tap.

    Parameters
    ----------
    model : nn.Module
        Any module; one without attention stays unchanged.
    backend : str
        One of `BACKENDS` other than "auto". "explicit" runs step by step, "fused" is torch's kernel, and "flash" is
        ours, which needs a GPU and no dropout and is "fused" elsewhere. "native" and "packed" replace the whole forward
        pass (see `part.models.backends`); where the module itself runs all the same, its attention is "fused".
    """
    for module in model.modules():
        if isinstance(module, Attention):
            module.backend = backend
