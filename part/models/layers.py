"""Layers that act on each particle alone: the norms, the input embedding and the feed-forward part.

Shapes: B jets, N particles, F features, D channels.
"""

import importlib.util
import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.config import ParTConfig

HAS_TRITON = importlib.util.find_spec("triton") is not None  # torch for CUDA brings it, except on Windows


def make_norm(kind: str, width: int) -> nn.Module:
    """Return a norm over the channels: "layer", or "rms", which neither centres nor shifts (arXiv:1910.07467)."""
    return nn.RMSNorm(width) if kind == "rms" else LayerNorm(width)


class LayerNorm(nn.LayerNorm):
    """torch's LayerNorm, except that large tensors train on a GPU with our kernel (`kernels/layer_norm.py`)."""

    KERNEL_MIN_NUMEL = 1 << 20  # for smaller tensors the time to launch a kernel dominates

    def forward(self, input: Tensor) -> Tensor:
        if input.is_cuda and input.numel() > self.KERNEL_MIN_NUMEL and torch.is_grad_enabled() and HAS_TRITON:
            from part.models.kernels.layer_norm import layer_norm

            return layer_norm(input, self.weight, self.bias, self.eps)
        return super().forward(input)


class NormedLinear(nn.Module):
    """A linear layer followed by a BatchNorm over all rows.

    With fixed statistics the two are one affine map, so outside of batch-statistics mode they are applied
    as one: a single pass over the rows, with gradients to both layers' parameters.
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.linear(x)) if self.norm.training else F.linear(x, *self.folded())

    def folded(self) -> tuple[Tensor, Tensor]:
        """Return the weight (outputs, inputs) and shift (outputs,) of the affine map at fixed statistics."""
        mean, variance = self.norm.running_mean, self.norm.running_var
        assert mean is not None
        assert variance is not None
        scale = self.norm.weight * torch.rsqrt(variance + self.norm.eps)
        mean = mean if self.linear.bias is None else mean - self.linear.bias
        return self.linear.weight * scale[:, None], self.norm.bias - mean * scale


class Embed(nn.Module):
    """The input embedding: BatchNorm of the features, then LayerNorm, Linear and GELU for each width."""

    def __init__(self, inputs: int, widths: tuple[int, ...]):
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        sizes = (inputs, *widths)
        self.layers = nn.Sequential(
            *(nn.Sequential(LayerNorm(a), nn.Linear(a, b), nn.GELU()) for a, b in itertools.pairwise(sizes))
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Embed x (B, N, F), mask (B, N) -> (B, N, D), zero on padding. The BatchNorm sees real particles only."""
        return scatter(self.layers(self.norm(x[mask])), mask)


class FeedForward(nn.Module):
    """Linear, GELU, Linear, with a norm before the last as in NormFormer (arXiv:2110.09456).

    In SwiGLU (arXiv:2002.05202) a second linear map, through SiLU, gates the first one, which then has no GELU.
    """

    def __init__(self, config: ParTConfig, dropout: float):
        super().__init__()
        width, hidden = config.width, config.ffn_ratio * config.width
        self.up = nn.Linear(width, hidden, config.biases)
        self.gate = nn.Linear(width, hidden, config.biases) if config.ffn == "swiglu" else None
        self.norm = make_norm(config.norm, hidden) if config.normformer else nn.Identity()
        self.down = nn.Linear(hidden, width, config.biases)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.gelu(self.up(x)) if self.gate is None else F.silu(self.gate(x)) * self.up(x)
        return self.dropout(self.down(self.norm(self.dropout(hidden))))


def scatter(rows: Tensor, mask: Tensor) -> Tensor:
    """Put the rows of all real particles (.., D) at their places in mask (B, N) -> (B, N, D), zero on padding."""
    out = rows.new_zeros(*mask.shape, *rows.shape[1:])
    out[mask] = rows
    return out
