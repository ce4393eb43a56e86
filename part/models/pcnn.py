"""P-CNN: the one-dimensional residual network of CMS's DeepAK8 (arXiv:2004.08262), sizes as in arXiv:2202.03772.

It takes particles in the order of the file and has no mask: what padded slots hold is part of the input. As in the
published training, the jet fills them by repeating itself from its first particle on, up to a fixed length.

Shapes: B jets, N particles, S slots, F features, D channels, C classes.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.attention import Tap, emit
from part.models.config import ModelConfig
from part.models.model import Model


@dataclass(frozen=True)
class PCNNConfig(ModelConfig):
    """The architecture of P-CNN.

    Parameters
    ----------
    model, inputs, classes
        See `ModelConfig`.
    dropout : float
        The dropout probability after the hidden layer.
    stem : int
        The number of channels of the first convolution.
    stages : tuple of int
        The numbers of channels of each stage of residual units.
    units : int
        The number of residual units in each stage.
    hidden : int
        The width of the layer before the head.
    length : int
        The number of slots that a jet fills, and of constituents of the longest jet that the model takes.

    References
    ----------
    arXiv:2004.08262; sizes and training as in arXiv:2202.03772
    """

    recipe: ClassVar[Mapping[str, Any]] = {"lr": 2e-2, "batch_size": 4096, "grad_clip_norm": 0.0}

    model: str = "P-CNN"
    dropout: float = 0.2
    stem: int = 32
    stages: tuple[int, ...] = (64, 64, 128)
    units: int = 2
    hidden: int = 512
    length: int = 128


class Residual(nn.Module):
    """Two convolutions over three slots each, with a shortcut; the first one moves in steps of `stride` slots."""

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.layers = nn.Sequential(_convolution(inputs, width, stride), _convolution(width, width, 1))
        same = inputs == width and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv1d(inputs, width, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, D, S) to (B, width, S / stride)."""
        return self.shortcut(x) + self.layers(x)


class PCNN(Model):
    """A convolution, stages of residual units, the mean over slots, and one hidden layer.

    Each stage except the first halves the number of slots.
    """

    config_class: ClassVar[type[ModelConfig]] = PCNNConfig

    def __init__(self, config: PCNNConfig):
        super().__init__(config)
        self.length = config.length
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
        """Classify jets: x (B, N, F) features, v unused, mask (B, N) True = real -> logits (B, C).

        The tap receives `stage.i` (B, D, S) after each stage.
        """
        x = self.stem(self.norm(wrap(x, mask, self.length).transpose(1, 2)))
        for i, stage in enumerate(self.stages):
            x = emit(tap, f"stage.{i}", stage(x))
        return self.head(self.dropout(F.relu(self.hidden(x.mean(-1)))))

    def input_norms(self) -> list[nn.BatchNorm1d]:
        return [self.norm]


def wrap(x: Tensor, mask: Tensor, length: int) -> Tensor:
    """Repeat the real particles of each jet, in their order: x (B, N, F), mask (B, N) -> (B, length, F)."""
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
