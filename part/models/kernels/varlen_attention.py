"""Attention on packed tokens: jets of different lengths lie in one tensor, without padding.

As in `attention.py`, one program handles one head of one jet; it finds its tokens by the jets' cumulative lengths. The
bias is packed as well: each jet and head has a square of it. Its gradient is summed over the layers in place: each
layer returns the bias for the next one, so in the backward pass it receives the sum of the later layers' gradients and
adds its own. Every element is written by one program only, so results are deterministic.

Shapes: B jets, T real particles of all jets, H heads, D channels, d = D / H channels of a head, S = sum of n squared
over the jets of n particles.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from part.models.kernels.attention import MAX_KEYS, QUERY_BLOCK, attention_gradients, attention_weights
from part.models.kernels.packed_layout import PackedLayout


@triton.jit
def _jet_range(CU_SEQLENS, jet, jets, columns, CLASS_TOKEN: tl.constexpr):
    """Return a jet's first query row, numbers of queries and keys, first key row, and key rows counted from that.

    Only scalars of a program are 64 bits wide: wide tiles of addresses would spill registers.
    """
    start = tl.load(CU_SEQLENS + jet)
    length = (tl.load(CU_SEQLENS + jet + 1) - start).to(tl.int32)
    if CLASS_TOKEN:  # class tokens are the queries; among the keys they are the first B rows
        first, n, m = jet, length * 0 + 1, length + 1
        first_key = jets + start - 1
        keys = tl.where(columns == 0, jet - first_key, columns)
    else:
        first, n, m = start, length, length
        first_key, keys = start, columns
    return first, n, m, first_key, keys


@triton.jit(do_not_specialize=["skip", "jets", "bias_size"])
def _forward_kernel(
    Q, K, V, BIAS, ORDER, CU_SEQLENS, BIAS_OFFSETS, OUT, q_step, k_step, v_step, skip, jets, bias_size, scale,
    H: tl.constexpr, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, CLASS_TOKEN: tl.constexpr,
    HAS_BIAS: tl.constexpr,
):  # fmt: skip
    jet, head = tl.load(ORDER + skip + tl.program_id(0) // H), (tl.program_id(0) % H).to(tl.int64)
    channels, columns = tl.arange(0, D)[None, :], tl.arange(0, BN)
    first, n, m, first_key, keys = _jet_range(CU_SEQLENS, jet, jets, columns, CLASS_TOKEN)
    begin = tl.program_id(1) * BM
    if begin < n:
        rows, key_mask = begin + tl.arange(0, BM), columns < m
        query_mask = rows[:, None] < n
        key_rows = keys[:, None]
        k = tl.load(K + first_key * k_step + head * D + key_rows * k_step + channels, key_mask[:, None], other=0.0)
        v = tl.load(V + first_key * v_step + head * D + key_rows * v_step + channels, key_mask[:, None], other=0.0)
        q = tl.load(Q + first * q_step + head * D + rows[:, None] * q_step + channels, query_mask, other=0.0)
        bias_offset = head * bias_size + tl.load(BIAS_OFFSETS + jet)
        weights = attention_weights(q, k, BIAS, bias_offset, rows, columns, n, m, key_mask, scale, HAS_BIAS)
        out = tl.dot(weights.to(v.dtype), v, input_precision="ieee")
        address = OUT + (first * H + head) * D + rows[:, None] * (H * D) + channels
        tl.store(address, out.to(OUT.dtype.element_ty), query_mask)


@triton.jit(do_not_specialize=["skip", "jets", "bias_size"])
def _backward_kernel(
    Q, K, V, BIAS, ORDER, CU_SEQLENS, BIAS_OFFSETS, G, DQ, DK, DV, DBIAS, q_step, k_step, v_step, skip, jets,
    bias_size, scale, H: tl.constexpr, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, CLASS_TOKEN: tl.constexpr,
    HAS_BIAS: tl.constexpr, ADD: tl.constexpr,
):  # fmt: skip
    jet, head = tl.load(ORDER + skip + tl.program_id(0) // H), (tl.program_id(0) % H).to(tl.int64)
    channels, columns = tl.arange(0, D)[None, :], tl.arange(0, BN)
    first, n, m, first_key, keys = _jet_range(CU_SEQLENS, jet, jets, columns, CLASS_TOKEN)
    key_mask = columns < m
    key_rows = keys[:, None]
    k = tl.load(K + first_key * k_step + head * D + key_rows * k_step + channels, key_mask[:, None], other=0.0)
    v = tl.load(V + first_key * v_step + head * D + key_rows * v_step + channels, key_mask[:, None], other=0.0)
    bias_offset = head * bias_size + tl.load(BIAS_OFFSETS + jet)
    dk = tl.zeros((BN, D), tl.float32)
    dv = tl.zeros((BN, D), tl.float32)
    for begin in range(0, BM if CLASS_TOKEN else BN, BM):
        if begin < n:
            rows = begin + tl.arange(0, BM)
            query_mask = rows[:, None] < n
            packed = (first * H + head) * D
            within = rows[:, None] * (H * D) + channels
            q = tl.load(Q + first * q_step + head * D + rows[:, None] * q_step + channels, query_mask, other=0.0)
            g = tl.load(G + packed + within, query_mask, other=0.0)
            weights = attention_weights(q, k, BIAS, bias_offset, rows, columns, n, m, key_mask, scale, HAS_BIAS)
            dlogits, dq, dk_block, dv_block = attention_gradients(weights, q, k, v, g, scale)
            dk += dk_block
            dv += dv_block
            if HAS_BIAS:
                real = query_mask & key_mask[None, :]
                address = DBIAS + bias_offset + rows[:, None] * m + columns[None, :]
                if ADD:
                    dlogits += tl.load(address, real, other=0.0).to(tl.float32)
                tl.store(address, dlogits.to(DBIAS.dtype.element_ty), real)
            tl.store(DQ + packed + within, dq.to(DQ.dtype.element_ty), query_mask)
    packed = (first_key * H + head) * D
    within = key_rows * (H * D) + channels
    tl.store(DK + packed + within, dk.to(DK.dtype.element_ty), key_mask[:, None])
    tl.store(DV + packed + within, dv.to(DV.dtype.element_ty), key_mask[:, None])


def self_attention(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, layout: PackedLayout, heads: int
) -> tuple[Tensor, Tensor | None]:
    """Compute the attention of each jet's particles among themselves, differentiably.

    Parameters
    ----------
    q, k, v : Tensor (T, D)
        Each row is contiguous; d is 16, 32 or 64.
    bias : Tensor (H, S) or None
    layout : PackedLayout
    heads : int

    Returns
    -------
    output : Tensor (T, D)
    bias : Tensor (H, S) or None
        The bias for the next layer. Pass this on, and use the bias nowhere else: its gradient is summed in place.

    Raises
    ------
    ValueError
        If a jet has more than 256 particles.
    """
    return _VarlenAttention.apply(q, k, v, bias, layout, heads, False)


def class_attention(q: Tensor, k: Tensor, v: Tensor, layout: PackedLayout, heads: int) -> Tensor:
    """Compute the attention of each jet's class token to itself and to its jet's particles, differentiably.

    Parameters
    ----------
    q : Tensor (B, D)
    k, v : Tensor (B + T, D)
        Keys and values of the class tokens first, then of the particles.
    layout : PackedLayout
    heads : int

    Returns
    -------
    Tensor (B, D)

    Raises
    ------
    ValueError
        If a jet has more than 255 particles.
    """
    return _VarlenAttention.apply(q, k, v, None, layout, heads, True)[0]


class _VarlenAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, bias, layout, heads, class_token):
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(q, k, v, bias)
        ctx.options = layout, heads, class_token
        out = q.new_empty(q.shape)
        _launch(_forward_kernel, True, q, k, v, bias, *ctx.options, (out,))
        return out, bias

    @staticmethod
    def backward(ctx, gradient, later_dbias):
        q, k, v, bias = ctx.saved_tensors
        dq, dk, dv = (t.new_empty(t.shape) for t in (q, k, v))
        dbias = q  # without a bias the kernel never writes to it
        if bias is not None:
            dbias = torch.empty_like(bias) if later_dbias is None else later_dbias.contiguous()
        outputs = (gradient.contiguous(), dq, dk, dv, dbias)
        _launch(_backward_kernel, False, q, k, v, bias, *ctx.options, outputs, ADD=later_dbias is not None)
        return dq, dk, dv, None if bias is None else dbias, None, None, None


def _launch(
    kernel: triton.JITFunction, split_queries: bool, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None,
    layout: PackedLayout, heads: int, class_token: bool, rest: tuple[Tensor, ...], **options: bool,
) -> None:  # fmt: skip
    """Run a kernel on all jets, one launch for each range of lengths.

    split_queries: whether several programs share a jet's queries. One that handles all of them, for more than 64 keys,
    spills the fewest registers with eight warps.
    """
    if layout.max_seqlen + class_token > MAX_KEYS:
        raise ValueError(f"varlen attention takes up to {MAX_KEYS} keys, not {layout.max_seqlen + class_token}")
    width, first = q.shape[1] // heads, 0
    steps = (q.stride(0), k.stride(0), v.stride(0))
    for jets, longest in layout.launches:
        blocks, keys = triton.cdiv(longest, QUERY_BLOCK), max(16, triton.next_power_of_2(longest + class_token))
        kernel[(jets * heads, blocks if split_queries and not class_token else 1)](
            q, k, v, q if bias is None else bias, layout.launch_order, layout.cu_seqlens, layout.bias_offsets, *rest,
            *steps, first, layout.n_jets, layout.bias_size, width**-0.5, H=heads, D=width,
            BM=16 if class_token else QUERY_BLOCK, BN=keys, CLASS_TOKEN=class_token, HAS_BIAS=bias is not None,
            num_warps=8 if keys > 64 and not split_queries else 4, **options,
        )  # fmt: skip
        first += jets
