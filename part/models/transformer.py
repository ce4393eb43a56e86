"""Particle Transformer (arXiv:2202.03772).

Shapes: B jets, N particles, F features, H heads, D channels, C classes.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.attention import Attention, Tap, emit, mask_keys, scoped
from part.models.config import ModelConfig, ParTConfig
from part.models.layers import Embed, FeedForward, make_norm
from part.models.model import Model
from part.models.pair import PairEmbed


class Block(nn.Module):
    """Attention and feed-forward part, each with a norm before and a residual connection around it.

    NormFormer's norms and scales (arXiv:2110.09456) come with `config.normformer`. With a class token the block is
    class attention (arXiv:2103.17239): only the token has a query, and it attends to itself and to all particles.
    """

    def __init__(self, config: ParTConfig, dropout: float, attention: type[Attention] = Attention):
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.transposed_channels = config.transposed_channels
        self.pre_attn_norm = make_norm(config.norm, width)
        self.attn = attention(config, dropout)
        self.post_attn_norm = make_norm(config.norm, width) if config.normformer else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.pre_ffn_norm = make_norm(config.norm, width)
        self.ffn = FeedForward(config, dropout)
        # c_attn scales channel groups after the output projection.
        self.c_attn = nn.Parameter(torch.ones(config.heads)) if config.normformer else None
        self.w_resid = nn.Parameter(torch.ones(width)) if config.normformer else None

    def forward(
        self,
        x: Tensor,
        mask: Tensor,
        bias: Tensor | None = None,
        token: Tensor | None = None,
        tap: Tap | None = None,
    ) -> Tensor:
        """Update x (B, N, D), mask (B, N), bias (B, H, N, N) -> (B, N, D); with a token (B, 1, D) -> (B, 1, D)."""
        if token is None:
            return self.residual_and_ffn(x, self.attn(self.pre_attn_norm(x), None, bias, mask, tap))
        context = self.pre_attn_norm(torch.cat((token, x), 1))
        token_mask = F.pad(mask, (1, 0), value=True)
        # The reference makes the query of the token itself, which is not normalised.
        return self.residual_and_ffn(token, self.attn(token, context, None, token_mask, tap))

    def residual_and_ffn(self, x: Tensor, attended: Tensor) -> Tensor:
        """Add the attention's output (..., D) to x (..., D), then the output of the feed-forward part."""
        x = x + self.dropout(self.post_attn_norm(self._scale_groups(attended)))
        residual = x if self.w_resid is None else self.w_resid * x
        return residual + self.ffn(self.pre_ffn_norm(x))

    def _scale_groups(self, x: Tensor) -> Tensor:
        if self.c_attn is None:
            return x
        groups = x.unflatten(-1, (self.heads, -1)) * self.c_attn[:, None]
        if self.transposed_channels:
            groups = groups.transpose(-2, -1)
        return groups.flatten(-2)


class ParticleTransformer(Model):
    """ParT: input embedding, particle blocks whose logits share one interaction bias, class blocks, linear head.

    A variant swaps the attention of the particle blocks (`attention`) or the bias (`make_pair_embed` and `bias`).
    """

    config_class: ClassVar[type[ModelConfig]] = ParTConfig
    attention: ClassVar[type[Attention]] = Attention
    config: ParTConfig  # ty: ignore[incompatible-mutable-override]

    def __init__(self, config: ParTConfig):
        super().__init__(config)
        self.embed = Embed(config.inputs, config.embed)
        self.pair_embed = self.make_pair_embed()
        self.blocks = nn.ModuleList(Block(config, config.dropout, self.attention) for _ in range(config.layers))
        self.class_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.class_blocks = nn.ModuleList(Block(config, 0.0) for _ in range(config.class_layers))
        self.norm = make_norm(config.norm, config.width)
        self.head = nn.Linear(config.width, config.classes)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.trunc_normal_(self.class_token, std=0.02)
        for depth, block in enumerate(self.blocks, 1):  # keeps the residual stream's variance bounded in depth
            assert isinstance(block, Block)
            for linear in (block.attn.out, block.ffn.down):
                linear.weight.data /= (2.0 * depth) ** 0.5

    def make_pair_embed(self) -> PairEmbed | None:
        """Return the module that makes the interaction bias, if the model has one."""
        return PairEmbed(self.config.pair_embed, self.config.heads, self.config.biases)

    def bias(self, v: Tensor, mask: Tensor) -> Tensor | None:
        """Return the interaction bias (B, H, N, N) that all blocks share, with minus infinity at padded keys."""
        return None if self.pair_embed is None else mask_keys(self.pair_embed(v, mask), mask)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """Classify jets: x (B, N, F) features, v (B, N, 4) in GeV, mask (B, N) True = real -> logits (B, C).

        The tap receives `blocks.i.residual`, the states before block i, and `residual`, those after the last one; of
        each block and class block also `scores_qk`, `bias`, `pattern`, `values`, `head_output` and, with gates, `gate`,
        named `blocks.i.pattern` and `class_blocks.i.pattern`. A global token is the first of 1 + N tokens in them.
        """
        return self.forward_blocks(*self.embed_inputs(x, v, mask), mask, tap)

    def embed_inputs(self, x: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the initial states (B, N, D) and the bias: all that depends on other jets, through the BatchNorms."""
        return self.embed(x, mask), self.bias(v, mask)

    def forward_blocks(self, x: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """Return the logits (B, C) from the initial states; here each jet is on its own."""
        return self.forward_from_block(*self.prepend_class_token(x, bias, mask), tap)

    def forward_from_block(
        self, x: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None = None, first: int = 0
    ) -> Tensor:
        """Return the logits (B, C) from the states (B, N, D) before block `first`, counted from 0."""
        for i in range(first, len(self.blocks)):
            x = emit(tap, f"blocks.{i}.residual", x)
            x = self.blocks[i](x, mask, bias, tap=scoped(tap, f"blocks.{i}"))
        x = emit(tap, "residual", x)
        token = x[:, :1] if self.config.global_token else self.class_token.expand(len(x), -1, -1)
        for i, block in enumerate(self.class_blocks):
            token = block(x, mask, token=token, tap=scoped(tap, f"class_blocks.{i}"))
        return self.head(self.norm(token)).squeeze(1)

    def prepend_class_token(self, x: Tensor, bias: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return states (B, 1 + N, D), bias and mask with the global token first, or unchanged if there is none.

        Logits from and to the token have no bias.
        """
        if not self.config.global_token:
            return x, bias, mask
        x = torch.cat((self.class_token.expand(len(x), -1, -1), x), 1)
        mask = F.pad(mask, (1, 0), value=True)
        return x, None if bias is None else mask_keys(F.pad(bias, (1, 0, 1, 0)), mask), mask
