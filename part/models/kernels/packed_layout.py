"""The positions of jets of different lengths in packed tensors, which hold no padding.

Shapes: B jets, N particles, T real particles of all jets, S = sum of n squared over the jets of n particles, P pairs
(i >= j) of all jets.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

LENGTH_EDGES = (31, 63)  # longest jets of the launches; with a class token each still fits into a power of two


@dataclass(frozen=True)
class PackedLayout:
    """The positions of each jet's particles, and of its square of the bias, in packed tensors.

    Attributes
    ----------
    token_index : Tensor (T,)
        Positions of the real particles in the padded batch, flattened to (B N,).
    cu_seqlens : Tensor (B + 1,)
        Cumulative lengths: jet b has the tokens from cu_seqlens[b] to before cu_seqlens[b + 1].
    bias_offsets : Tensor (B + 1,)
        Cumulative squared lengths, where each jet's square of the bias begins.
    max_seqlen, n_pairs, bias_size : int
        Particles of the longest jet, P, and S; known on the host.
    launch_order : Tensor (B,)
        The jets by length, in the order in which programs handle them.
    launches : tuple of (int, int)
        The number of jets of each launch and the length of its longest jet.
    """

    token_index: Tensor
    cu_seqlens: Tensor
    bias_offsets: Tensor
    max_seqlen: int
    n_pairs: int
    bias_size: int
    launch_order: Tensor
    launches: tuple[tuple[int, int], ...]

    @classmethod
    def from_mask(cls, mask: Tensor) -> "PackedLayout":
        """Return the layout of a padded batch, mask (B, N), True for real. Waits for the device once."""
        lengths = mask.sum(1)
        counts = lengths.tolist()
        token_index = torch.nonzero_static(mask.flatten(), size=sum(counts))[:, 0]
        cu_seqlens, bias_offsets = (F.pad(t.cumsum(0), (1, 0)) for t in (lengths, lengths**2))
        n_pairs, bias_size = (sum(n * (n + 1) // 2 for n in counts), sum(n * n for n in counts))
        order = lengths.argsort(stable=True)
        return cls(token_index, cu_seqlens, bias_offsets, max(counts), n_pairs, bias_size, order, _launches(counts))

    @classmethod
    def placeholder(cls, cu_seqlens: Tensor, bias_offsets: Tensor, max_seqlen: int, bias_size: int) -> "PackedLayout":
        """Return a layout whose tensors are filled in later, with the sizes that all jets must fit into."""
        order = torch.arange(len(cu_seqlens) - 1, device=cu_seqlens.device)
        launches = ((len(order), max_seqlen),)
        return cls(cu_seqlens[:0], cu_seqlens, bias_offsets, max_seqlen, 0, bias_size, order, launches)

    @property
    def n_jets(self) -> int:
        return len(self.cu_seqlens) - 1

    def pair_indices(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return for all P pairs i >= j the tokens i and j (of T) and the positions of (i, j) and (j, i) (of S)."""
        lengths, device = self.cu_seqlens.diff(), self.cu_seqlens.device
        jet = torch.arange(self.n_jets, device=device).repeat_interleave(lengths, output_size=len(self.token_index))
        tokens = torch.arange(len(self.token_index), device=device)
        row = tokens - self.cu_seqlens[jet]
        i = tokens.repeat_interleave(row + 1, output_size=self.n_pairs)
        column = torch.arange(self.n_pairs, device=device) - ((row + 1).cumsum(0) - row - 1)[i]
        jet, row = jet[i], row[i]
        offset, n = self.bias_offsets[jet], lengths[jet]
        return i, self.cu_seqlens[jet] + column, offset + row * n + column, offset + column * n + row


def _launches(counts: list[int]) -> tuple[tuple[int, int], ...]:
    """Group jets of these lengths into launches, so that short jets do not get tiles as wide as the longest."""
    edges = [-1, *LENGTH_EDGES, max(counts)]
    groups = [[n for n in counts if low < n <= high] for low, high in itertools.pairwise(edges)]
    return tuple((len(group), max(group)) for group in groups if group)
