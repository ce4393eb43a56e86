"""What each component of a model adds, in a jet, in its corrupted jet, or on average over jets.

Shapes: B jets, T tokens, H heads, d channels of a head, D channels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from part.analysis.circuits.edges.split_pass import added_by_heads, scaled
from part.analysis.circuits.pairs import Pairs, match_tokens, take_matched
from part.analysis.circuits.search.jets_of_classes import Labelled
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.inference.tagger import Tagger
from part.models.transformer import Block

NAMES = (HEAD_OUTPUT, "gate")  # what a `CachedForward` has to record


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the components add to the residual streams.

    Attributes
    ----------
    embedding : Tensor (B, T, D)
    heads : tuple of Tensor (B, H, T, d)
        Of each block, gated, before the output projection.
    ffn : tuple of Tensor (B, T, D)
    class_heads, class_ffn : tuple of Tensor (B, H, 1, d), (B, 1, D)
    """

    embedding: Tensor
    heads: tuple[Tensor, ...]
    ffn: tuple[Tensor, ...]
    class_heads: tuple[Tensor, ...] = ()
    class_ffn: tuple[Tensor, ...] = ()

    @property
    def of_particles(self) -> tuple[Tensor, ...]:
        """Those of every particle, with tokens first (B, T, ...)."""
        return (self.embedding, *(heads.transpose(1, 2) for heads in self.heads), *self.ffn)

    @property
    def of_class_token(self) -> tuple[Tensor, ...]:
        """Those of the class token (B, 1, ...)."""
        return (*(heads.transpose(1, 2) for heads in self.class_heads), *self.class_ffn)

    @classmethod
    def from_lists(cls, particles: Sequence[Tensor], token: Sequence[Tensor]) -> "Outputs":
        """Return the inverse of `of_particles` and `of_class_token`."""
        layers, class_layers = len(particles) // 2, len(token) // 2
        return cls(
            particles[0],
            tuple(heads.transpose(1, 2) for heads in particles[1 : 1 + layers]),
            tuple(particles[1 + layers :]),
            tuple(heads.transpose(1, 2) for heads in token[:class_layers]),
            tuple(token[class_layers:]),
        )


def outputs_of(forward: CachedForward) -> Outputs:
    """Return what the components add in the pass of some jets, with NAMES recorded."""
    model = forward.model
    heads, ffn, class_heads, class_ffn = [], [], [], []
    with torch.no_grad():
        for i, module in enumerate(model.blocks):
            block = cast(Block, module)
            heads.append(_gated(forward, f"blocks.{i}"))
            middle = forward.states[i] + added_by_heads(block, block.attn.out(heads[-1].transpose(1, 2).flatten(2)))
            ffn.append(forward.states[i + 1] - scaled(block.w_resid, middle))
        token = model.class_token
        for i, module in enumerate(model.class_blocks):
            block = cast(Block, module)
            assert token is not None
            class_heads.append(_gated(forward, f"class_blocks.{i}"))
            middle = token + added_by_heads(block, block.attn.out(class_heads[-1].transpose(1, 2).flatten(2)))
            class_ffn.append(scaled(block.ffn_scale, block.ffn(block.pre_ffn_norm(middle))))
            token = scaled(block.w_resid, middle) + class_ffn[-1]
    return Outputs(forward.states[0], tuple(heads), tuple(ffn), tuple(class_heads), tuple(class_ffn))


def _gated(forward: CachedForward, name: str) -> Tensor:
    heads, gate = forward.cache[f"{name}.{HEAD_OUTPUT}"], forward.cache.get(f"{name}.gate")
    return heads if gate is None else heads * gate


def outputs_in_corrupted(tagger: Tagger, pairs: Pairs, clean: CachedForward) -> Outputs:
    """Return what the components add in the corrupted jets, at the tokens of the clean ones.

    Where a token has no match it is what they add in the clean jet.
    """
    corrupted = CachedForward(tagger, pairs.corrupted, NAMES)
    match = match_tokens(pairs, clean, corrupted)
    own, other = outputs_of(clean), outputs_of(corrupted)
    particles = [take_matched(a, b, match) for a, b in zip(own.of_particles, other.of_particles, strict=True)]
    return Outputs.from_lists(particles, other.of_class_token)


class MeanOutputs:
    """The mean of what the components add over the particles of jets, the same weight for both classes."""

    def __init__(self) -> None:
        self._sums: list[list[Tensor]] = [[], []]
        self._counts = [[0, 0], [0, 0]]  # tokens and jets of either class

    def add(self, tagger: Tagger, jets: Labelled) -> None:
        for side in (0, 1):
            if not len(own := jets[jets.side == side]):
                continue
            forward = CachedForward(tagger, own.jets, NAMES)
            outputs = outputs_of(forward)
            sums = [tensor[forward.mask].sum(0, dtype=torch.float64) for tensor in outputs.of_particles]
            sums += [tensor.sum((0, 1), dtype=torch.float64) for tensor in outputs.of_class_token]
            self._add(side, sums, [int(forward.mask.sum()), len(own)])

    def _add(self, side: int, sums: list[Tensor], counts: list[int]) -> None:
        known = self._sums[side]
        self._sums[side] = [a + b for a, b in zip(known, sums, strict=True)] if known else sums
        self._counts[side] = [a + b for a, b in zip(self._counts[side], counts, strict=True)]

    def merge(self, other: "MeanOutputs") -> None:
        for side in (0, 1):
            if other._sums[side]:
                self._add(side, other._sums[side], other._counts[side])

    def of(self, own: Outputs) -> Outputs:
        """Return the means in the shapes of what the components add in some jets."""
        n = len(own.of_particles)
        means = []
        for i, (first, second) in enumerate(zip(*self._sums, strict=True)):
            mean = [total / self._counts[side][i >= n] for side, total in enumerate((first, second))]
            means.append((mean[0] + mean[1]) / 2)
        expand: Callable[[Tensor, Tensor], Tensor] = lambda mean, like: mean.to(like).expand_as(like)  # noqa: E731
        particles = [expand(mean, like) for mean, like in zip(means[:n], own.of_particles, strict=True)]
        token = [expand(mean, like) for mean, like in zip(means[n:], own.of_class_token, strict=True)]
        return Outputs.from_lists(particles, token)
