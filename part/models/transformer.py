"""Particle Transformer (arXiv:2202.03772).

Shapes: B jets, N particles, F features, H heads, D channels, C classes.
"""

import torch
from torch import Tensor, nn

from part.models.attention import Attention, Tap, mask_keys, scoped
from part.models.config import ParTConfig
from part.models.layers import Embed, FeedForward
from part.models.pair import PairEmbed


class Block(nn.Module):
    """Attention and feed-forward, each with a residual, normalised as in NormFormer (arXiv:2110.09456).

    With a class token it is class attention (arXiv:2103.17239): the token alone asks, itself and all
    particles answer.
    """

    def __init__(self, config: ParTConfig, dropout: float, attention: type[Attention] = Attention):
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.transposed_channels = config.transposed_channels
        self.pre_attn_norm = nn.LayerNorm(width)
        self.attn = attention(width, config.heads, dropout)
        self.c_attn = nn.Parameter(torch.ones(config.heads))  # scales channel groups after the output projection
        self.post_attn_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.pre_ffn_norm = nn.LayerNorm(width)
        self.ffn = FeedForward(width, config.ffn_ratio * width, dropout)
        self.w_resid = nn.Parameter(torch.ones(width))

    def forward(
        self,
        x: Tensor,
        mask: Tensor,
        bias: Tensor | None = None,
        token: Tensor | None = None,
        tap: Tap | None = None,
    ) -> Tensor:
        """x (B, N, D), mask (B, N), bias (B, H, N, N) -> (B, N, D); with a token (B, 1, D) -> (B, 1, D)."""
        if token is None:
            residual = x
            attended = self.attn(self.pre_attn_norm(x), None, bias, mask, tap)
        else:
            residual = token
            context = self.pre_attn_norm(torch.cat((token, x), 1))
            with_token = torch.cat((mask.new_ones(len(mask), 1), mask), 1)
            # The reference asks with the token as it is, not normalised.
            attended = self.attn(token, context, None, with_token, tap)
        x = residual + self.dropout(self.post_attn_norm(self._scale_groups(attended)))
        return self.w_resid * x + self.ffn(self.pre_ffn_norm(x))

    def _scale_groups(self, x: Tensor) -> Tensor:
        groups = x.unflatten(-1, (self.heads, -1)) * self.c_attn[:, None]
        if self.transposed_channels:
            groups = groups.transpose(-2, -1)
        return groups.flatten(-2)


class ParticleTransformer(nn.Module):
    """ParT: embedding, blocks whose logits share one interaction bias, class attention, linear head.

    A variant swaps the attention of the particle blocks or the bias.
    """

    attention = Attention

    def __init__(self, config: ParTConfig):
        super().__init__()
        self.config = config
        self.embed = Embed(config.inputs, config.embed)
        self.pair_embed = self.make_pair_embed()
        self.blocks = nn.ModuleList(Block(config, config.dropout, self.attention) for _ in range(config.layers))
        self.class_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.class_blocks = nn.ModuleList(Block(config, 0.0) for _ in range(config.class_layers))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.classes)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.trunc_normal_(self.class_token, std=0.02)
        for depth, block in enumerate(self.blocks, 1):  # keeps the residual stream's variance bounded in depth
            for linear in (block.attn.out, block.ffn.down):
                linear.weight.data /= (2.0 * depth) ** 0.5

    def make_pair_embed(self) -> nn.Module | None:
        return PairEmbed(self.config.pair_embed, self.config.heads)

    def bias(self, v: Tensor, mask: Tensor) -> Tensor | None:
        """The interaction bias that all blocks share: (B, H, N, N), minus infinity on padded keys."""
        return mask_keys(self.pair_embed(v, mask), mask)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """x (B, N, F) features, v (B, N, 4) four-momenta in GeV, mask (B, N) True = real -> logits (B, C).

        The tap hears `residual` before each block and after the last, and for block i, class block i
        `blocks.i.*`, `class_blocks.i.*` with scores_qk, bias, pattern and values.
        """
        x = self.embed(x, mask)
        bias = self.bias(v, mask)
        for i, block in enumerate(self.blocks):
            x = x if tap is None else tap(f"blocks.{i}.residual", x)
            x = block(x, mask, bias, tap=scoped(tap, f"blocks.{i}"))
        x = x if tap is None else tap("residual", x)
        token = self.class_token.expand(len(x), -1, -1)
        for i, block in enumerate(self.class_blocks):
            token = block(x, mask, token=token, tap=scoped(tap, f"class_blocks.{i}"))
        return self.head(self.norm(token)).squeeze(1)
