"""Particle Flow Network (arXiv:1810.05165): a function of the sum of a function of each particle.

Sizes as published for JetClass (arXiv:2202.03772), which uses no BatchNorm: the inputs come standardised.
Shapes: B jets, N particles, F features, D channels, C classes.
"""

import itertools

from torch import Tensor, nn

from part.models.attention import Tap
from part.models.config import PFNConfig


class PFN(nn.Module):
    """Phi of each particle, their sum over the jet, F of that sum."""

    def __init__(self, config: PFNConfig):
        super().__init__()
        self.config = config
        self.phi = _layers((config.inputs, *config.phi), 0.0)
        self.f = _layers((config.phi[-1], *config.f), config.dropout)
        self.head = nn.Linear(config.f[-1], config.classes)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """x (B, N, F) features, v unused, mask (B, N) True = real -> logits (B, C).

        The tap hears `phi` (B, N, D), zero on padding, and `pooled` (B, D).
        """
        phi = self.phi(x).masked_fill(~mask[..., None], 0)
        phi = phi if tap is None else tap("phi", phi)
        pooled = phi.sum(1)
        pooled = pooled if tap is None else tap("pooled", pooled)
        return self.head(self.f(pooled))


def _layers(sizes: tuple[int, ...], dropout: float) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Dropout(dropout)) for a, b in itertools.pairwise(sizes))
    )
