"""A forward pass that can be resumed at any depth, with some of its tensors replaced.

Shapes: B jets, N particles, T tokens of the particle blocks (the particles, preceded by a global token where there is
one), H heads, d channels of a head, D channels, L layers, C classes, K copies of the batch.
"""

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import awkward as ak
import torch
from torch import Tensor

from part.inference.cache import ActivationCache
from part.inference.checks import check_jets, check_outputs
from part.inference.subsets import compiled_forward, logits_of_subsets, tokens_at_once
from part.inference.tagger import Tagger
from part.jets.features import JetBatch, make_batch
from part.models.attention import Tap
from part.models.linpart import SharedInputs, rank_in_pt
from part.models.numerics.precision import autocast
from part.models.transformer import Block, ParticleTransformer

HEAD_OUTPUT = "head_output"  # name of the tap


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
        self.cache = ActivationCache(names)
        # Attention is only computed step by step, as a tap needs it, where its tensors are recorded.
        tap = self.cache.record if names else None
        self.states: list[Tensor] = []
        with self._computing():
            embedded = self.model.embed_inputs(self.batch.x, self.batch.v, self.batch.mask)
            x, self.bias, self.mask = self.model.prepend_class_token(*embedded, self.batch.mask)
            for i in range(len(self.model.blocks)):
                self.states.append(x)
                x = self.model.run_block(i, x, self.bias, self.mask, tap)
            self.states.append(x)
            self.probabilities = self._probabilities(
                self.model.forward_from_block(x, self.bias, self.mask, tap, self.layers)
            )
        check_outputs(self.probabilities, tagger.model, tagger.name, jets)

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
        with self._computing():
            x = tile_batch(self.states[first], copies) if states is None else states
            remaining_tap = tap
            if only_first and first < self.layers:
                x = self.model.run_block(first, x, bias, mask, tap)
                first, remaining_tap = first + 1, None
            logits = self.model.forward_from_block(x, bias, mask, remaining_tap, first)
            return self._probabilities(logits).unflatten(0, (copies, -1))

    def head_output(self, i: int) -> Tensor:
        """Return the outputs (B, H, T, d) of the heads of particle block i, which are computed if not recorded."""
        name = f"blocks.{i}.{HEAD_OUTPUT}"
        if name not in self.cache:
            recorded = ActivationCache({name})
            with self._computing():
                self.model.run_block(i, self.states[i], self.bias, self.mask, recorded.record)
            self.cache[name] = recorded[name]
        return self.cache[name]

    def states_after(self, i: int, head_outputs: Tensor) -> Tensor:
        """Return the states (K, B, T, D) after particle block i, with other outputs of its heads (K, B, H, T, d)."""
        block = cast(Block, self.model.blocks[i])
        with self._computing():
            normed = block.pre_attn_norm(self.states[i])  # matters for gates only

            def finish_block(outputs: Tensor, copies: int) -> Tensor:
                attended = block.attn.project_output(outputs, tile_batch(normed, copies), None)
                return block.residual_and_ffn(tile_batch(self.states[i], copies), attended)

            return self._by_chunks(finish_block, head_outputs)

    def states_with_tap(self, i: int, copies: int, tap: Tap) -> Tensor:
        """Return the states (K, B, T, D) after particle block i, whose tap receives K copies of the batch as one."""
        inputs = (tile_batch(t, copies) for t in (self.states[i], self.bias, self.mask))
        with self._computing():
            return self.model.run_block(i, *inputs, tap).unflatten(0, (copies, -1))

    def finish(self, entering: Mapping[int, Tensor]) -> Tensor:
        """Carry other states through the remaining blocks, all that have reached a block together.

        Parameters
        ----------
        entering : mapping of int to Tensor (k, B, T, D)
            States by the block before which they enter, counted from 0; L means the class blocks.

        Returns
        -------
        Tensor (K, B, C)
            Probabilities, in the order of the blocks that the states enter.
        """
        states = torch.cat([entering[i] for i in sorted(entering)])
        if (compiled := compiled_forward(self.tagger)) is not None:
            first = torch.tensor([i for i in sorted(entering) for _ in entering[i]])
            outputs = compiled.resume(states, first, self.batch.v, self.batch.mask)
            return self._probabilities(outputs.flatten(0, 1)).unflatten(0, outputs.shape[:2])
        with self._computing():
            n_active = 0
            for i in range(min(entering), self.layers):
                n_active += len(entering[i]) if i in entering else 0
                states[:n_active] = self._by_chunks(
                    lambda x, copies, i=i: self.model.run_block(i, x, *self._tiled(copies)), states[:n_active]
                )
            return self._by_chunks(
                lambda x, copies: self._probabilities(
                    self.model.forward_from_block(x, *self._tiled(copies), None, self.layers)
                ),
                states,
            )

    def with_particles(self, masks: Tensor) -> Tensor:
        """Return the probabilities (K, B, C) with only some particles of each jet left, masks (K, B, N).

        Inputs that were computed from the whole jet, such as a constituent's share of its pT, do not change. A jet
        that would lose all its particles keeps all of them.
        """
        masks = torch.where(masks.any(-1, keepdim=True), masks, self.batch.mask)
        compiled = compiled_forward(self.tagger)
        if (
            isinstance(self.bias, SharedInputs) and compiled is None
        ):  # slots depend on the rank of each particle among those that are left
            x, v = (tile_batch(t, len(masks)) for t in (self.batch.x, self.batch.v))
            with self._computing():
                return self._probabilities(self.model(x, v, masks.flatten(0, 1))).unflatten(0, (len(masks), -1))
        probabilities = self.probabilities.repeat(len(masks), 1, 1)
        copy, jet = (masks != self.batch.mask).any(-1).nonzero(as_tuple=True)
        if len(copy) and compiled is not None:
            outputs = compiled(self.batch.x[jet], self.batch.v[jet], masks[copy, jet])
            probabilities[copy, jet] = self._probabilities(outputs)
        elif len(copy):
            n_prefix = self.mask.shape[1] - masks.shape[2]
            x = self.states[0][:, n_prefix:]
            bias = None if self.bias is None else self.bias[:, :, n_prefix:, n_prefix:]
            with self._computing():
                logits = logits_of_subsets(self.model, x, bias, jet, masks[copy, jet])
                probabilities[copy, jet] = self._probabilities(logits)
        return probabilities

    def _by_chunks(self, function: Callable[[Tensor, int], Tensor], copies: Tensor) -> Tensor:
        """Return what a function makes of tensors (K, B, ...), of some copies (k B, ...) and their number k at a time.

        So few copies share a call that a block's activations stay in the cache of a CPU.
        """
        size = max(1, tokens_at_once(copies.device) // self.mask.numel())
        chunks = [
            function(chunk.flatten(0, 1), len(chunk)).unflatten(0, (len(chunk), -1)) for chunk in copies.split(size)
        ]
        return torch.cat(chunks)

    def _tiled(self, copies: int) -> tuple[Any, Tensor]:
        return tile_batch(self.bias, copies), tile_batch(self.mask, copies)

    @contextmanager
    def _computing(self) -> Generator[None]:
        """Compute without gradients, in the tagger's precision."""
        with torch.inference_mode(), autocast(self.tagger.precision, self.tagger.device):
            yield

    def _probabilities(self, outputs: Tensor) -> Tensor:
        """Return the softmax over classes, in float32."""
        return self.tagger.of_classes(outputs).float().softmax(-1)


def tile_batch(tensor: Any, copies: int) -> Any:
    """Return K copies of a batch, one after the other: of a tensor (K B, ...), of SharedInputs, or None."""
    if tensor is None or copies == 1:
        return tensor  # copies of a batch of one jet share its memory, too, see below
    if isinstance(tensor, SharedInputs):
        return replace(tensor, rank=tile_batch(tensor.rank, copies), bias=tile_batch(tensor.bias, copies))
    ones = [1] * (tensor.ndim - 1)
    return tensor.expand(copies, *(-1 for _ in ones)) if len(tensor) == 1 else tensor.repeat(copies, *ones)
