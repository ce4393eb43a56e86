"""Attention with an additive bias as one Triton kernel for each pass: no N x N logits or weights are written to memory.

One program handles one head of one jet, a block of queries at a time against all keys. With 128 constituents and a
class token at most, a row of logits fits on the chip, so its softmax needs no second pass (unlike arXiv:2205.14135).
The backward pass computes the weights again instead of storing them. Every output element is written by one program
only, so results are deterministic. Blocks of queries beyond a jet's last real particle are skipped.

Shapes: B jets, H heads, N queries, M keys, d channels of a head.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

MAX_KEYS = 256
QUERY_BLOCK = 32


@triton.jit
def attention_weights(q, k, BIAS, bias_offset, rows, columns, n, m, key_mask, scale, HAS_BIAS: tl.constexpr):
    """Compute softmax(q k^T scale + bias) over the real keys for a block of queries."""
    logits = tl.dot(q, tl.trans(k), input_precision="ieee") * scale
    if HAS_BIAS:
        in_range = (rows[:, None] < n) & (columns[None, :] < m)
        address = BIAS + bias_offset + rows[:, None] * m + columns[None, :]
        logits += tl.load(address, mask=in_range, other=0.0).to(tl.float32)
    logits = tl.where(key_mask[None, :], logits, -float("inf"))
    weights = tl.exp(logits - tl.max(logits, 1)[:, None])
    return weights / tl.sum(weights, 1)[:, None]


@triton.jit
def attention_gradients(weights, q, k, v, g, scale):
    """Compute from a block's output gradient g those of its logits and q, and its contribution to those of k and v."""
    dv = tl.dot(tl.trans(weights).to(g.dtype), g, input_precision="ieee")
    dweights = tl.dot(g, tl.trans(v), input_precision="ieee")
    dlogits = weights * (dweights - tl.sum(weights * dweights, 1)[:, None])
    scaled = (dlogits * scale).to(q.dtype)
    dq = tl.dot(scaled, k, input_precision="ieee")
    dk = tl.dot(tl.trans(scaled), q, input_precision="ieee")
    return dlogits, dq, dk, dv


@triton.jit
def _forward_kernel(
    Q, K, V, BIAS, MASK, LAST, OUT, n, m, scale,
    H: tl.constexpr, D: tl.constexpr, ROWS: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, HAS_BIAS: tl.constexpr,
):  # fmt: skip
    head = tl.program_id(0).to(tl.int64)
    jet = head // H
    channels, columns = tl.arange(0, D), tl.arange(0, BN)
    keys = head * m * D + columns[:, None] * D + channels[None, :]
    in_range = columns[:, None] < m
    k = tl.load(K + keys, mask=in_range, other=0.0)
    v = tl.load(V + keys, mask=in_range, other=0.0)
    key_mask = tl.load(MASK + jet * m + columns, mask=columns < m, other=0) != 0
    last = tl.load(LAST + jet)
    for start in range(0, ROWS, BM):
        if start < last:
            rows = start + tl.arange(0, BM)
            queries = head * n * D + rows[:, None] * D + channels[None, :]
            q = tl.load(Q + queries, mask=rows[:, None] < n, other=0.0)
            weights = attention_weights(q, k, BIAS, head * n * m, rows, columns, n, m, key_mask, scale, HAS_BIAS)
            out = tl.dot(weights.to(v.dtype), v, input_precision="ieee")
            tl.store(OUT + queries, out.to(OUT.dtype.element_ty), mask=rows[:, None] < n)


