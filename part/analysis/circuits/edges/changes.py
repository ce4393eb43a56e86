"""What components send differently in the corrupted jet: the change of the stream if one of them alone is replaced.

A component's output is that of the corrupted jet at the tokens that `match` gives, while all that it is added to stays
as in the clean jet. What a head adds passes through the norm after the attention, if there is one: its change is the
difference of two full results, no linearisation. A pair feature is replaced alone, too, and the embedding of pairs
computed again.
Shapes: B jets, T tokens, N particles, H heads, d channels of a head, D channels, S senders, F pair features, M keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from part.analysis.circuits.edges.outputs import outputs_of
from part.analysis.circuits.edges.split_pass import added_by_heads, scaled
from part.analysis.circuits.edges.wiring import Port, Wiring
from part.analysis.circuits.pairs import take_matched
from part.inference.forward import CachedForward
from part.models.layers import scatter
from part.models.linpart import LandmarkEmbed, SharedInputs
from part.models.pair import PairEmbed
from part.models.transformer import Block, ParticleTransformer


@dataclass(frozen=True, eq=False)
class Changes:
    """The changes of all senders.

    Attributes
    ----------
    particles : Tensor (B, S, T, D)
        Of the nodes `Wiring.particles`, where they add to the stream.
    tokens : Tensor (B, S, 1, D)
        Of the nodes `Wiring.tokens`.
    features : Tensor (F, B, H, T, M)
        Of the interaction bias, by pair features.
    bias : Tensor (B, H, T, M), optional
        Of the interaction bias, if all features are replaced.
    """

    particles: Tensor
    tokens: Tensor
    features: Tensor
    bias: Tensor | None

    def sent(self, wiring: Wiring, model: ParticleTransformer, sender: int, port: Port) -> Tensor:
        """Return the change (B, T, D) of what a port reads, or of the bias (B, H, T, M), by one sender."""
        if sender in wiring.features:
            return self.features[sender]
        is_particle = sender in wiring.particles
        nodes, change = (wiring.particles, self.particles) if is_particle else (wiring.tokens, self.tokens)
        sent = change[:, nodes.index(sender)]
        # A sender in the stream of particles that a class block reads has passed through all particle blocks.
        to_class = is_particle and port.place.startswith("class_blocks")
        blocks = cast(Sequence[Block], model.blocks if is_particle else model.class_blocks)
        for block in blocks[wiring.blocks_before(sender) : len(blocks) if to_class else port.block]:
            sent = scaled(block.w_resid, sent)
        if to_class:
            return F.pad(sent, (0, 0, 1, 0))  # the class token comes first
        is_context = port.place.startswith("class_blocks") and port.channel in ("k", "v")
        return F.pad(sent, (0, 0, 0, self.particles.shape[2])) if is_context else sent


def find_changes(wiring: Wiring, clean: CachedForward, corrupted: CachedForward, match: Tensor) -> Changes:
    """Return the changes of B pairs.

    Parameters
    ----------
    wiring : Wiring
    clean, corrupted : CachedForward
        Both jets, with NAMES recorded.
    match : Tensor (B, T)
        The token of the corrupted jet that takes the place of each clean one, see `pairs.match_tokens`.
    """
    with torch.no_grad():
        own, other = outputs_of(clean), outputs_of(corrupted)
        particles = [take_matched(clean.states[0], corrupted.states[0], match)[:, None] - clean.states[0][:, None]]
        outputs = zip(_blocks(clean.model.blocks), own.heads, other.heads, own.ffn, other.ffn, strict=True)
        for block, *sent in outputs:
            particles += _block_changes(block, *sent, match)
        tokens = [particles[0].new_zeros(len(match), 0, 1, particles[0].shape[-1])]
        of_token = own.class_heads, other.class_heads, own.class_ffn, other.class_ffn
        for block, *sent in zip(_blocks(clean.model.class_blocks), *of_token, strict=True):
            tokens += _block_changes(block, *sent, torch.zeros_like(match[:, :1]))
        n_prefix = match.shape[1] - clean.batch.mask.shape[1]
        features, bias = _bias_changes(len(wiring.features), clean, corrupted, match[:, n_prefix:] - n_prefix)
    return Changes(torch.cat(particles, 1), torch.cat(tokens, 1), features, bias)


def _blocks(modules: object) -> Sequence[Block]:
    return cast(Sequence[Block], modules)


def _block_changes(
    block: Block, own: Tensor, other: Tensor, own_ffn: Tensor, other_ffn: Tensor, match: Tensor
) -> list[Tensor]:
    """Return the changes of the heads (B, H, T, D) and of the feed-forward part (B, 1, T, D) of a block."""
    replaced = take_matched(own.transpose(1, 2), other.transpose(1, 2), match).transpose(1, 2)
    attended = block.attn.out(own.transpose(1, 2).flatten(2))[:, None]
    columns = block.attn.out.weight.unflatten(1, (block.heads, -1)).permute(1, 2, 0)  # (H, d, D)
    heads = added_by_heads(block, attended + (replaced - own) @ columns) - added_by_heads(block, attended)
    ffn = take_matched(own_ffn, other_ffn, match) - own_ffn
    return [heads, ffn[:, None]]


def _bias_changes(
    n: int, clean: CachedForward, corrupted: CachedForward, match: Tensor
) -> tuple[Tensor, Tensor | None]:
    """Return the changes of the bias by each of n features alone (F, B, H, T, M), and by all together."""
    embed = clean.model.pair_embed
    if embed is None or not n:
        return clean.states[0].new_zeros(0), None
    if isinstance(embed, LandmarkEmbed):
        pairs = _LandmarkPairs(embed, clean, corrupted, match)
    else:
        pairs = _Pairs(embed, clean, corrupted, match)
    before, changes = embed.embed(pairs.own), []
    for columns in (*((k,) for k in range(n)), tuple(range(n))):
        replaced = pairs.own.clone()
        replaced[:, columns] = pairs.other[:, columns]
        changes.append(pairs.to_bias(embed.embed(replaced) - before))
    n_prefix = 0 if isinstance(clean.bias, SharedInputs) else clean.mask.shape[1] - match.shape[1]
    stacked = F.pad(torch.stack(changes), (n_prefix, 0, n_prefix, 0))
    return stacked[:-1], stacked[-1]


class _Pairs:
    """The features (P, F) of pairs of particles that both have matches, of the clean jet and of the corrupted one."""

    def __init__(self, embed: PairEmbed, clean: CachedForward, corrupted: CachedForward, match: Tensor):
        self._embed, self._mask = embed, match >= 0
        self._pairs = embed.pairs(self._mask)
        v = take_matched(clean.batch.v, corrupted.batch.v, match)
        self.own, self.other = (embed.features_between(p4, *self._pairs) for p4 in (clean.batch.v, v))

    def to_bias(self, values: Tensor) -> Tensor:
        return self._embed.to_bias(values, *self._pairs, self._mask)


class _LandmarkPairs:
    """The features (R K, F) of the R real particles with each of K landmarks, which are those of their own jet."""

    def __init__(self, embed: LandmarkEmbed, clean: CachedForward, corrupted: CachedForward, match: Tensor):
        self._mask = clean.batch.mask
        own, other = (self._of_jets(embed, forward) for forward in (clean, corrupted))
        self._landmarks = own.shape[2]
        taken = take_matched(own, other, match)
        self.own, self.other = (features[self._mask].flatten(0, 1) for features in (own, taken))

    @staticmethod
    def _of_jets(embed: LandmarkEmbed, forward: CachedForward) -> Tensor:
        v, mask, shared = forward.batch.v, forward.batch.mask, cast(SharedInputs, forward.bias)
        return scatter(embed.features(v, mask, shared.rank), mask)

    def to_bias(self, values: Tensor) -> Tensor:
        rows = values.unflatten(0, (-1, self._landmarks))
        return scatter(rows, self._mask).permute(0, 3, 1, 2).contiguous()
