"""Attention with an additive bias as one Triton kernel each way: no N x N logits or weights reach memory.

One program handles one head of one jet, a block of queries at a time against all keys: with 128 constituents and a
token at most a row of logits fits on the chip, so its softmax needs no second pass (unlike arXiv:2205.14135). The
backward pass makes the weights again instead of keeping them. Every output has one writer: results are deterministic.
Blocks of queries behind a jet's last real particle are skipped.

Shapes: B jets, H heads, N queries, M keys, d channels of a head.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

LONGEST = 256
QUERIES = 32  # in a block


@triton.jit
def attention_weights(q, k, U, u_at, rows, columns, n, m, real, scale, HAS_BIAS: tl.constexpr):
    """softmax(q k^T scale + bias) over real keys of a block of queries."""
    logits = tl.dot(q, tl.trans(k), input_precision="ieee") * scale
    if HAS_BIAS:
        inside = (rows[:, None] < n) & (columns[None, :] < m)
        logits += tl.load(U + u_at + rows[:, None] * m + columns[None, :], mask=inside, other=0.0).to(tl.float32)
    logits = tl.where(real[None, :], logits, -float("inf"))
    weights = tl.exp(logits - tl.max(logits, 1)[:, None])
    return weights / tl.sum(weights, 1)[:, None]


@triton.jit
def gradients(weights, q, k, v, g, scale):
    """What the gradient g of a block's output becomes: of its logits and q, and its share of those of k and v."""
    dv = tl.dot(tl.trans(weights).to(g.dtype), g, input_precision="ieee")
    dweights = tl.dot(g, tl.trans(v), input_precision="ieee")
    dlogits = weights * (dweights - tl.sum(weights * dweights, 1)[:, None])
    scaled = (dlogits * scale).to(q.dtype)
    dq = tl.dot(scaled, k, input_precision="ieee")
    dk = tl.dot(tl.trans(scaled), q, input_precision="ieee")
    return dlogits, dq, dk, dv


@triton.jit
def _forward(
    Q, K, V, U, MASK, LAST, OUT, n, m, scale,
    H: tl.constexpr, D: tl.constexpr, ROWS: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, HAS_BIAS: tl.constexpr,
):  # fmt: skip
    head = tl.program_id(0).to(tl.int64)
    jet = head // H
    channels, columns = tl.arange(0, D), tl.arange(0, BN)
    keys = head * m * D + columns[:, None] * D + channels[None, :]
    there = columns[:, None] < m
    k = tl.load(K + keys, mask=there, other=0.0)
    v = tl.load(V + keys, mask=there, other=0.0)
    real = tl.load(MASK + jet * m + columns, mask=columns < m, other=0) != 0
    last = tl.load(LAST + jet)
    for start in range(0, ROWS, BM):
        if start < last:
            rows = start + tl.arange(0, BM)
            at = head * n * D + rows[:, None] * D + channels[None, :]
            q = tl.load(Q + at, mask=rows[:, None] < n, other=0.0)
            weights = attention_weights(q, k, U, head * n * m, rows, columns, n, m, real, scale, HAS_BIAS)
            out = tl.dot(weights.to(v.dtype), v, input_precision="ieee")
            tl.store(OUT + at, out.to(OUT.dtype.element_ty), mask=rows[:, None] < n)


@triton.jit
def _backward(
    Q, K, V, U, MASK, LAST, G, DQ, DK, DV, DU, n, m, scale,
    H: tl.constexpr, D: tl.constexpr, ROWS: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, HAS_BIAS: tl.constexpr,
):  # fmt: skip
    head = tl.program_id(0).to(tl.int64)
    jet = head // H
    channels, columns = tl.arange(0, D), tl.arange(0, BN)
    keys = head * m * D + columns[:, None] * D + channels[None, :]
    there = columns[:, None] < m
    k = tl.load(K + keys, mask=there, other=0.0)
    v = tl.load(V + keys, mask=there, other=0.0)
    real = tl.load(MASK + jet * m + columns, mask=columns < m, other=0) != 0
    dk = tl.zeros((BN, D), tl.float32)
    dv = tl.zeros((BN, D), tl.float32)
    last = tl.load(LAST + jet)
    for start in range(0, ROWS, BM):
        if start < last:
            rows = start + tl.arange(0, BM)
            at = head * n * D + rows[:, None] * D + channels[None, :]
            q = tl.load(Q + at, mask=rows[:, None] < n, other=0.0)
            g = tl.load(G + at, mask=rows[:, None] < n, other=0.0)
            weights = attention_weights(q, k, U, head * n * m, rows, columns, n, m, real, scale, HAS_BIAS)
            dlogits, dq, dk_share, dv_share = gradients(weights, q, k, v, g, scale)
            dk += dk_share
            dv += dv_share
            if HAS_BIAS:
                inside = (rows[:, None] < n) & (columns[None, :] < m)
                place = DU + head * n * m + rows[:, None] * m + columns[None, :]
                tl.store(place, dlogits.to(DU.dtype.element_ty), mask=inside)
            tl.store(DQ + at, dq.to(DQ.dtype.element_ty), mask=rows[:, None] < n)
    tl.store(DK + keys, dk.to(DK.dtype.element_ty), mask=there)
    tl.store(DV + keys, dv.to(DV.dtype.element_ty), mask=there)


def flash(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor) -> Tensor:
    """Attention as `attention.fused`, differentiable in q, k, v and bias.

    q (B, H, N, d), k and v (B, H, M, d), bias (B, H, N, M) or None, mask (B, M) bool, True = real, at least one
    a jet -> (B, H, N, d). N, M <= 256; d a power of two from 16 on. Where queries are the keys (N = M), those
    behind the last real one come out as zeros.
    """
    if max(q.shape[2], k.shape[2]) > LONGEST:
        raise ValueError(f"flash takes up to {LONGEST} particles, not {max(q.shape[2], k.shape[2])}")
    return _Flash.apply(q, k, v, bias, mask)


class _Flash(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, bias, mask):
        q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
        bias = None if bias is None else bias.contiguous()
        out = torch.zeros_like(q)
        ctx.save_for_backward(q, k, v, bias, mask)
        _launch(_forward, q, k, v, bias, mask, (out,))
        return out

    @staticmethod
    def backward(ctx, gradient):
        q, k, v, bias, mask = ctx.saved_tensors
        made = [torch.zeros_like(q), torch.empty_like(k), torch.empty_like(v)]
        made.append(q if bias is None else torch.zeros_like(bias))  # without a bias a place that is never written
        _launch(_backward, q, k, v, bias, mask, (gradient.contiguous(), *made))
        return *made[:3], None if bias is None else made[3], None


def _launch(kernel, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor, rest: tuple) -> None:
    (jets, heads, n, width), m = q.shape, k.shape[2]
    last = torch.full((jets,), n, dtype=torch.int32, device=q.device)
    if n == m:
        last = (mask * torch.arange(1, m + 1, device=q.device)).amax(1).to(torch.int32)
    kernel[(jets * heads,)](
        q, k, v, q if bias is None else bias, mask.contiguous().to(torch.int8), last, *rest, n, m, width**-0.5,
        H=heads, D=width, ROWS=triton.next_power_of_2(n), BM=QUERIES, BN=max(16, triton.next_power_of_2(m)),
        HAS_BIAS=bias is not None,
    )  # fmt: skip
