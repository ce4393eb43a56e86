"""The input embedding: from the features of the tokens of each collection to the residual stream.

Shapes: B jets, N tokens, R real tokens of all jets, F features, D channels.
"""

import itertools
from typing import cast

import torch
from torch import Tensor, nn

from part.models.config import ParTConfig
from part.models.layers import LayerNorm, NormedLinear, activate, scatter


class Embed(nn.Module):
    """The embedding of one collection: BatchNorm of the features, then LayerNorm, Linear and GELU for each width.

    With `config.conv_embed` a BatchNorm follows each linear layer, no LayerNorm precedes it, and the last one has no
    activation.
    """

    def __init__(self, inputs: int, config: ParTConfig):
        super().__init__()
        sizes = itertools.pairwise((inputs, *config.embed))
        self.activation = config.activation
        self.norm = nn.BatchNorm1d(inputs)
        self.layers: nn.Sequential | nn.ModuleList
        if config.conv_embed:
            self.layers = nn.ModuleList(NormedLinear(a, b, bias=False) for a, b in sizes)
        else:
            make = nn.ReLU if config.activation == "relu" else nn.GELU
            self.layers = nn.Sequential(*(nn.Sequential(LayerNorm(a), nn.Linear(a, b), make()) for a, b in sizes))

    def embed(self, x: Tensor) -> Tensor:
        """Embed the features of real tokens: (R, F) -> (R, D)."""
        x = self.norm(x)
        if isinstance(self.layers, nn.Sequential):
            return self.layers(x)
        for depth, layer in enumerate(self.layers):
            x = layer(activate(self.activation, x) if depth else x)
        return x

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Embed x (B, N, F), mask (B, N) -> (B, N, D), zero on padding. The BatchNorm sees real particles only."""
        return scatter(self.embed(x[mask]), mask)


class CollectionsEmbed(nn.Module):
    """Embeddings of several collections, each of which sees the features of its own tokens; see `ModelConfig`."""

    def __init__(self, config: ParTConfig):
        super().__init__()
        self.widths = config.collections
        self.collections = nn.ModuleList(Embed(width, config) for width in config.collections)

    def embed(self, x: Tensor) -> Tensor:
        """Embed the inputs of real tokens: (R, F) -> (R, D)."""
        kind, first, embedded = kinds(x, len(self.widths)), 0, []
        rows = [(kind == i).nonzero()[:, 0] for i in range(len(self.widths))]
        for module, own, width in zip(self.collections, rows, self.widths, strict=True):
            embed, features = cast(Embed, module), x[own, first : first + width]
            embedded.append(embed.embed(features) if len(own) > 1 else _embed_at_rest(embed, features))
            first += width
        return torch.cat(embedded)[torch.cat(rows).argsort()]

    def embed_at_fixed_sizes(self, x: Tensor) -> Tensor:
        """Embed (R, F) -> (R, D) as `embed` does, but all tokens by each embedding, of which one result is taken.

        Sizes do not depend on values then, as a CUDA graph needs. Statistics of a batch would be wrong.
        """
        kind, firsts = kinds(x, len(self.widths)), itertools.accumulate((0, *self.widths))
        features = [x[:, first : first + width] for first, width in zip(firsts, self.widths, strict=False)]
        embedded = [cast(Embed, e).embed(own) for e, own in zip(self.collections, features, strict=True)]
        return torch.stack(embedded, 1).take_along_dim(kind[:, None, None], 1)[:, 0]

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Embed x (B, N, F), mask (B, N) -> (B, N, D), zero on padding."""
        return scatter(self.embed(x[mask]), mask)


class NoEmbed(nn.Module):
    """No embedding: the inputs are the residual stream."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return x (B, N, D), zero on padding."""
        return self.embed(x.masked_fill(~mask[..., None], 0))

    def embed(self, x: Tensor) -> Tensor:
        return x


def make_embed(config: ParTConfig) -> Embed | CollectionsEmbed | NoEmbed:
    """Return the embedding of a configuration, with random weights."""
    if not config.embed:
        return NoEmbed()
    return CollectionsEmbed(config) if config.collections else Embed(config.inputs, config)


def kinds(x: Tensor, collections: int) -> Tensor:
    """Return the index of each token's collection (...), from the flags at the end of the inputs x (..., F)."""
    return x[..., -collections:].argmax(-1)


def _embed_at_rest(embed: Embed, features: Tensor) -> Tensor:
    """Embed fewer tokens than a batch needs to have statistics, with the running ones."""
    norms = [module for module in embed.modules() if isinstance(module, nn.BatchNorm1d) and module.training]
    for norm in norms:
        norm.eval()
    embedded = embed.embed(features)
    for norm in norms:
        norm.train()
    return embedded
