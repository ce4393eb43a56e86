"""Attention on packed tokens, of jets of many lengths in one tensor: nothing is spent on padding.

The programs are those of `flash.py`, a head of a jet each, which here find their tokens by where each jet starts. The
bias is packed, too: a square of each jet and head. Its gradient is summed over the layers in one place: a layer hands
the bias on to the next, and in the backward pass takes the sum of the later layers and adds its own to it. Each place
has one writer, so results are deterministic.

Shapes: B jets, T real particles of all jets, H heads, D channels, d = D / H channels of a head, S = sum of n squared
over the jets.
"""

import itertools
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from part.models.kernels.attention import LONGEST, QUERIES, attention_weights, gradients

HEADS = (16, 32, 64)  # channels a head may have
GROUPS = (31, 63)  # particles of the longest jet of a launch, so that a class token still fits into a power of two


@dataclass(frozen=True)
class Layout:
    """Where each jet's particles and its square of bias lie.

    real: (T,), the real particles' places among the B N slots. starts, squares: (B + 1,), where each jet's particles
    and square start. longest, pairs, area: the longest jet's particles, real pairs i >= j of all jets, and S. These
    three are known on the host. order: (B,), the jets as programs take them; groups: of them, how many a launch takes
    and how long they are at most.
    """

    real: Tensor
    starts: Tensor
    squares: Tensor
    longest: int
    pairs: int
    area: int
    order: Tensor
    groups: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, mask: Tensor) -> "Layout":
        """Of mask (B, N), True = real. It waits for the device, once."""
        lengths = mask.sum(1)
        counts = lengths.tolist()
        real = torch.nonzero_static(mask.flatten(), size=sum(counts))[:, 0]
        starts, squares = (F.pad(t.cumsum(0), (1, 0)) for t in (lengths, lengths**2))
        pairs, area = (sum(n * (n + 1) // 2 for n in counts), sum(n * n for n in counts))
        return cls(real, starts, squares, max(counts), pairs, area, lengths.argsort(stable=True), _groups(counts))

    @classmethod
    def of_any(cls, starts: Tensor, squares: Tensor, longest: int, area: int) -> "Layout":
        """Of jets that are not known yet, but for the sizes they must fit into."""
        order = torch.arange(len(starts) - 1, device=starts.device)
        return cls(starts[:0], starts, squares, longest, 0, area, order, ((len(order), longest),))

    @property
    def jets(self) -> int:
        return len(self.starts) - 1

    def pair_places(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of all P pairs i >= j: their particles i and j of T, and their two places in S."""
        lengths, device = self.starts.diff(), self.starts.device
        jet = torch.arange(self.jets, device=device).repeat_interleave(lengths, output_size=len(self.real))
        tokens = torch.arange(len(self.real), device=device)
        row = tokens - self.starts[jet]
        i = tokens.repeat_interleave(row + 1, output_size=self.pairs)
        column = torch.arange(self.pairs, device=device) - ((row + 1).cumsum(0) - row - 1)[i]
        jet, row = jet[i], row[i]
        square, n = self.squares[jet], lengths[jet]
        return i, self.starts[jet] + column, square + row * n + column, square + column * n + row


def _groups(counts: list[int]) -> tuple[tuple[int, int], ...]:
    """How many jets of these lengths a launch takes, and the longest of them."""
    edges = [-1, *GROUPS, max(counts)]
    inside = [[n for n in counts if low < n <= high] for low, high in itertools.pairwise(edges)]
    return tuple((len(some), max(some)) for some in inside if some)


@triton.jit
def _jet(STARTS, jet, jets, columns, TOKEN: tl.constexpr):
    """A jet's first row among the queries, its queries, its keys, their first row, and their rows counted from it.

    Only what is one number a program is 64 bits wide: wide tiles of addresses would spill registers.
    """
    start = tl.load(STARTS + jet)
    length = (tl.load(STARTS + jet + 1) - start).to(tl.int32)
    if TOKEN:  # class tokens ask; among the keys they are the first B rows
        first, n, m = jet, length * 0 + 1, length + 1
        first_key = jets + start - 1
        keys = tl.where(columns == 0, jet - first_key, columns)
    else:
        first, n, m = start, length, length
        first_key, keys = start, columns
    return first, n, m, first_key, keys


@triton.jit(do_not_specialize=["skip", "jets", "area"])
def _forward(
    Q, K, V, U, ORDER, STARTS, SQUARES, OUT, q_step, k_step, v_step, skip, jets, area, scale,
    H: tl.constexpr, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, TOKEN: tl.constexpr, HAS_BIAS: tl.constexpr,
):  # fmt: skip
    jet, head = tl.load(ORDER + skip + tl.program_id(0) // H), (tl.program_id(0) % H).to(tl.int64)
    channels, columns = tl.arange(0, D)[None, :], tl.arange(0, BN)
    first, n, m, first_key, keys = _jet(STARTS, jet, jets, columns, TOKEN)
    begin = tl.program_id(1) * BM
    if begin < n:
        rows, there = begin + tl.arange(0, BM), columns < m
        asked = rows[:, None] < n
        k = tl.load(K + first_key * k_step + head * D + keys[:, None] * k_step + channels, there[:, None], other=0.0)
        v = tl.load(V + first_key * v_step + head * D + keys[:, None] * v_step + channels, there[:, None], other=0.0)
        q = tl.load(Q + first * q_step + head * D + rows[:, None] * q_step + channels, asked, other=0.0)
        u_at = head * area + tl.load(SQUARES + jet)
        weights = attention_weights(q, k, U, u_at, rows, columns, n, m, there, scale, HAS_BIAS)
        out = tl.dot(weights.to(v.dtype), v, input_precision="ieee")
        place = OUT + (first * H + head) * D + rows[:, None] * (H * D) + channels
        tl.store(place, out.to(OUT.dtype.element_ty), asked)


@triton.jit(do_not_specialize=["skip", "jets", "area"])
def _backward(
    Q, K, V, U, ORDER, STARTS, SQUARES, G, DQ, DK, DV, DU, q_step, k_step, v_step, skip, jets, area, scale,
    H: tl.constexpr, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, TOKEN: tl.constexpr, HAS_BIAS: tl.constexpr,
    ADD: tl.constexpr,
):  # fmt: skip
    jet, head = tl.load(ORDER + skip + tl.program_id(0) // H), (tl.program_id(0) % H).to(tl.int64)
    channels, columns = tl.arange(0, D)[None, :], tl.arange(0, BN)
    first, n, m, first_key, keys = _jet(STARTS, jet, jets, columns, TOKEN)
    there = columns < m
    k = tl.load(K + first_key * k_step + head * D + keys[:, None] * k_step + channels, there[:, None], other=0.0)
    v = tl.load(V + first_key * v_step + head * D + keys[:, None] * v_step + channels, there[:, None], other=0.0)
    u_at = head * area + tl.load(SQUARES + jet)
    dk = tl.zeros((BN, D), tl.float32)
    dv = tl.zeros((BN, D), tl.float32)
    for begin in range(0, BM if TOKEN else BN, BM):
        if begin < n:
            rows = begin + tl.arange(0, BM)
            asked = rows[:, None] < n
            packed = (first * H + head) * D
            within = rows[:, None] * (H * D) + channels
            q = tl.load(Q + first * q_step + head * D + rows[:, None] * q_step + channels, asked, other=0.0)
            g = tl.load(G + packed + within, asked, other=0.0)
            weights = attention_weights(q, k, U, u_at, rows, columns, n, m, there, scale, HAS_BIAS)
            dlogits, dq, dk_share, dv_share = gradients(weights, q, k, v, g, scale)
            dk += dk_share
            dv += dv_share
            if HAS_BIAS:
                inside = asked & there[None, :]
                place = DU + u_at + rows[:, None] * m + columns[None, :]
                if ADD:
                    dlogits += tl.load(place, inside, other=0.0).to(tl.float32)
                tl.store(place, dlogits.to(DU.dtype.element_ty), inside)
            tl.store(DQ + packed + within, dq.to(DQ.dtype.element_ty), asked)
    packed = (first_key * H + head) * D
    within = keys[:, None] * (H * D) + channels
    tl.store(DK + packed + within, dk.to(DK.dtype.element_ty), there[:, None])
    tl.store(DV + packed + within, dv.to(DV.dtype.element_ty), there[:, None])


def attend(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, layout: Layout, heads: int
) -> tuple[Tensor, Tensor | None]:
    """Attention of each jet's particles among themselves -> (T, D), and the bias for the next layer.

    q, k, v (T, D), each row in one piece; bias (H, S) or None; d one of HEADS. Differentiable. Let the bias go from
    layer to layer and nowhere else: its gradient is added up in place.
    """
    return _Attend.apply(q, k, v, bias, layout, heads, False)


def ask(q: Tensor, k: Tensor, v: Tensor, layout: Layout, heads: int) -> Tensor:
    """What a class token of each jet, q (B, D), hears of itself and of its jet: k, v (B + T, D), tokens first."""
    return _Attend.apply(q, k, v, None, layout, heads, True)[0]


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, bias, layout, heads, token):
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(q, k, v, bias)
        ctx.options = layout, heads, token
        out = q.new_empty(q.shape)
        _launch(_forward, True, q, k, v, bias, *ctx.options, (out,))
        return out, bias

    @staticmethod
    def backward(ctx, gradient, later):
        q, k, v, bias = ctx.saved_tensors
        dq, dk, dv = (t.new_empty(t.shape) for t in (q, k, v))
        dbias = q  # without a bias a place that is never written
        if bias is not None:
            dbias = torch.empty_like(bias) if later is None else later.contiguous()
        made = (gradient.contiguous(), dq, dk, dv, dbias)
        _launch(_backward, False, q, k, v, bias, *ctx.options, made, ADD=later is not None)
        return dq, dk, dv, None if bias is None else dbias, None, None, None


def _launch(
    kernel, by_blocks: bool, q, k, v, bias, layout: Layout, heads: int, token: bool, rest: tuple, **options
) -> None:
    """by_blocks: whether a jet's queries are shared out to several programs. One that takes them all spills the fewest
    registers, of more than 64 keys, with eight warps."""
    if layout.longest + token > LONGEST:
        raise ValueError(f"varlen attention takes up to {LONGEST} keys, not {layout.longest + token}")
    width, first = q.shape[1] // heads, 0
    steps = (q.stride(0), k.stride(0), v.stride(0))
    for jets, longest in layout.groups:
        blocks, keys = triton.cdiv(longest, QUERIES), max(16, triton.next_power_of_2(longest + token))
        kernel[(jets * heads, blocks if by_blocks and not token else 1)](
            q, k, v, q if bias is None else bias, layout.order, layout.starts, layout.squares, *rest, *steps, first,
            layout.jets, layout.area, width**-0.5, H=heads, D=width, BM=16 if token else QUERIES, BN=keys, TOKEN=token,
            HAS_BIAS=bias is not None, num_warps=8 if keys > 64 and not by_blocks else 4,
            **options,
        )  # fmt: skip
        first += jets
