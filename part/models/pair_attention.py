"""PairAttn: attention by the pairs alone.

Shapes: B jets, N particles, H heads, D channels.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.attention import Attention, Tap, emit, mask_keys
from part.models.config import ModelConfig, ParTConfig
from part.models.transformer import ParticleTransformer


@dataclass(frozen=True)
class PairAttnConfig(ParTConfig):
    """The architecture of ParT whose attention logits are the interaction bias alone."""

    has_qk: ClassVar[bool] = False

    model: str = "PairAttn"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pair_embed is None or self.biased_blocks is not None:
            raise PartError("PairAttn has no attention without a bias, so all its blocks have one.")


class PairAttention(Attention):
    """Attention whose pattern is the softmax of the interaction bias; there are no queries and no keys."""

    def __init__(self, config: ParTConfig, dropout: float):
        super().__init__(config, dropout)
        self.qkv = nn.Linear(config.width, config.width, config.biases)  # makes values only

    def forward(self, x: Tensor, context: Tensor | None, bias: Tensor | None, mask: Tensor, tap: Tap | None) -> Tensor:
        """Attend by the bias: x (B, N, D), bias (B, H, N, N), mask (B, N) -> (B, N, D); there is no context."""
        assert bias is not None
        pattern = emit(tap, "pattern", mask_keys(emit(tap, "bias", bias), mask).softmax(-1))
        pattern = F.dropout(pattern, self.dropout, self.training)
        head_output = pattern @ emit(tap, "values", self._split_heads(self.qkv(x)))
        return self.project_output(head_output, x, tap)


class PairAttn(ParticleTransformer):
    """ParT with PairAttention in its particle blocks: only the pairs decide which particle attends to which."""

    config_class: ClassVar[type[ModelConfig]] = PairAttnConfig
    attention: ClassVar[type[Attention]] = PairAttention
