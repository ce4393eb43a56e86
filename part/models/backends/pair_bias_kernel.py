"""The interaction bias in one Triton kernel, from four-momenta to packed squares, for inference.

Neither pair features nor hidden layers are written to memory. BatchNorms have fixed statistics and are folded into the
linear layers. One program handles some pairs i >= j of a jet and writes each to both of its positions.

In float32 E² - p² cancels, and one rounding more or less moves logits by 1e-2. The kernel is therefore compiled without
contraction of products and sums to fused multiply-adds, and has the operations of `pair_features.pair_features` in
their order; the matrix products, which accumulate in fused multiply-adds on any hardware, are not affected. Only the
logarithms and the error function may differ from torch's, in their last digits.

Shapes: T real particles of all jets, H heads, W channels of each hidden layer, S = sum of n squared over the jets of n
particles.
"""

import math

import torch
import triton
import triton.language as tl
from torch import Tensor

from part.models.kernels.packed_layout import PackedLayout
from part.models.pair import PairEmbed
from part.models.pair_features import FEATURE_FLOOR, cylindrical

PAIR_BLOCK = 32  # pairs of a program, as many as fit into the registers of its eight warps
PI, FLOOR = tl.constexpr(math.pi), tl.constexpr(FEATURE_FLOOR)


@triton.jit
def _gelu(x):
    return 0.5 * x * (1 + tl.erf(x * 0.7071067811865476))


@triton.jit
def _pair_features(P, i, j, step, mask):
    """Compute lnkT, lnz, lnΔ and lnm² of particles i and j; P (7, T) holds px, py, pz, E, pT, rapidity, azimuth."""
    px = tl.load(P + i, mask=mask, other=1.0) + tl.load(P + j, mask=mask, other=1.0)
    py = tl.load(P + step + i, mask=mask, other=1.0) + tl.load(P + step + j, mask=mask, other=1.0)
    pz = tl.load(P + 2 * step + i, mask=mask, other=1.0) + tl.load(P + 2 * step + j, mask=mask, other=1.0)
    energy = tl.load(P + 3 * step + i, mask=mask, other=1.0) + tl.load(P + 3 * step + j, mask=mask, other=1.0)
    pt_i = tl.load(P + 4 * step + i, mask=mask, other=1.0)
    pt_j = tl.load(P + 4 * step + j, mask=mask, other=1.0)
    dy = tl.load(P + 5 * step + i, mask=mask, other=1.0) - tl.load(P + 5 * step + j, mask=mask, other=1.0)
    turn = tl.load(P + 6 * step + i, mask=mask, other=1.0) - tl.load(P + 6 * step + j, mask=mask, other=1.0) + PI
    turn = tl.where(turn < 0, turn + 2 * PI, tl.where(turn >= 2 * PI, turn - 2 * PI, turn))  # exact, like a remainder
    dphi = turn - PI
    delta = tl.sqrt_rn(dy * dy + dphi * dphi)
    softer = tl.minimum(pt_i, pt_j)
    z = tl.div_rn(softer, tl.maximum(pt_i + pt_j, FLOOR))
    m2 = energy * energy - ((px * px + py * py) + pz * pz)
    return _ln(softer * delta), _ln(z), _ln(delta), _ln(m2)


@triton.jit
def _ln(x):
    return tl.log(tl.maximum(x, FLOOR))


@triton.jit
def _row_and_column(pair):
    """Return the row and column of a pair, counted along the rows of the lower triangle."""
    row = ((tl.sqrt_rn(8.0 * pair.to(tl.float32) + 1) - 1) * 0.5).to(tl.int32)  # exact for up to 256 particles
    return row, pair - row * (row + 1) // 2


