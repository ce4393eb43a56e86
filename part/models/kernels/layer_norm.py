"""LayerNorm as a Triton kernel each way, for training on a GPU, where torch's gradient of scale and shift takes longer
than all the rest of it.

A program takes some rows, and backward sums over them for scale and shift; these sums are summed in a second step.
Every output has one writer: results are deterministic.

Shapes: R rows, D channels, P programs.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

TILE = 2048  # values that a program holds at once
TURNS = 8  # times as many that one goes through backward


@triton.jit(do_not_specialize=["rows"])
def _forward(
    X, WEIGHT, BIAS, OUT, MEAN, SCALE, rows, eps, D: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr
):  # fmt: skip
    row, channel = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, WIDTH)
    there, within = (row < rows)[:, None] & (channel < D)[None, :], channel < D
    at = row.to(tl.int64)[:, None] * D + channel[None, :]
    x = tl.load(X + at, there, other=0.0).to(tl.float32)
    mean = tl.sum(x, 1) / D
    x = tl.where(there, x - mean[:, None], 0.0)
    scale = 1 / tl.sqrt_rn(tl.sum(x * x, 1) / D + eps)
    weight, bias = tl.load(WEIGHT + channel, within, other=0.0), tl.load(BIAS + channel, within, other=0.0)
    out = x * scale[:, None] * weight[None, :] + bias[None, :]
    tl.store(OUT + at, out.to(OUT.dtype.element_ty), there)
    tl.store(MEAN + row, mean, row < rows)
    tl.store(SCALE + row, scale, row < rows)


@triton.jit(do_not_specialize=["rows"])
def _backward(
    X, WEIGHT, MEAN, SCALE, G, DX, DWEIGHT, DBIAS, rows, D: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr,
    TURNS: tl.constexpr,
):  # fmt: skip
    channel = tl.arange(0, WIDTH)
    within = channel < D
    weight = tl.load(WEIGHT + channel, within, other=0.0)
    dweight, dbias = tl.zeros((WIDTH,), tl.float32), tl.zeros((WIDTH,), tl.float32)
    for turn in range(0, TURNS):
        row = (tl.program_id(0) * TURNS + turn) * ROWS + tl.arange(0, ROWS)
        there = (row < rows)[:, None] & within[None, :]
        at = row.to(tl.int64)[:, None] * D + channel[None, :]
        mean, scale = tl.load(MEAN + row, row < rows, other=0.0), tl.load(SCALE + row, row < rows, other=0.0)
        x = tl.where(there, (tl.load(X + at, there, other=0.0).to(tl.float32) - mean[:, None]) * scale[:, None], 0.0)
        g = tl.load(G + at, there, other=0.0).to(tl.float32)
        dweight += tl.sum(g * x, 0)
        dbias += tl.sum(g, 0)
        g = g * weight[None, :]
        dx = (g - tl.sum(g, 1)[:, None] / D - x * (tl.sum(g * x, 1) / D)[:, None]) * scale[:, None]
        tl.store(DX + at, dx.to(DX.dtype.element_ty), there)
    tl.store(DWEIGHT + tl.program_id(0) * D + channel, dweight, within)
    tl.store(DBIAS + tl.program_id(0) * D + channel, dbias, within)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """x (..., D), weight and bias (D,) -> (..., D), float32 under autocast as torch's, else as x. Differentiable."""
    half = torch.is_autocast_enabled(x.device.type)
    return _LayerNorm.apply(x, weight, bias, eps, torch.float32 if half else x.dtype)


class _LayerNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, eps, dtype):
        x = x.contiguous()
        rows, d = x.numel() // x.shape[-1], x.shape[-1]
        out = torch.empty_like(x, dtype=dtype)
        mean, scale = (torch.empty(rows, dtype=torch.float32, device=x.device) for _ in range(2))
        sizes = _sizes(d)
        _forward[(max(1, triton.cdiv(rows, sizes["ROWS"])),)](
            x, weight, bias, out, mean, scale, rows, eps, D=d, **sizes
        )
        ctx.save_for_backward(x, weight, mean, scale)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, weight, mean, scale = ctx.saved_tensors
        rows, d = len(mean), len(weight)
        sizes = _sizes(d)
        programs = max(1, triton.cdiv(rows, TURNS * sizes["ROWS"]))
        dx = torch.empty_like(x)
        sums = torch.empty(2, programs, d, dtype=torch.float32, device=x.device)
        _backward[(programs,)](
            x, weight, mean, scale, gradient.contiguous(), dx, *sums, rows, D=d, TURNS=TURNS, **sizes
        )
        dweight, dbias = sums.sum(1).to(weight.dtype)
        return dx, dweight, dbias, None, None


def _sizes(channels: int) -> dict[str, int]:
    width = triton.next_power_of_2(channels)
    return {"WIDTH": width, "ROWS": max(1, TILE // width)}
