"""The interaction bias, computed from the features of each pair of particles.

Shapes: B jets, N particles, H heads, P pairs of real particles of all jets, E extra features of a pair.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.config import ParTConfig
from part.models.layers import NormedLinear
from part.models.pair_features import features_of_pairs


class PairMLP(nn.Module):
    """A small MLP on the features of a pair, with one output per head."""

    def __init__(self, inputs: int, config: ParTConfig):
        super().__init__()
        assert config.pair_embed is not None
        sizes, biases = itertools.pairwise((inputs, *config.pair_embed, config.heads)), config.outside.biases
        self.activation_last = config.pair_activation_last
        self.norm = nn.BatchNorm1d(inputs)
        self.layers = nn.Sequential(*(NormedLinear(a, b, biases) for a, b in sizes))

    def embed(self, features: Tensor) -> Tensor:
        """Return the bias (P, H) for pair features (P, F)."""
        x = self.norm(features)
        activated = len(self.layers) if self.activation_last else len(self.layers) - 1
        for depth, layer in enumerate(self.layers):
            x = layer(x)
            if depth < activated:
                x = F.gelu(x)
        return x


class PairEmbed(PairMLP):
    """The interaction bias of the features of each pair of real particles, and of extra features, which are added.

    Symmetric features are computed for one of the two orders of a pair only.
    """

    def __init__(self, config: ParTConfig):
        super().__init__(config.pair_inputs or config.extra_pair_features, config)
        self.kind, self.inputs, self.extra_inputs = config.pair_features, config.pair_inputs, config.extra_pair_features
        self.symmetric, self.self_pairs = config.symmetric_pairs, config.self_pairs
        # Without features of momenta, the one MLP is that of the extra features.
        self.extra = PairMLP(self.extra_inputs, config) if self.inputs and self.extra_inputs else None

    def forward(self, v: Tensor, mask: Tensor, extra: Tensor | None = None) -> Tensor:
        """Compute the bias (B, H, N, N) from query to key, zero if either particle is padding.

        v (B, N, 4), mask (B, N), extra (B, N, N, E).
        """
        jet, i, j = self.pairs(mask)
        return self.to_bias(self._embed_pairs(v, extra, jet, i, j), jet, i, j, mask)

    def pairs(self, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the jets, queries and keys (P,) of the pairs of mask (B, N), one order of symmetric ones."""
        pairs = mask[:, :, None] & mask[:, None, :]
        if self.symmetric:
            pairs = pairs.tril(0 if self.self_pairs else -1)
        jet, i, j = pairs.nonzero(as_tuple=True)
        return jet, i, j

    def to_bias(self, values: Tensor, jet: Tensor, i: Tensor, j: Tensor, mask: Tensor) -> Tensor:
        """Return the values (P, H) of pairs as a bias (B, H, N, N), zero for all other pairs."""
        bias = values.new_zeros(*mask.shape, mask.shape[1], values.shape[-1])
        bias[jet, i, j] = values
        if self.symmetric:
            bias[jet, j, i] = values
        return bias.permute(0, 3, 1, 2).contiguous()

    def _embed_pairs(self, v: Tensor, extra: Tensor | None, jet: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """Return the bias (P, H) of particles i and j (P,) of jets (P,)."""
        if (given := 0 if extra is None else extra.shape[-1]) != self.extra_inputs:
            raise PartError(f"This ParT takes {self.extra_inputs} extra features of each pair, pairs= has {given}.")
        if extra is not None:
            extra = _at_least_float32(extra[jet, i, j])
        if not self.inputs:
            assert extra is not None
            return self.embed(extra)
        values = self.embed(self.features_between(v, jet, i, j))
        return values if self.extra is None or extra is None else values + self.extra.embed(extra)

    def features_between(self, v: Tensor, jet: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """Return the features (P, F) of particles i and j (P,) of jets (P,), v (B, N, 4)."""
        with torch.autocast(v.device.type, enabled=False):
            features = features_of_pairs(self.kind, self.inputs, *(_at_least_float32(v[jet, k]) for k in (i, j)))
            if not self.symmetric and not self.self_pairs:
                features = features.masked_fill((i == j)[:, None], 0)
        return features


def _at_least_float32(t: Tensor) -> Tensor:
    return t.to(torch.promote_types(t.dtype, torch.float32))
