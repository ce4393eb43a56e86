"""Particle Transformer (arXiv:2202.03772).

Shapes: B jets, N particles, F features, H heads, D channels, C classes.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.attention import Attention, Tap, emit, mask_keys, scoped
from part.models.config import ModelConfig, ParTConfig
from part.models.embedding import Embed, kinds, make_embed
from part.models.layers import FeedForward, HeadLayer, make_norm
from part.models.model import Model
from part.models.pair import PairEmbed

LAYER_SCALE = 1e-5  # the initial value of a layer scale, as in weaver-core


class Block(nn.Module):
    """Attention and feed-forward part, each with a norm before and a residual connection around it.

    NormFormer's norms and scales (arXiv:2110.09456) come with `config.normformer`, a scale of each channel of what is
    added to the residual stream with `config.layer_scale`. With a class token the block is class attention
    (arXiv:2103.17239): only the token has a query, and it attends to itself and to all particles.
    """

    def __init__(self, config: ParTConfig, dropout: float, attention: type[Attention] = Attention):
        super().__init__()
        width, normformer = config.width, config.normformer_parts
        self.heads = config.heads
        self.transposed_channels = config.transposed_channels
        self.pre_attn_norm = make_norm(config.norm, width)
        self.attn = attention(config, dropout)
        self.post_attn_norm = make_norm(config.norm, width) if "attn" in normformer else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.pre_ffn_norm = make_norm(config.norm, width)
        self.ffn = FeedForward(config, dropout)
        # c_attn scales channel groups after the output projection.
        self.c_attn = nn.Parameter(torch.ones(config.heads)) if "heads" in normformer else None
        self.w_resid = nn.Parameter(torch.ones(width)) if "residual" in normformer else None
        self.c_bias = nn.Parameter(torch.ones(1)) if config.bias_scale else None
        self.attn_scale, self.ffn_scale = (
            nn.Parameter(torch.full((width,), LAYER_SCALE)) if config.layer_scale else None for _ in range(2)
        )

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
            if self.c_bias is not None and bias is not None:
                # Padded keys are at minus infinity, which no scale may turn into anything else.
                bias = mask_keys(bias.masked_fill(~mask[:, None, None, :], 0) * self.c_bias, mask)
            return self.residual_and_ffn(x, self.attn(self.pre_attn_norm(x), None, bias, mask, tap))
        context = self.pre_attn_norm(torch.cat((token, x), 1))
        token_mask = F.pad(mask, (1, 0), value=True)
        # The reference makes the query of the token itself, which is not normalised.
        return self.residual_and_ffn(token, self.attn(token, context, None, token_mask, tap))

    def residual_and_ffn(self, x: Tensor, attended: Tensor) -> Tensor:
        """Add the attention's output (..., D) to x (..., D), then the output of the feed-forward part."""
        x = x + _scaled(self.attn_scale, self.dropout(self.post_attn_norm(self._scale_groups(attended))))
        return _scaled(self.w_resid, x) + _scaled(self.ffn_scale, self.ffn(self.pre_ffn_norm(x)))

    def _scale_groups(self, x: Tensor) -> Tensor:
        if self.c_attn is None:
            return x
        groups = x.unflatten(-1, (self.heads, -1)) * self.c_attn[:, None]
        if self.transposed_channels:
            groups = groups.transpose(-2, -1)
        return groups.flatten(-2)


def _scaled(scale: Tensor | None, x: Tensor) -> Tensor:
    return x if scale is None else scale * x


