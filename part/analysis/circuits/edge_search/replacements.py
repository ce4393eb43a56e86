"""What replaces the outputs of components whose edges are left out: those in a corrupted jet, or means over jets."""

import torch
from torch import Tensor

from part.analysis.circuits.edges.outputs import NAMES, Outputs, outputs_of
from part.analysis.circuits.pairs import Pairs, match_tokens, take_matched
from part.analysis.circuits.search.jets_of_classes import Labelled
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger


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
        shapes = *own.of_particles, *own.of_class_token
        expanded = [mean.to(like).expand_as(like) for mean, like in zip(means, shapes, strict=True)]
        return Outputs.from_lists(expanded[:n], expanded[n:])
