"""Micro-batches whose BatchNorms see the whole batch, though each is padded to its own longest jet only.

Only the embeddings of particles and pairs have BatchNorms, and they know no padding: they go over all jets of the batch
at once. What follows, most of the work, goes from micro-batch to micro-batch.
Shapes: B jets, N particles, C classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.jets.features import JetBatch
from part.models.linpart import Slots
from part.models.transformer import ParticleTransformer


def logits_of(model: nn.Module, batch: Sequence[JetBatch], packed: bool = False) -> list[Tensor]:
    """Logits (B, C) of each micro-batch, as if the batch had passed through the model in one piece.

    packed: by the kernels for a GPU, to which that is what it is (see `models/packed.py`).
    """
    if packed:
        from part.models.backends.packed import logits

        return list(logits(model, *_whole(batch)).split([len(micro) for micro in batch]))
    held = not any(module.training for module in model.modules() if isinstance(module, nn.BatchNorm1d))
    if held or len(batch) == 1:
        return [model(micro.x, micro.v, micro.mask) for micro in batch]
    if not isinstance(model, ParticleTransformer):
        raise TypeError(f"{type(model).__name__} takes a batch whole, not as {len(batch)} micro-batches.")
    x, shared = model.prepare(*_whole(batch))
    return [model.mix(*part, micro.mask) for micro, part in zip(batch, _cut(x, shared, batch), strict=True)]


def _whole(batch: Sequence[JetBatch]) -> tuple[Tensor, Tensor, Tensor]:
    """x (B, N, F), v (B, N, 4), mask (B, N) of all, padded to the longest."""
    longest = max(micro.mask.shape[1] for micro in batch)

    def padded(name: str) -> Tensor:
        parts = [getattr(micro, name) for micro in batch]
        return torch.cat([F.pad(t, (0, 0) * (t.ndim - 2) + (0, longest - t.shape[1])) for t in parts])

    return padded("x"), padded("v"), padded("mask")


def _cut(x: Tensor, shared: Tensor | Slots | None, batch: Sequence[JetBatch]) -> Iterator[tuple]:
    """What is shared out to the micro-batches: x (B, N, D), and the bias as the model has it."""
    sizes = [len(micro) for micro in batch]
    bias = shared.bias if isinstance(shared, Slots) else shared
    # By split, whose gradient is one tensor; that of slices would be one of full size for each.
    xs, biases = x.split(sizes), [None] * len(batch) if bias is None else bias.split(sizes)
    ranks = shared.rank.split(sizes) if isinstance(shared, Slots) else [None] * len(batch)
    for micro, own, of_pairs, rank in zip(batch, xs, biases, ranks, strict=True):
        n = micro.mask.shape[1]
        if of_pairs is not None:
            square = of_pairs.shape[2] == of_pairs.shape[3] == x.shape[1]
            of_pairs = of_pairs[:, :, :n, : n if square else None]
        yield own[:, :n], of_pairs if rank is None else replace(shared, rank=rank[:, :n], bias=of_pairs)
