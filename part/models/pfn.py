"""Particle Flow Network (arXiv:1810.05165): a function of the sum of a function of each particle.

The sizes are those published for JetClass (arXiv:2202.03772), where the network has no BatchNorm because the inputs are
standardised.

Shapes: B jets, N particles, F features, D channels, C classes.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from part.models.attention import Tap
from part.models.config import ModelConfig
from part.models.model import Model


@dataclass(frozen=True)
class PFNConfig(ModelConfig):
    """The architecture of a Particle Flow Network.

    Parameters
    ----------
    model, inputs, classes
        See `ModelConfig`.
    dropout : float
        The dropout probability in F.
    phi, f : tuple of int
        The widths of Phi, which is applied to each particle, and of F, which is applied to their sum.

    References
    ----------
    arXiv:1810.05165; sizes and training as in arXiv:2202.03772
    """

    recipe: ClassVar[Mapping[str, Any]] = {"lr": 2e-2, "batch_size": 4096, "grad_clip_norm": 0.0}

    model: str = "PFN"
    phi: tuple[int, ...] = (128, 128, 128)
    f: tuple[int, ...] = (128, 128, 128)


class PFN(Model):
    """The function F of the sum over the jet of phi, a function of each particle."""

    config_class: ClassVar[type[ModelConfig]] = PFNConfig

    def __init__(self, config: PFNConfig):
        super().__init__(config)
        self.phi = _layers((config.inputs, *config.phi), 0.0)
        self.f = _layers((config.phi[-1], *config.f), config.dropout)
        self.head = nn.Linear(config.f[-1], config.classes)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """Classify jets: x (B, N, F) features, v unused, mask (B, N) True = real -> logits (B, C); tap unused."""
        total = self.phi(x).masked_fill(~mask[..., None], 0).sum(1)
        return self.head(self.f(total))


def _layers(sizes: tuple[int, ...], dropout: float) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Dropout(dropout)) for a, b in itertools.pairwise(sizes))
    )
