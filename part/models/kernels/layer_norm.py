"""LayerNorm as one Triton kernel for each pass, for training on a GPU.

There torch's gradient of scale and shift takes longer than the rest of the norm. Here each program of the backward pass
handles some rows and sums over them for scale and shift; a second step adds up the programs' sums. Every output element
is written by one program only, so results are deterministic.

Shapes: D channels of each row.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

TILE = 2048  # values that a program holds at once
BACKWARD_TILES = 8  # tiles that a program of the backward pass goes through


@triton.jit(do_not_specialize=["rows"])
def _forward_kernel(
    X, WEIGHT, BIAS, OUT, MEAN, INV_STD, rows, eps, D: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr
):  # fmt: skip
    row, channel = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, WIDTH)
    in_range, in_width = (row < rows)[:, None] & (channel < D)[None, :], channel < D
    offset = row.to(tl.int64)[:, None] * D + channel[None, :]
    x = tl.load(X + offset, in_range, other=0.0).to(tl.float32)
    mean = tl.sum(x, 1) / D
    x = tl.where(in_range, x - mean[:, None], 0.0)
    inv_std = 1 / tl.sqrt_rn(tl.sum(x * x, 1) / D + eps)
    weight, bias = tl.load(WEIGHT + channel, in_width, other=0.0), tl.load(BIAS + channel, in_width, other=0.0)
    out = x * inv_std[:, None] * weight[None, :] + bias[None, :]
    tl.store(OUT + offset, out.to(OUT.dtype.element_ty), in_range)
    tl.store(MEAN + row, mean, row < rows)
    tl.store(INV_STD + row, inv_std, row < rows)


@triton.jit(do_not_specialize=["rows"])
def _backward_kernel(
    X, WEIGHT, MEAN, INV_STD, G, DX, DWEIGHT, DBIAS, rows, D: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr,
    TILES: tl.constexpr,
):  # fmt: skip
    channel = tl.arange(0, WIDTH)
    in_width = channel < D
    weight = tl.load(WEIGHT + channel, in_width, other=0.0)
    dweight, dbias = tl.zeros((WIDTH,), tl.float32), tl.zeros((WIDTH,), tl.float32)
    for tile in range(0, TILES):
        row = (tl.program_id(0) * TILES + tile) * ROWS + tl.arange(0, ROWS)
        in_range = (row < rows)[:, None] & in_width[None, :]
        offset = row.to(tl.int64)[:, None] * D + channel[None, :]
        mean, inv_std = tl.load(MEAN + row, row < rows, other=0.0), tl.load(INV_STD + row, row < rows, other=0.0)
        x = tl.load(X + offset, in_range, other=0.0).to(tl.float32)
        x = tl.where(in_range, (x - mean[:, None]) * inv_std[:, None], 0.0)
        g = tl.load(G + offset, in_range, other=0.0).to(tl.float32)
        dweight += tl.sum(g * x, 0)
        dbias += tl.sum(g, 0)
        g = g * weight[None, :]
        dx = (g - tl.sum(g, 1)[:, None] / D - x * (tl.sum(g * x, 1) / D)[:, None]) * inv_std[:, None]
        tl.store(DX + offset, dx.to(DX.dtype.element_ty), in_range)
    tl.store(DWEIGHT + tl.program_id(0) * D + channel, dweight, in_width)
    tl.store(DBIAS + tl.program_id(0) * D + channel, dbias, in_width)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Normalise over the last axis, differentiably in x, weight and bias.

    Parameters
    ----------
    x : Tensor (..., D)
    weight, bias : Tensor (D,)
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor (..., D)
        In float32 under autocast, like torch's, else in the type of x.
    """
    in_autocast = torch.is_autocast_enabled(x.device.type)
    return _LayerNorm.apply(x, weight, bias, eps, torch.float32 if in_autocast else x.dtype)


class _LayerNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, eps, dtype):
        x = x.contiguous()
        rows, d = x.numel() // x.shape[-1], x.shape[-1]
        out = torch.empty_like(x, dtype=dtype)
        mean, inv_std = (torch.empty(rows, dtype=torch.float32, device=x.device) for _ in range(2))
        sizes = _tile_sizes(d)
        _forward_kernel[(max(1, triton.cdiv(rows, sizes["ROWS"])),)](
            x, weight, bias, out, mean, inv_std, rows, eps, D=d, **sizes
        )
        ctx.save_for_backward(x, weight, mean, inv_std)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, weight, mean, inv_std = ctx.saved_tensors
        rows, d = len(mean), len(weight)
        sizes = _tile_sizes(d)
        programs = max(1, triton.cdiv(rows, BACKWARD_TILES * sizes["ROWS"]))
        dx = torch.empty_like(x)
        sums = torch.empty(2, programs, d, dtype=torch.float32, device=x.device)
        _backward_kernel[(programs,)](
            x, weight, mean, inv_std, gradient.contiguous(), dx, *sums, rows, D=d, TILES=BACKWARD_TILES, **sizes
        )
        dweight, dbias = sums.sum(1).to(weight.dtype)
        return dx, dweight, dbias, None, None


def _tile_sizes(channels: int) -> dict[str, int]:
    width = triton.next_power_of_2(channels)
    return {"WIDTH": width, "ROWS": max(1, TILE // width)}
