"""P-CNN: the one-dimensional residual network of CMS's DeepAK8 (arXiv:2004.08262), sizes as in arXiv:2202.03772.

It takes particles in the order of the file and knows no mask: what stands in the padded slots is part of the input.
There the jet repeats itself, from its first particle on, up to a fixed length.
Shapes: B jets, N particles, S slots, F features, D channels, C classes.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.attention import Tap
from part.models.config import PCNNConfig


class Residual(nn.Module):
    """Two convolutions over three slots each, with a shortcut; the first one moves on by `stride` slots."""

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.layers = nn.Sequential(_convolution(inputs, width, stride), _convolution(width, width, 1))
        same = inputs == width and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv1d(inputs, width, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, S) -> (B, width, S / stride)"""
        return self.shortcut(x) + self.layers(x)


class PCNN(nn.Module):
    """A convolution, stages of residual units of which each but the first halves the slots, mean, one hidden layer."""

    def __init__(self, config: PCNNConfig):
        super().__init__()
        self.config = config
        self.norm = nn.BatchNorm1d(config.inputs)
        self.stem = _convolution(config.inputs, config.stem, 1)
        sizes = (config.stem, *config.stages)
        self.stages = nn.ModuleList(
            nn.Sequential(Residual(a, b, 2 if i else 1), *(Residual(b, b, 1) for _ in range(config.units - 1)))
            for i, (a, b) in enumerate(itertools.pairwise(sizes))
        )
        self.hidden = nn.Linear(config.stages[-1], config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden, config.classes)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """x (B, N, F) features, v unused, mask (B, N) True = real -> logits (B, C).

        The tap hears `stem` (B, D, S), `stage.i` (B, D, S) after each stage and `pooled` (B, D).
        """
        tap = tap or (lambda name, tensor: tensor)
        x = tap("stem", self.stem(self.norm(wrap(x, mask, self.config.length).transpose(1, 2))))
        for i, stage in enumerate(self.stages):
            x = tap(f"stage.{i}", stage(x))
        pooled = tap("pooled", x.mean(-1))
        return self.head(self.dropout(F.relu(self.hidden(pooled))))


def wrap(x: Tensor, mask: Tensor, length: int) -> Tensor:
    """x (B, N, F), mask (B, N) -> (B, length, F): the real particles in their order, over and over."""
    counts = mask.sum(1, keepdim=True)
    if int(counts.max()) > length:
        raise PartError(f"This P-CNN takes jets of up to {length} constituents, not {int(counts.max())}.")
    real_first = mask.byte().argsort(dim=1, descending=True, stable=True)
    slots = real_first.gather(1, torch.arange(length, device=x.device) % counts)
    return x.gather(1, slots[..., None].expand(-1, -1, x.shape[-1]))


def _convolution(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 3, stride, padding=1), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True)
    )
