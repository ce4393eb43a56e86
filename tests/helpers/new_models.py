"""Two models as a user would add them: each needs its own code and one line in `part.models.build.MODELS`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.attention import Attention, Tap, emit
from part.models.config import ModelConfig, ParTConfig
from part.models.model import Model
from part.models.transformer import ParticleTransformer

LINES = {"CosineParT": "helpers.new_models:CosineParT", "MaxPool": "helpers.new_models:MaxPool"}


@dataclass(frozen=True)
class CosineConfig(ParTConfig):
    """A small ParT whose q·k are cosines."""

    recipe: ClassVar[Mapping[str, Any]] = {"lr": 5e-3}

    model: str = "CosineParT"
    embed: tuple[int, ...] = (16, 32)
    pair_embed: tuple[int, ...] = (8,)
    heads: int = 4
    layers: int = 2
    class_layers: int = 1


class CosineAttention(Attention):
    """Attention whose queries and keys have unit length."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None) -> Tensor:
        q = F.normalize(q, dim=-1) * q.shape[-1]
        return super().attend(q, F.normalize(k, dim=-1), v, bias, mask, tap)


class CosineParT(ParticleTransformer):
    """ParT with CosineAttention in its particle blocks."""

    config_class: ClassVar[type[ModelConfig]] = CosineConfig
    attention: ClassVar[type[Attention]] = CosineAttention


@dataclass(frozen=True)
class MaxPoolConfig(ModelConfig):
    """A layer applied to each particle, the maximum over the jet, and a linear head."""

    model: str = "MaxPool"
    hidden: int = 24


class MaxPool(Model):
    """The maximum over all particles of what a layer makes of each."""

    config_class: ClassVar[type[ModelConfig]] = MaxPoolConfig

    def __init__(self, config: MaxPoolConfig):
        super().__init__(config)
        self.hidden = nn.Linear(config.inputs, config.hidden)
        self.head = nn.Linear(config.hidden, config.classes)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        hidden = emit(tap, "hidden", torch.tanh(self.hidden(x)))
        return self.head(hidden.masked_fill(~mask[..., None], -2.0).amax(1))
