"""ParT without the interaction bias, which the published table calls plain (arXiv:2202.03772)."""

from dataclasses import dataclass
from typing import ClassVar

from part.models.config import ModelConfig, ParTConfig
from part.models.transformer import ParticleTransformer


@dataclass(frozen=True)
class ParTNoBiasConfig(ParTConfig):
    """The architecture of ParT without its interaction bias; `pair_embed` has no effect."""

    has_bias: ClassVar[bool] = False

    model: str = "ParTNoBias"


class ParTNoBias(ParticleTransformer):
    """ParT whose logits are q·k alone; the four-momenta reach it through the features only."""

    config_class: ClassVar[type[ModelConfig]] = ParTNoBiasConfig

    def make_pair_embed(self) -> None:
        return None
