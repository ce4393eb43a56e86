"""Particle Transformer (arXiv:2202.03772).

Shapes: B jets, N particles, F features, H heads, D channels, C classes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.attention import Attention, Tap, mask_keys, scoped
from part.models.config import ParTConfig
from part.models.layers import Embed, FeedForward, make_norm
from part.models.pair import PairEmbed


class Block(nn.Module):
    """Attention and feed-forward, each with a norm before and a residual; scaled as in NormFormer
    (arXiv:2110.09456) unless the configuration leaves that out.

    With a class token it is class attention (arXiv:2103.17239): the token alone asks, itself and all
    particles answer.
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
        return self.finish(residual, attended)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """What follows the attention: x (..., D) takes what that wrote (..., D), then the feed-forward part."""
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
            for linear in (block.attn.out, block.ffn.down):
                linear.weight.data /= (2.0 * depth) ** 0.5

    def make_pair_embed(self) -> nn.Module | None:
        return PairEmbed(self.config.pair_embed, self.config.heads, self.config.biases)

    def bias(self, v: Tensor, mask: Tensor) -> Tensor | None:
        """The interaction bias that all blocks share: (B, H, N, N), minus infinity on padded keys."""
        return mask_keys(self.pair_embed(v, mask), mask)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """x (B, N, F) features, v (B, N, 4) four-momenta in GeV, mask (B, N) True = real -> logits (B, C).

        The tap hears `residual` before each block and after the last, and for block i, class block i
        `blocks.i.*`, `class_blocks.i.*` with scores_qk, bias, pattern, values, mixed (what each head makes of these)
        and, where there is one, gate. A global token is the first of the N + 1 that these then have.
        """
        return self.mix(*self.prepare(x, v, mask), mask, tap)

    def prepare(self, x: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """All that sees other jets of a batch, in its BatchNorms: the particles' states (B, N, D) and their bias."""
        return self.embed(x, mask), self.bias(v, mask)

    def mix(self, x: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """What follows, jet by jet -> logits (B, C)."""
        return self.go_on(*self.with_token(x, bias, mask), tap)

    def go_on(self, x: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None = None, first: int = 0) -> Tensor:
        """The rest of a pass, from the states (B, N, D) before block `first`, counted from 0, on -> logits (B, C)."""
        for i in range(first, len(self.blocks)):
            x = x if tap is None else tap(f"blocks.{i}.residual", x)
            x = self.blocks[i](x, mask, bias, tap=scoped(tap, f"blocks.{i}"))
        x = x if tap is None else tap("residual", x)
        token = x[:, :1] if self.config.global_token else self.class_token.expand(len(x), -1, -1)
        for i, block in enumerate(self.class_blocks):
            token = block(x, mask, token=token, tap=scoped(tap, f"class_blocks.{i}"))
        return self.head(self.norm(token)).squeeze(1)

    def with_token(self, x: Tensor, bias: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """What the blocks take: a global token, where there is one, ahead of the particles (B, 1 + N, D), with bias 0
        from and to it."""
        if not self.config.global_token:
            return x, bias, mask
        x = torch.cat((self.class_token.expand(len(x), -1, -1), x), 1)
        mask = F.pad(mask, (1, 0), value=True)
        return x, bias if bias is None else mask_keys(F.pad(bias, (1, 0, 1, 0)), mask), mask
