"""A residual stream as different readers see it: of some senders with what they add, of others with what replaces it.

Shapes: B jets, T tokens, H heads, d channels of a head, D channels, S senders.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from part.analysis.circuits.edges.split_pass import added_by_heads, scaled
from part.models.transformer import Block


class Stream:
    """The stream through some blocks; its senders are an embedding, if any, then heads and feed-forward of each block.

    Two streams are kept in full, one in which everything is replaced and one in which nothing is that was computed.
    What a reader reads differs from the nearer one by a few senders.

    Parameters
    ----------
    blocks : sequence of Block
    senders : tuple of int
        The nodes (S,).
    replaced : Tensor (B, T, D)
        What enters the first block if it is replaced, or in any case.
    own : Tensor (B, T, D), optional
        What enters it otherwise, if this was computed.
    has_embedding : bool
        Whether the first sender is what enters.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        senders: tuple[int, ...],
        replaced: Tensor,
        own: Tensor | None,
        has_embedding: bool = True,
    ):
        self._blocks, self._offset = blocks, int(has_embedding)
        self._heads = blocks[0].heads if len(blocks) else 0
        self._computed = np.zeros(len(senders), bool)
        self._computed[: self._offset] = own is not None
        self._enters = replaced, replaced if own is None else own
        self._pure, self._actual = [replaced], [self._enters[1]]  # before each block, then after its heads
        self._outputs: list[tuple[Tensor, Tensor]] = []  # of heads (B, T, H, d), replaced and own
        self._ffn: list[tuple[Tensor, Tensor]] = []
        self._added: dict[tuple[int, bytes], Tensor] = {}

    def add_heads(self, i: int, replaced: Tensor, needed: np.ndarray, own: Tensor) -> None:
        """Add the outputs of the heads of block i (B, H, T, d), of which `needed` (H,) were computed."""
        self._outputs.append((replaced.transpose(1, 2), own.transpose(1, 2)))
        self._computed[self._places(i)] = needed
        self._pure.append(self._pure[-1] + self._by_heads(i, np.zeros(self._heads, bool)))
        self._actual.append(self._actual[-1] + self._by_heads(i, needed))

    def add_ffn(self, i: int, replaced: Tensor, own: Tensor | None) -> None:
        """Add what the feed-forward part of block i adds (B, T, D), None if it was not computed."""
        self._ffn.append((replaced, replaced if own is None else own))
        self._computed[self._places(i).stop] = own is not None
        scale = self._blocks[i].w_resid
        self._pure[-1] = scaled(scale, self._pure[-1]) + replaced
        self._actual[-1] = scaled(scale, self._actual[-1]) + self._ffn[-1][1]

    def read(self, row: np.ndarray, depth: int) -> Tensor:
        """Return the stream (B, T, D) at its present end, `depth` whole blocks behind it.

        Parameters
        ----------
        row : ndarray (up to S,), bool
            Of which senders what they add is heard; what was not computed is replaced in any case.
        depth : int
        """
        heard = row & self._computed[: len(row)]
        from_actual = 2 * heard.sum() > self._computed[: len(row)].sum()
        base = self._computed[: len(row)] if from_actual else np.zeros(len(row), bool)
        x = (self._actual if from_actual else self._pure)[-1]
        if (heard == base).all():
            return x
        if self._offset and heard[0] != base[0]:
            x = x + self._at_depth(self._enters[int(heard[0])] - self._enters[int(base[0])], 0, depth)
        for i in range(len(self._outputs)):
            heads = self._places(i)
            if heads.start < len(row) and (heard[heads] != base[heads]).any():
                x = x + self._at_depth(self._by_heads(i, heard[heads]) - self._by_heads(i, base[heads]), i, depth)
            if heads.stop < len(row) and heard[heads.stop] != base[heads.stop]:
                replaced, own = self._ffn[i]
                change = own - replaced if heard[heads.stop] else replaced - own
                x = x + self._at_depth(change, i + 1, depth)
        return x

    def _places(self, i: int) -> slice:
        start = self._offset + i * (self._heads + 1)
        return slice(start, start + self._heads)

    def _at_depth(self, change: Tensor, first: int, depth: int) -> Tensor:
        """Return a change of the stream as the residual connections of blocks `first` to `depth` scale it."""
        for block in self._blocks[first:depth]:
            change = scaled(block.w_resid, change)
        return change

    def _by_heads(self, i: int, own: np.ndarray) -> Tensor:
        """Return what the heads of block i add (B, T, D), some (H,) with their own outputs and the others replaced."""
        key = i, own.tobytes()
        if key not in self._added:
            replaced, computed = self._outputs[i]
            chosen = torch.as_tensor(own, device=replaced.device)[:, None]
            block = self._blocks[i]
            self._added[key] = added_by_heads(block, block.attn.out(torch.where(chosen, computed, replaced).flatten(2)))
        return self._added[key]
