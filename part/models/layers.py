"""What is done to each particle alone: the input embedding and the feed-forward part.

Shapes: B jets, N particles, F features, D channels.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NormedLinear(nn.Module):
    """A linear layer followed by a BatchNorm over all rows.

    With fixed statistics the two are one affine map, so outside of batch-statistics mode they are applied
    as one: a single pass over the rows, with gradients to both layers' parameters.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        if self.norm.training:
            return self.norm(self.linear(x))
        scale = self.norm.weight * torch.rsqrt(self.norm.running_var + self.norm.eps)
        bias = (self.linear.bias - self.norm.running_mean) * scale + self.norm.bias
        return F.linear(x, self.linear.weight * scale[:, None], bias)


class Embed(nn.Module):
    """Features to channels: BatchNorm of the inputs, then LayerNorm, Linear, GELU for each width."""

    def __init__(self, inputs: int, widths: tuple[int, ...]):
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        sizes = (inputs, *widths)
        self.layers = nn.Sequential(
            *(nn.Sequential(nn.LayerNorm(a), nn.Linear(a, b), nn.GELU()) for a, b in itertools.pairwise(sizes))
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, N, F), mask (B, N) -> (B, N, D), zero on padding. Statistics see real particles only."""
        embedded = self.layers(self.norm(x[mask]))
        out = embedded.new_zeros(*mask.shape, embedded.shape[-1])
        out[mask] = embedded
        return out


class FeedForward(nn.Module):
    """Linear, GELU, LayerNorm, Linear (NormFormer, arXiv:2110.09456)."""

    def __init__(self, width: int, hidden: int, dropout: float):
        super().__init__()
        self.up = nn.Linear(width, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.down = nn.Linear(hidden, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.dropout(F.gelu(self.up(x)))
        return self.dropout(self.down(self.norm(hidden)))
