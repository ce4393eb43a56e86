"""LinParT: particles attend to K slots, learned mixtures of particles, instead of to each other.

Linformer (arXiv:2006.04768) with ParT's interaction bias. A slot takes its particles by their rank in pT, so
the result does not depend on the order in the file, and padding enters no slot.

Shapes: B jets, N particles, K slots, R ranks (the longest jet), H heads, d channels of a head.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from part.errors import PartError
from part.models.attention import Attention, Tap
from part.models.config import LinParTConfig
from part.models.pair import PairEmbed, pair_features
from part.models.transformer import ParticleTransformer

OWN = 9  # of a particle's four-momentum, how much more its landmark has at first than all others together


@dataclass(frozen=True)
class Slots:
    """What all blocks share: each particle's rank in pT (B, N), and the bias to particles (B, H, N, N),
    to slots (B, H, N, K), or None."""

    rank: Tensor
    bias: Tensor | None


class SlotAttention(Attention):
    """Attention whose keys, values and bias are compressed along the particle axis by one learned projection."""

    def __init__(self, config: LinParTConfig, dropout: float):
        super().__init__(config, dropout)
        self.project_bias = config.pair_bias == "projected"
        # Not at random, so that weights of ParT, to go on from, still know what they look at.
        each, rest = hardest(config.slots, config.length), (config.length - config.slots + 1) ** 0.5
        self.mixing = nn.Parameter(torch.cat((each[:-1], each[-1:] / rest)))

    def attend(self, q: Tensor, k: Tensor, v: Tensor, shared: Slots, mask: Tensor, tap: Tap | None) -> Tensor:
        """q, k, v (B, H, N, d), mask (B, N) -> (B, H, N, d). The tap hears `mixing` (B, K, N), then all over slots."""
        weights = self.mixing.to(k.dtype).t()[shared.rank].transpose(1, 2) * mask[:, None]
        weights = weights if tap is None else tap("mixing", weights)
        mix = weights[:, None]
        bias = shared.bias
        if bias is not None:
            bias = bias.to(k.dtype)
            bias = bias @ mix.transpose(-2, -1) if self.project_bias else bias
        return super().attend(q, mix @ k, mix @ v, bias, mask.new_ones(len(mask), weights.shape[1]), tap)


class LandmarkEmbed(PairEmbed):
    """The bias between particles and K landmarks, in time and memory that grow linearly with N.

    Each particle shares its four-momentum out among the landmarks by positive fractions that sum to one and
    depend on its rank alone. The landmarks are therefore physical momenta and add up to the jet.
    """

    def __init__(self, config: LinParTConfig):
        super().__init__(config.pair_embed, config.heads, config.biases)
        others = max(1, config.slots - 1)
        self.shares = nn.Parameter(hardest(config.slots, config.length) * math.log(OWN * others))

    def landmarks(self, v: Tensor, mask: Tensor, rank: Tensor) -> Tensor:
        """Four-momenta (B, K, 4) in GeV from v (B, N, 4)."""
        shares = self.shares.softmax(0).t()[rank] * mask[..., None]
        return shares.transpose(1, 2) @ v

    def features(self, v: Tensor, mask: Tensor, rank: Tensor) -> Tensor:
        """v (B, N, 4), mask and rank (B, N) -> pair features of the P particles that there are with each landmark
        (P, K, 4)."""
        with torch.autocast(v.device.type, enabled=False):
            landmarks = self.landmarks(v.float(), mask, rank)
            jet, _ = mask.nonzero(as_tuple=True)
            return pair_features(v[mask].float()[:, None], landmarks[jet])

    def forward(self, v: Tensor, mask: Tensor, rank: Tensor) -> Tensor:
        """v (B, N, 4), mask and rank (B, N) -> bias (B, H, N, K), zero for padding."""
        features = self.features(v, mask, rank)
        values = self.embed(features.flatten(0, 1)).unflatten(0, features.shape[:2])
        bias = values.new_zeros(*mask.shape, *values.shape[1:])
        bias[mask] = values
        return bias.permute(0, 3, 1, 2).contiguous()


class LinParT(ParticleTransformer):
    """ParT with slots in its particle blocks; `pair_bias` says what becomes of the interaction."""

    attention = SlotAttention

    def make_pair_embed(self) -> nn.Module | None:
        match self.config.pair_bias:
            case "none":
                return None
            case "projected":
                return super().make_pair_embed()
            case _:
                return LandmarkEmbed(self.config)

    def bias(self, v: Tensor, mask: Tensor) -> Slots:
        """What the blocks share, from v (B, N, 4) and mask (B, N)."""
        rank = self.ranks(v, mask)
        match self.config.pair_bias:
            case "none":
                return Slots(rank, None)
            case "projected":
                return Slots(rank, self.pair_embed(v, mask))
            case _:
                return Slots(rank, self.pair_embed(v, mask, rank))

    def ranks(self, v: Tensor, mask: Tensor) -> Tensor:
        """Each particle's rank in pT (B, N). Raises PartError for jets longer than the slots know ranks."""
        if mask.shape[1] > self.config.length:
            raise PartError(f"This LinParT takes jets of up to {self.config.length} constituents, not {mask.shape[1]}.")
        return rank_in_pt(v, mask)


def hardest(slots: int, ranks: int) -> Tensor:
    """A slot for each of the hardest particles, and the last for all others: 0 and 1 (K, R)."""
    return torch.eye(slots)[:, torch.arange(ranks).clamp(max=slots - 1)]


def rank_in_pt(v: Tensor, mask: Tensor) -> Tensor:
    """0 for the hardest particle of a jet, 1 for the next (B, N); padding comes last, equal ones as they stand."""
    pt2 = v[..., :2].square().sum(-1).masked_fill(~mask, -1.0)
    return pt2.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)
