"""LinParT: particles attend to K slots, which are learned mixtures of particles, instead of to each other.

This is Linformer (arXiv:2006.04768) with ParT's interaction bias. A slot weights particles by their rank in pT, so the
result does not depend on their order in the file, and padding enters no slot.

Shapes: B jets, N particles, K slots, R ranks (the longest jet), H heads, d channels of a head.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from part.errors import PartError
from part.models.attention import Attention, Tap, emit
from part.models.config import ModelConfig, ParTConfig
from part.models.layers import scatter
from part.models.pair import PairEmbed
from part.models.pair_features import pair_features
from part.models.transformer import ParticleTransformer

PAIR_BIASES = ("none", "projected", "landmark")
SELF_WEIGHT = 9  # the initial weight of a particle's four-momentum in its own landmark, relative to all others together


@dataclass(frozen=True)
class LinParTConfig(ParTConfig):
    """The architecture of ParT with slots. The published trainings have 32 slots without a bias and 16 with one.

    The other parameters are those of ParTConfig.

    Parameters
    ----------
    slots : int
        The number of slots.
    pair_bias : str
        "none"; "projected", ParT's bias of all pairs, compressed like the keys; or "landmark", a bias between each
        particle and one physical four-momentum per slot.
    length : int
        The number of constituents of the longest jet that the model takes.

    Raises
    ------
    PartError
        If a value is unknown or two contradict each other.
    """

    attends_to: ClassVar[str | None] = "slots"

    model: str = "LinParT"
    slots: int = 16
    pair_bias: str = "landmark"
    length: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pair_bias not in PAIR_BIASES:
            raise PartError(f"LinParT's pair_bias is {self.pair_bias!r}; expected none, projected or landmark.")
        if self.biased_blocks is not None or self.bias_scale or (self.has_bias and self.pair_embed is None):
            raise PartError("LinParT has its bias in all blocks alike, or with pair_bias none in no block.")
        if (self.pair_features, self.pair_inputs, self.extra_pair_features, self.self_pairs) != ("pp", 4, 0, True):
            raise PartError("LinParT takes lnkT, lnz, lnΔ and lnm² of all pairs, no other pair features.")

    @property
    def has_bias(self) -> bool:
        return self.pair_bias != "none"


@dataclass(frozen=True)
class SharedInputs:
    """The inputs that all blocks share beside the states; a LinParT has them in place of ParT's bias.

    rank (B, N) is each particle's rank in pT; bias is that between particles (B, H, N, N), that to slots (B, H, N, K),
    or None.
    """

    rank: Tensor
    bias: Tensor | None


class SlotAttention(Attention):
    """Attention whose keys, values and bias are compressed along the particle axis by one learned projection."""

    def __init__(self, config: LinParTConfig, dropout: float):
        super().__init__(config, dropout)
        self.project_bias = config.pair_bias == "projected"
        # The start is not random, so that weights taken over from ParT still attend to the particles they know.
        slots, n_rest = leading_particle_init(config.slots, config.length), config.length - config.slots + 1
        self.mixing = nn.Parameter(torch.cat((slots[:-1], slots[-1:] / n_rest**0.5)))

    def attend(  # ty: ignore[incompatible-method-override]
        self, q: Tensor, k: Tensor, v: Tensor, bias: SharedInputs, mask: Tensor, tap: Tap | None
    ) -> Tensor:
        """Attend to slots: q, k, v (B, H, N, d), mask (B, N) -> (B, H, N, d). The tap receives `mixing` (B, K, N)."""
        weights = self.mixing.to(k.dtype).t()[bias.rank].transpose(1, 2) * mask[:, None]
        weights = emit(tap, "mixing", weights)
        mixing = weights[:, None]
        slot_bias = None if bias.bias is None else bias.bias.to(k.dtype)
        if slot_bias is not None and self.project_bias:
            slot_bias = slot_bias @ mixing.transpose(-2, -1)
        slot_mask = mask.new_ones(len(mask), weights.shape[1])
        return super().attend(q, mixing @ k, mixing @ v, slot_bias, slot_mask, tap)


class LandmarkEmbed(PairEmbed):
    """The bias between particles and K landmarks, in time and memory that grow linearly with N.

    Each particle distributes its four-momentum over the landmarks, by positive fractions that sum to one and depend on
    its rank alone. The landmarks are therefore physical momenta and add up to the jet.
    """

    def __init__(self, config: LinParTConfig):
        super().__init__(config)
        logits = leading_particle_init(config.slots, config.length) * math.log(SELF_WEIGHT * max(1, config.slots - 1))
        self.register_parameter("shares", nn.Parameter(logits))  # the name that checkpoints have for it

    @property
    def assignment_logits(self) -> nn.Parameter:
        """The logits (K, R) of the fractions in which the particle of each rank goes to the landmarks."""
        return self.get_parameter("shares")

    def landmarks(self, v: Tensor, mask: Tensor, rank: Tensor) -> Tensor:
        """Return the landmarks' four-momenta (B, K, 4) in GeV from v (B, N, 4)."""
        fractions = self.assignment_logits.softmax(0).t()[rank] * mask[..., None]
        return fractions.transpose(1, 2) @ v

    def features(self, v: Tensor, mask: Tensor, rank: Tensor) -> Tensor:
        """Return the pair features (P, K, 4) of the P real particles with each landmark of their jet.

        v (B, N, 4) in GeV, mask and rank (B, N).
        """
        with torch.autocast(v.device.type, enabled=False):
            landmarks = self.landmarks(v.float(), mask, rank)
            jet, _ = mask.nonzero(as_tuple=True)
            return pair_features(v[mask].float()[:, None], landmarks[jet])

    def forward(self, v: Tensor, mask: Tensor, rank: Tensor) -> Tensor:  # ty: ignore[incompatible-method-override]
        """Compute the bias: v (B, N, 4) in GeV, mask and rank (B, N) -> bias (B, H, N, K), zero on padding."""
        features = self.features(v, mask, rank)
        values = self.embed(features.flatten(0, 1)).unflatten(0, features.shape[:2])
        return scatter(values, mask).permute(0, 3, 1, 2).contiguous()


