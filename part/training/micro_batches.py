"""Micro-batches that give the result of their whole batch, although each is padded only to its own longest jet.

Only the embeddings of particles and pairs have BatchNorms, whose statistics are those of the whole batch; they ignore
padding and see all jets of the batch at once. The blocks after them, most of the work, see one micro-batch at a time.
Shapes: B jets, N particles, F features, D channels, C classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.jets.features import JetBatch
from part.models.linpart import SharedInputs
from part.models.transformer import ParticleTransformer


def forward_micro_batches(model: nn.Module, batch: Sequence[JetBatch], packed: bool = False) -> list[Tensor]:
    """Return the logits of each micro-batch, as if the batch had passed through the model in one piece.

    Parameters
    ----------
    model : nn.Module
        A ParticleTransformer, unless the batch is a single micro-batch or all BatchNorms are in evaluation mode.
    batch : sequence of JetBatch
        The micro-batches.
    packed : bool
        Whether the GPU kernels for jets without padding run, for which a batch has no micro-batches (see
        `part.models.backends.packed`).

    Returns
    -------
    list of Tensor
        Logits (B, C) of each micro-batch.
    """
    if packed:
        from part.models.backends.packed import logits

        return list(logits(model, *_pad_together(batch)).split([len(micro) for micro in batch]))
    fixed = not any(module.training for module in model.modules() if isinstance(module, nn.BatchNorm1d))
    if fixed or len(batch) == 1:
        return [model(micro.x, micro.v, micro.mask) for micro in batch]
    if not isinstance(model, ParticleTransformer):
        raise TypeError(f"{type(model).__name__} needs a whole batch, not {len(batch)} micro-batches.")
    x, shared = model.embed_inputs(*_pad_together(batch))
    inputs = _split_inputs(x, shared, batch)
    return [model.forward_blocks(*own, micro.mask) for micro, own in zip(batch, inputs, strict=True)]


def _pad_together(batch: Sequence[JetBatch]) -> tuple[Tensor, Tensor, Tensor]:
    """Return x (B, N, F), v (B, N, 4) and mask (B, N) of all jets, padded to the longest."""
    longest = max(micro.mask.shape[1] for micro in batch)

    def pad(name: str) -> Tensor:
        tensors = [getattr(micro, name) for micro in batch]
        return torch.cat([F.pad(t, (0, 0) * (t.ndim - 2) + (0, longest - t.shape[1])) for t in tensors])

    return pad("x"), pad("v"), pad("mask")


def _split_inputs(
    x: Tensor, shared: Tensor | SharedInputs | None, batch: Sequence[JetBatch]
) -> Iterator[tuple[Tensor, Tensor | SharedInputs | None]]:
    """Yield the share of each micro-batch in the embedded particles x (B, N, D) and in the input of all blocks."""
    sizes = [len(micro) for micro in batch]
    bias = shared.bias if isinstance(shared, SharedInputs) else shared
    # split has one gradient tensor for all pieces; slices would have one of full size each.
    xs, biases = x.split(sizes), [None] * len(batch) if bias is None else bias.split(sizes)
    ranks = shared.rank.split(sizes) if isinstance(shared, SharedInputs) else [None] * len(batch)
    for micro, own, own_bias, rank in zip(batch, xs, biases, ranks, strict=True):
        n = micro.mask.shape[1]
        if own_bias is not None:
            square = own_bias.shape[2] == own_bias.shape[3] == x.shape[1]
            own_bias = own_bias[:, :, :n, : n if square else None]
        yield own[:, :n], own_bias if rank is None else replace(shared, rank=rank[:, :n], bias=own_bias)