class ParticleTransformer(Model):
    """ParT: input embedding, particle blocks whose logits share one interaction bias, class blocks, head.

    A variant swaps the attention of the particle blocks (`attention`) or the bias (`make_pair_embed` and `bias`).
    """

    config_class: ClassVar[type[ModelConfig]] = ParTConfig
    attention: ClassVar[type[Attention]] = Attention
    config: ParTConfig  # ty: ignore[incompatible-mutable-override]

    def __init__(self, config: ParTConfig):
        super().__init__(config)
        self.embed = make_embed(config)
        self.pair_embed = self.make_pair_embed()
        self.blocks = nn.ModuleList(Block(config, config.dropout, self.attention) for _ in range(config.layers))
        has_token = config.class_layers or config.global_token
        self.class_token = nn.Parameter(torch.zeros(1, 1, config.width)) if has_token else None
        self.class_blocks = nn.ModuleList(Block(config.class_block, 0.0) for _ in range(config.class_layers))
        self.norm = make_norm(config.outside.norm, config.width)
        widths = (config.width, *(width for width, _ in config.head))
        layers = zip(widths, config.head, strict=False)
        self.head_layers = nn.Sequential(*(HeadLayer(inputs, *layer, config.outside) for inputs, layer in layers))
        self.head = nn.Linear(widths[-1], config.classes)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if self.class_token is not None:
            nn.init.trunc_normal_(self.class_token, std=0.02)
        for depth, block in enumerate(self.blocks, 1):  # keeps the residual stream's variance bounded in depth
            assert isinstance(block, Block)
            for linear in (block.attn.out, block.ffn.down):
                linear.weight.data /= (2.0 * depth) ** 0.5

    def input_norms(self) -> list[nn.BatchNorm1d]:
        return [module.norm for module in self.embed.modules() if isinstance(module, Embed)]

    def make_pair_embed(self) -> PairEmbed | None:
        """Return the module that makes the interaction bias, if the model has one."""
        return None if self.config.pair_embed is None else PairEmbed(self.config)

    def bias(self, v: Tensor, mask: Tensor, pairs: Tensor | None = None) -> Tensor | None:
        """Return the interaction bias (B, H, N, N) that all blocks share, with minus infinity at padded keys."""
        return None if self.pair_embed is None else mask_keys(self.pair_embed(v, mask, pairs), mask)

    def forward(
        self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None, *, pairs: Tensor | None = None
    ) -> Tensor:
        """Classify jets: x (B, N, F) features, v (B, N, 4) in GeV, mask (B, N) True = real -> logits (B, C).

        A model with `extra_pair_features` takes them as `pairs` (B, N, N, E), from query to key. They count for pairs
        of tokens of the first collection only.

        The tap receives `blocks.i.residual`, the states before block i, and `residual`, those after the last one; of
        each block and class block also `scores_qk`, `bias`, `pattern`, `values`, `head_output` and, with gates, `gate`,
        named `blocks.i.pattern` and `class_blocks.i.pattern`. A global token is the first of 1 + N tokens in them.
        """
        return self.forward_blocks(*self.embed_inputs(x, v, mask, pairs), mask, tap)

    def embed_inputs(
        self, x: Tensor, v: Tensor, mask: Tensor, pairs: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the initial states (B, N, D) and the bias: all that depends on other jets, through the BatchNorms."""
        if pairs is None:
            return self.embed(x, mask), self.bias(v, mask)
        if collections := len(self.config.collections):
            first = kinds(x, collections) == 0
            pairs = pairs.masked_fill(~(first[:, :, None] & first[:, None, :])[..., None], 0)
        return self.embed(x, mask), self.bias(v, mask, pairs)

    def forward_blocks(self, x: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """Return the logits (B, C) from the initial states; here each jet is on its own."""
        return self.forward_from_block(*self.prepend_class_token(x, bias, mask), tap)

    def forward_from_block(
        self, x: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None = None, first: int = 0
    ) -> Tensor:
        """Return the logits (B, C) from the states (B, N, D) before block `first`, counted from 0."""
        for i in range(first, len(self.blocks)):
            x = self.run_block(i, emit(tap, f"blocks.{i}.residual", x), bias, mask, tap)
        x = emit(tap, "residual", x)
        token = self._first_token(x, mask)
        for i, block in enumerate(self.class_blocks):
            token = block(x, mask, token=token, tap=scoped(tap, f"class_blocks.{i}"))
        return self.classify(token).squeeze(1)

    def run_block(self, i: int, x: Tensor, bias: Tensor | None, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """Return the states (B, N, D) after block i, from those before it and the bias, if this block has it."""
        own_bias = bias if self.config.biased_blocks is None or self.config.is_biased(i) else None
        return self.blocks[i](x, mask, own_bias, tap=scoped(tap, f"blocks.{i}"))

    def classify(self, token: Tensor) -> Tensor:
        """Return the logits (..., C) of what stands for a whole jet (..., D)."""
        return self.head(self.head_layers(self.norm(token)))

    def _first_token(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return what enters the class blocks, or in their place the head (B, 1, D): a token, or the mean over all."""
        if self.config.global_token:
            return x[:, :1]
        if self.class_token is not None:
            return self.class_token.expand(len(x), -1, -1)
        return x.masked_fill(~mask[..., None], 0).sum(1, keepdim=True) / mask.sum(1).clamp(min=1)[:, None, None]

    def prepend_class_token(self, x: Tensor, bias: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return states (B, 1 + N, D), bias and mask with the global token first, or unchanged if there is none.

        Logits from and to the token have no bias.
        """
        if not self.config.global_token or self.class_token is None:
            return x, bias, mask
        x = torch.cat((self.class_token.expand(len(x), -1, -1), x), 1)
        mask = F.pad(mask, (1, 0), value=True)
        return x, None if bias is None else mask_keys(F.pad(bias, (1, 0, 1, 0)), mask), mask
