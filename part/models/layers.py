"""Layers that act on each particle alone: the norms, the feed-forward part and the hidden layers of the head.

Shapes: B jets, N particles, D channels.
"""

import importlib.util

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


class GatedLinear(nn.Module):
    """A linear layer and its activation.

    In SwiGLU (arXiv:2002.05202) a second linear map, through SiLU, gates the first one, which then has no activation.
    """

    def __init__(self, inputs: int, outputs: int, activation: str, bias: bool):
        super().__init__()
        self.activation = activation
        self.up = nn.Linear(inputs, outputs, bias)
        self.gate = nn.Linear(inputs, outputs, bias) if activation == "swiglu" else None

    def activated(self, x: Tensor) -> Tensor:
        """Return the activated outputs."""
        up = self.up(x)
        return activate(self.activation, up) if self.gate is None else F.silu(self.gate(x)) * up


class FeedForward(GatedLinear):
    """Linear, activation, Linear, with a norm before the last as in NormFormer (arXiv:2110.09456)."""

    def __init__(self, config: ParTConfig, dropout: float):
        width, hidden = config.width, config.ffn_ratio * config.width
        super().__init__(width, hidden, config.ffn, config.biases)
        self.norm = make_norm(config.norm, hidden) if "ffn" in config.normformer_parts else nn.Identity()
        self.down = nn.Linear(hidden, width, config.biases)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.down(self.norm(self.dropout(self.activated(x)))))


class HeadLayer(GatedLinear):
    """A hidden layer of the head: linear and activated; with SwiGLU a second linear layer and a norm follow."""

    def __init__(self, inputs: int, outputs: int, activation: str, config: ParTConfig):
        hidden = 4 * outputs if activation == "swiglu" else outputs
        super().__init__(inputs, hidden, activation, config.biases)
        gated = self.gate is not None
        self.down = nn.Linear(hidden, outputs, config.biases) if gated else nn.Identity()
        self.norm = make_norm(config.norm, outputs) if gated else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.down(self.activated(x)))


def activate(activation: str, x: Tensor) -> Tensor:
    """Apply "gelu" or "relu"."""
    return F.relu(x) if activation == "relu" else F.gelu(x)


def scatter(rows: Tensor, mask: Tensor) -> Tensor:
    """Put the rows of all real particles (.., D) at their places in mask (B, N) -> (B, N, D), zero on padding."""
    out = rows.new_zeros(*mask.shape, *rows.shape[1:])
    out[mask] = rows
    return out
