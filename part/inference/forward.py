"""A forward pass that can be resumed at any depth, with some of its tensors replaced.

Shapes: B jets, N particles, T tokens of the particle blocks (the particles, preceded by a global token where there is
one), H heads, d channels of a head, D channels, L layers, C classes, K copies of the batch.
"""

import zlib
from collections.abc import Collection
from dataclasses import replace
from typing import Any, cast

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.inference.cache import ActivationCache
from part.inference.checks import check_jets, check_outputs
from part.inference.tagger import Tagger
from part.jets.buffers import token_rows
from part.jets.features import JetBatch, make_batch
from part.jets.schema import INPUTS
from part.models.attention import Tap
from part.models.linpart import SharedInputs, rank_in_pt
from part.models.numerics.precision import autocast
from part.models.transformer import ParticleTransformer


class CachedForward:
    """The forward pass of B jets through a model, with the states between its blocks.

    Parameters
    ----------
    tagger : Tagger
        A model with attention.
    jets : ak.Array
        B jets.
    names : collection of str
        Further tensors to record, by the last part of their tap name.

    Attributes
    ----------
    states : list of Tensor (B, T, D)
        L + 1 tensors: the residual stream before the first particle block and after each block.
    mask : Tensor (B, T), bool
        True = real.
    bias : Tensor (B, H, T, T) or None
        The interaction bias that all blocks share.
    probabilities : Tensor (B, C)
    cache : ActivationCache
        The recorded tensors.
    """

    def __init__(self, tagger: Tagger, jets: ak.Array, names: Collection[str] = ()):
        self.tagger, self.model = tagger, cast(ParticleTransformer, tagger.model)
        check_jets(jets, tagger.features, tagger.name)
        self.batch: JetBatch = make_batch(jets, tagger.features).to(tagger.device)
        self.cache = ActivationCache({*names, "residual"})
        with torch.inference_mode(), autocast(tagger.precision, tagger.device):
            embedded = self.model.embed_inputs(self.batch.x, self.batch.v, self.batch.mask)
            x, self.bias, self.mask = self.model.prepend_class_token(*embedded, self.batch.mask)
            self.probabilities = self._probabilities(
                self.model.forward_from_block(x, self.bias, self.mask, self.cache.record)
            )
        check_outputs(self.probabilities, tagger.model, tagger.name, jets)
        self.states: list[Tensor] = [t for name, t in self.cache.items() if name.endswith("residual")]

    @property
    def layers(self) -> int:
        return len(self.states) - 1

    @property
    def pt_rank(self) -> Tensor:
        """The rank of each token in pT (B, T), 0 for the leading one; a global token comes first, padding last."""
        rank = rank_in_pt(self.batch.v, self.batch.mask)
        n_prefix = self.mask.shape[1] - rank.shape[1]
        return torch.cat((torch.zeros_like(rank[:, :n_prefix]), rank + n_prefix), 1)

    def rerun_from(
        self, first: int, copies: int, tap: Tap | None, states: Tensor | None = None, only_first: bool = True
    ) -> Tensor:
        """Repeat the pass from one block on, for several copies of the batch at once.

        Parameters
        ----------
        first : int
            The block to start at, counted from 0; L means the class blocks.
        copies : int
            K. The tap receives all copies as one batch of K B jets, copy by copy.
        tap : callable or None
            Records or replaces tensors.
        states : Tensor (K B, T, D), optional
            The residual stream before block `first`, in place of the recorded one.
        only_first : bool
            Whether the tap applies to block `first` alone, so that the remaining blocks take the fused path.

        Returns
        -------
        Tensor (K, B, C)
            Probabilities.
        """
        mask, bias = tile_batch(self.mask, copies), tile_batch(self.bias, copies)
        with torch.inference_mode(), autocast(self.tagger.precision, self.tagger.device):
            x = tile_batch(self.states[first], copies) if states is None else states
            remaining_tap = tap
            if only_first and first < self.layers:
                x = self.model.run_block(first, x, bias, mask, tap)
                first, remaining_tap = first + 1, None
            logits = self.model.forward_from_block(x, bias, mask, remaining_tap, first)
            return self._probabilities(logits).unflatten(0, (copies, -1))

    def with_particles(self, masks: Tensor) -> Tensor:
        """Return the probabilities (K, B, C) with only some particles of each jet left, masks (K, B, N).

        Inputs that were computed from the whole jet, such as a constituent's share of its pT, do not change. A jet
        that would lose all its particles keeps all of them.
        """
        masks = torch.where(masks.any(-1, keepdim=True), masks, self.batch.mask)
        x, v = (tile_batch(t, len(masks)) for t in (self.batch.x, self.batch.v))
        with torch.inference_mode(), autocast(self.tagger.precision, self.tagger.device):
            return self._probabilities(self.model(x, v, masks.flatten(0, 1))).unflatten(0, (len(masks), -1))

    def _probabilities(self, outputs: Tensor) -> Tensor:
        """Return the softmax over classes, in float32."""
        return self.tagger.of_classes(outputs).float().softmax(-1)


def tile_batch(tensor: Any, copies: int) -> Any:
    """Return K copies of a batch, one after the other: of a tensor (K B, ...), of SharedInputs, or None."""
    if tensor is None or copies == 1:
        return tensor
    if isinstance(tensor, SharedInputs):
        return replace(tensor, rank=tile_batch(tensor.rank, copies), bias=tile_batch(tensor.bias, copies))
    return tensor.repeat(copies, *[1] * (tensor.ndim - 1))


def jet_hashes(jets: ak.Array) -> np.ndarray:
    """Return a number (J,) for each jet from its content, so that random choices do not depend on the jets' order."""
    if "part_px" in jets.fields:
        counts, values = ak.to_numpy(ak.num(jets["part_px"])), ak.to_numpy(ak.flatten(jets["part_px"]))
    else:
        counts, values = token_rows(jets[INPUTS])
    content, ends = np.ascontiguousarray(values, "<f4"), np.cumsum(counts)
    rows = zip(ends - counts, ends, strict=True)
    return np.array([zlib.crc32(content[a:b].tobytes()) for a, b in rows], np.int64)