@triton.jit
def _backward_kernel(
    Q, K, V, BIAS, MASK, LAST, G, DQ, DK, DV, DBIAS, n, m, scale,
    H: tl.constexpr, D: tl.constexpr, ROWS: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, HAS_BIAS: tl.constexpr,
):  # fmt: skip
    head = tl.program_id(0).to(tl.int64)
    jet = head // H
    channels, columns = tl.arange(0, D), tl.arange(0, BN)
    keys = head * m * D + columns[:, None] * D + channels[None, :]
    in_range = columns[:, None] < m
    k = tl.load(K + keys, mask=in_range, other=0.0)
    v = tl.load(V + keys, mask=in_range, other=0.0)
    key_mask = tl.load(MASK + jet * m + columns, mask=columns < m, other=0) != 0
    dk = tl.zeros((BN, D), tl.float32)
    dv = tl.zeros((BN, D), tl.float32)
    last = tl.load(LAST + jet)
    for start in range(0, ROWS, BM):
        if start < last:
            rows = start + tl.arange(0, BM)
            queries = head * n * D + rows[:, None] * D + channels[None, :]
            q = tl.load(Q + queries, mask=rows[:, None] < n, other=0.0)
            g = tl.load(G + queries, mask=rows[:, None] < n, other=0.0)
            weights = attention_weights(q, k, BIAS, head * n * m, rows, columns, n, m, key_mask, scale, HAS_BIAS)
            dlogits, dq, dk_block, dv_block = attention_gradients(weights, q, k, v, g, scale)
            dk += dk_block
            dv += dv_block
            if HAS_BIAS:
                real = (rows[:, None] < n) & (columns[None, :] < m)
                address = DBIAS + head * n * m + rows[:, None] * m + columns[None, :]
                tl.store(address, dlogits.to(DBIAS.dtype.element_ty), mask=real)
            tl.store(DQ + queries, dq.to(DQ.dtype.element_ty), mask=rows[:, None] < n)
    tl.store(DK + keys, dk.to(DK.dtype.element_ty), mask=in_range)
    tl.store(DV + keys, dv.to(DV.dtype.element_ty), mask=in_range)


def flash_attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, mask: Tensor) -> Tensor:
    """Compute attention as `models.attention.fused` does, differentiably in q, k, v and bias.

    Parameters
    ----------
    q : Tensor (B, H, N, d)
        Queries. d is a power of two, at least 16.
    k, v : Tensor (B, H, M, d)
        Keys and values.
    bias : Tensor (B, H, N, M) or None
    mask : Tensor (B, M)
        True for real keys, of which each jet has at least one.

    Returns
    -------
    Tensor (B, H, N, d)
        Where the queries are the keys (N = M), blocks of queries beyond the last real one are zero.

    Raises
    ------
    ValueError
        If N or M exceeds 256.
    """
    if max(q.shape[2], k.shape[2]) > MAX_KEYS:
        raise ValueError(f"flash attention takes up to {MAX_KEYS} particles, not {max(q.shape[2], k.shape[2])}")
    return _FlashAttention.apply(q, k, v, bias, mask)


class _FlashAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, bias, mask):
        q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
        bias = None if bias is None else bias.contiguous()
        out = torch.zeros_like(q)
        ctx.save_for_backward(q, k, v, bias, mask)
        _launch(_forward_kernel, q, k, v, bias, mask, (out,))
        return out

    @staticmethod
    def backward(ctx, gradient):
        q, k, v, bias, mask = ctx.saved_tensors
        dq, dk, dv = torch.zeros_like(q), torch.empty_like(k), torch.empty_like(v)
        dbias = q if bias is None else torch.zeros_like(bias)  # without a bias the kernel never writes to it
        _launch(_backward_kernel, q, k, v, bias, mask, (gradient.contiguous(), dq, dk, dv, dbias))
        return dq, dk, dv, None if bias is None else dbias, None


def _launch(
    kernel: triton.JITFunction,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    bias: Tensor | None,
    mask: Tensor,
    rest: tuple[Tensor, ...],
) -> None:
    (jets, heads, n, width), m = q.shape, k.shape[2]
    last = torch.full((jets,), n, dtype=torch.int32, device=q.device)
    if n == m:
        last = (mask * torch.arange(1, m + 1, device=q.device)).amax(1).to(torch.int32)
    kernel[(jets * heads,)](
        q, k, v, q if bias is None else bias, mask.contiguous().to(torch.int8), last, *rest, n, m, width**-0.5,
        H=heads, D=width, ROWS=triton.next_power_of_2(n), BM=QUERY_BLOCK, BN=max(16, triton.next_power_of_2(m)),
        HAS_BIAS=bias is not None,
    )  # fmt: skip
