"""PairAttn: attention by the pairs alone.

Shapes: B jets, N particles, H heads, D channels.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from part.models.attention import Attention, Tap, mask_keys
from part.models.config import ParTConfig
from part.models.transformer import ParticleTransformer


class PairAttention(Attention):
    """The pattern is the softmax of the interaction bias; there are no queries and no keys."""

    def __init__(self, config: ParTConfig, dropout: float):
        super().__init__(config, dropout)
        self.qkv = nn.Linear(config.width, config.width, config.biases)  # values alone

    def forward(self, x: Tensor, context: None, bias: Tensor, mask: Tensor, tap: Tap | None) -> Tensor:
        """x (B, N, D), bias (B, H, N, N), mask (B, N) -> (B, N, D)."""
        tap = tap or (lambda name, tensor: tensor)
        pattern = tap("pattern", mask_keys(tap("bias", bias), mask).softmax(-1))
        pattern = F.dropout(pattern, self.dropout, self.training)
        mixed = pattern @ tap("values", self._split(self.qkv(x)))
        return self.write(mixed, x, tap)


class PairAttn(ParticleTransformer):
    """ParT with PairAttention in its particle blocks: each jet's pairs alone say who looks at whom."""

    attention = PairAttention
