"""A forward pass that can be taken up again at any depth, with something in it replaced.

Shapes: B jets, N particles, T tokens of the particle blocks (the particles and, ahead of them, a global token where
there is one), H heads, d channels of a head, D channels, L layers, C classes, K copies of the batch.
"""

import zlib
from collections.abc import Collection
from dataclasses import replace

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch, make_batch
from part.models.attention import Tap, scoped
from part.models.linpart import Slots, rank_in_pt
from part.models.numerics.precision import running_in


def check_attention(tagger: Tagger) -> None:
    """Raises PartError for a model whose particles do not attend."""
    if not tagger.config.layers:
        raise PartError(f"A {tagger.config.model} has no attention heads to intervene on; choose a transformer.")


class Pass:
    """B jets on their way through a model.

    states: L + 1 tensors (B, T, D), before the first particle block and after each. mask (B, T), True = real.
    probabilities (B, C). heard: name -> tensor of what the tap hears, for names whose last part is in `keep`.
    """

    def __init__(self, tagger: Tagger, jets: ak.Array, keep: Collection[str] = ()):
        self.tagger, self.model = tagger, tagger.model
        self.batch: JetBatch = make_batch(jets, tagger.features).to(tagger.device)
        self.states: list[Tensor] = []
        self.heard: dict[str, Tensor] = {}

        def listen(name: str, tensor: Tensor) -> Tensor:
            if name.endswith("residual"):
                self.states.append(tensor)
            elif name.rpartition(".")[2] in keep:
                self.heard[name] = tensor
            return tensor

        with torch.inference_mode(), running_in(tagger.precision, tagger.device):
            started = self.model.prepare(self.batch.x, self.batch.v, self.batch.mask)
            x, self.bias, self.mask = self.model.with_token(*started, self.batch.mask)
            self.probabilities = probabilities(self.model.go_on(x, self.bias, self.mask, listen))

    @property
    def layers(self) -> int:
        return len(self.states) - 1

    @property
    def rank(self) -> Tensor:
        """Places of the tokens (B, T) by falling pT, from 0 on; a global token comes first, padding last."""
        rank = rank_in_pt(self.batch.v, self.batch.mask)
        ahead = self.mask.shape[1] - rank.shape[1]
        return torch.cat((torch.zeros_like(rank[:, :ahead]), rank + ahead), 1)

    def again(self, first: int, copies: int, tap: Tap, states: Tensor | None = None, alone: bool = True) -> Tensor:
        """Probabilities (K, B, C) of K copies of the batch, from the states before block `first` on.

        The tap hears all copies as one batch of K B jets, copy by copy. states (K B, T, D): in place of those heard.
        alone: only block `first` is tapped, or the class blocks where `first` is L, and the rest takes the fast way.
        """
        mask, bias = repeated(self.mask, copies), repeated(self.bias, copies)
        with torch.inference_mode(), running_in(self.tagger.precision, self.tagger.device):
            x = repeated(self.states[first], copies) if states is None else states
            rest: Tap | None = tap
            if alone and first < self.layers:
                x = self.model.blocks[first](x, mask, bias, tap=scoped(tap, f"blocks.{first}"))
                first, rest = first + 1, None
            return probabilities(self.model.go_on(x, bias, mask, rest, first)).unflatten(0, (copies, -1))

    def masked(self, masks: Tensor) -> Tensor:
        """Probabilities (K, B, C) where of each jet only the particles of masks (K, B, N) are left.

        What was computed from the whole jet, as a constituent's share of its pT, stays. A jet that would be left
        without any particle keeps all.
        """
        masks = torch.where(masks.any(-1, keepdim=True), masks, self.batch.mask)
        x, v = (repeated(t, len(masks)) for t in (self.batch.x, self.batch.v))
        with torch.inference_mode(), running_in(self.tagger.precision, self.tagger.device):
            return probabilities(self.model(x, v, masks.flatten(0, 1))).unflatten(0, (len(masks), -1))


def probabilities(logits: Tensor) -> Tensor:
    return logits.float().softmax(-1)


def repeated(tensor: Tensor | Slots | None, copies: int) -> Tensor | Slots | None:
    """K copies of a batch (K B, ...), one after the other."""
    if tensor is None or copies == 1:
        return tensor
    if isinstance(tensor, Slots):
        return replace(tensor, rank=repeated(tensor.rank, copies), bias=repeated(tensor.bias, copies))
    return tensor.repeat(copies, *[1] * (tensor.ndim - 1))


def jet_keys(jets: ak.Array) -> np.ndarray:
    """A number (J,) made of each jet's content: what is decided by it does not depend on the order of the jets."""
    px = ak.to_numpy(ak.flatten(jets["part_px"])).astype("<f4").tobytes()
    sizes = 4 * ak.to_numpy(ak.num(jets["part_px"]))
    ends = np.cumsum(sizes)
    starts = ends - sizes
    return np.array([zlib.crc32(px[a:b]) for a, b in zip(starts, ends, strict=True)], np.int64)