class LinParT(ParticleTransformer):
    """ParT with slots in its particle blocks; `pair_bias` decides what becomes of the interaction bias."""

    config_class: ClassVar[type[ModelConfig]] = LinParTConfig
    attention: ClassVar[type[Attention]] = SlotAttention
    config: LinParTConfig  # ty: ignore[incompatible-mutable-override]

    def make_pair_embed(self) -> PairEmbed | None:
        match self.config.pair_bias:
            case "none":
                return None
            case "projected":
                return super().make_pair_embed()
            case _:
                return LandmarkEmbed(self.config)

    def bias(self, v: Tensor, mask: Tensor) -> SharedInputs:  # ty: ignore[incompatible-method-override]
        """Return what the blocks share, from v (B, N, 4) in GeV and mask (B, N)."""
        rank = self.ranks(v, mask)
        if self.pair_embed is None:
            return SharedInputs(rank, None)
        if isinstance(self.pair_embed, LandmarkEmbed):
            return SharedInputs(rank, self.pair_embed(v, mask, rank))
        return SharedInputs(rank, self.pair_embed(v, mask))

    def ranks(self, v: Tensor, mask: Tensor) -> Tensor:
        """Return each particle's rank in pT (B, N). Raises PartError for jets longer than `config.length`."""
        check_length(mask.shape[1], self.config.length)
        return rank_in_pt(v, mask)


def check_length(constituents: int, longest: int) -> None:
    """Raise PartError if jets have more constituents than a LinParT has ranks for."""
    if constituents > longest:
        raise PartError(f"This LinParT takes jets of up to {longest} constituents, not {constituents}.")


def leading_particle_init(slots: int, ranks: int) -> Tensor:
    """Assign each of the leading particles to a slot, and all others to the last one: zeros and ones (K, R)."""
    return torch.eye(slots)[:, torch.arange(ranks).clamp(max=slots - 1)]


def rank_in_pt(v: Tensor, mask: Tensor) -> Tensor:
    """Return ranks (B, N): 0 for the leading particle in pT. Ties keep their order, and padding comes last."""
    pt2 = v[..., :2].square().sum(-1).masked_fill(~mask, -1.0)
    return pt2.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)