@triton.jit(do_not_specialize=["step", "bias_size"])
def _pair_bias_kernel(
    P, CU_SEQLENS, BIAS_OFFSETS, FIRST, HIDDEN, LAST, SHIFTS, OUT, step, bias_size,
    LAYERS: tl.constexpr, W: tl.constexpr, H: tl.constexpr, HP: tl.constexpr, BLOCK: tl.constexpr,
    ACTIVATED: tl.constexpr, SELF_PAIRS: tl.constexpr,
):  # fmt: skip
    jet = tl.program_id(0)
    start = tl.load(CU_SEQLENS + jet)
    n = (tl.load(CU_SEQLENS + jet + 1) - start).to(tl.int32)
    pair = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    if tl.program_id(1) * BLOCK < n * (n + 1) // 2:
        in_range = pair < n * (n + 1) // 2
        row, column = _row_and_column(pair)
        lnkt, lnz, lndelta, lnm2 = _pair_features(P, start + row, start + column, step, in_range)
        width, heads = tl.arange(0, W), tl.arange(0, HP)
        x = lnkt[:, None] * tl.load(FIRST + width)[None, :] + lnz[:, None] * tl.load(FIRST + W + width)[None, :]
        x += lndelta[:, None] * tl.load(FIRST + 2 * W + width)[None, :]
        x += lnm2[:, None] * tl.load(FIRST + 3 * W + width)[None, :]
        x = _gelu(x + tl.load(SHIFTS + width)[None, :])
        for layer in tl.static_range(LAYERS):
            weight = tl.load(HIDDEN + layer * W * W + width[:, None] * W + width[None, :])
            x = tl.dot(x.to(weight.dtype), weight, input_precision="ieee")
            x = _gelu(x + tl.load(SHIFTS + (layer + 1) * W + width)[None, :])
        weight = tl.load(LAST + width[:, None] * HP + heads[None, :])
        x = tl.dot(x.to(weight.dtype), weight, input_precision="ieee")
        x += tl.load(SHIFTS + (LAYERS + 1) * W + heads)[None, :]
        if ACTIVATED:
            x = _gelu(x)
        if not SELF_PAIRS:
            x = tl.where((row == column)[:, None], 0.0, x)
        x = x.to(OUT.dtype.element_ty)
        square = OUT + heads[None, :].to(tl.int64) * bias_size + tl.load(BIAS_OFFSETS + jet)
        written = in_range[:, None] & (heads < H)[None, :]
        tl.store(square + (row * n + column)[:, None], x, mask=written)
        tl.store(square + (column * n + row)[:, None], x, mask=written)


@torch.no_grad()
def pair_bias(embed: PairEmbed, v: Tensor, layout: PackedLayout, dtype: torch.dtype = torch.float32) -> Tensor:
    """Compute the interaction bias at fixed BatchNorm statistics, without gradients.

    Parameters
    ----------
    embed : PairEmbed
        A pair embedding that `limits.unsupported` does not exclude.
    v : Tensor (T, 4)
        Four-momenta px, py, pz, E in GeV.
    layout : PackedLayout
    dtype : torch.dtype
        The type of the matrix products and the bias; pair features are always float32.

    Returns
    -------
    Tensor (H, S)
    """
    with torch.autocast(v.device.type, enabled=False):
        first, hidden, last, shifts = _folded_weights(embed)
        v = v.float()
        particles = torch.stack((*v.unbind(-1), *cylindrical(v)))
    heads, width = embed.layers[-1].norm.num_features, len(first[0])
    bias = torch.empty(heads, layout.bias_size, dtype=dtype, device=v.device)
    blocks = max(1, triton.cdiv(layout.max_seqlen * (layout.max_seqlen + 1) // 2, PAIR_BLOCK))
    _pair_bias_kernel[(layout.n_jets, blocks)](
        particles, layout.cu_seqlens, layout.bias_offsets, first, hidden.to(dtype), last.to(dtype), shifts, bias,
        len(v), layout.bias_size, LAYERS=len(hidden), W=width, H=heads, HP=last.shape[1], BLOCK=PAIR_BLOCK,
        ACTIVATED=embed.activation_last, SELF_PAIRS=embed.self_pairs, num_warps=8, enable_fp_fusion=False,
    )  # fmt: skip
    return bias


def _folded_weights(embed: PairEmbed) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the layers with all BatchNorms folded in, inputs first, (4, W), (L, W, W), (W, H), and all shifts.

    Heads are padded to 16, the smallest size of a matrix product.
    """
    scale = embed.norm.weight * torch.rsqrt(embed.norm.running_var + embed.norm.eps)
    offset = embed.norm.bias - embed.norm.running_mean * scale
    (first, shift), *others = (layer.folded() for layer in embed.layers)
    shifts = [shift + first @ offset, *(shift for _, shift in others)]
    last = others[-1][0]
    padded = max(16, triton.next_power_of_2(len(last)))
    last = torch.nn.functional.pad(last, (0, 0, 0, padded - len(last)))
    hidden = [weight.T for weight, _ in others[:-1]]
    hidden = torch.stack(hidden) if hidden else first.new_empty(0)
    shifts.append(first.new_zeros(padded))  # read by the padded heads
    return (first * scale).T.contiguous(), hidden.contiguous(), last.T.contiguous(), torch.cat(shifts)
