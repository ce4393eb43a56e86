"""The MLP of the interaction bias in compiled code, with BatchNorm statistics of all pairs of a batch.

Shapes: T particles and P pairs i >= j of all B jets, I inputs and O outputs of a layer, H heads.
"""

import ctypes
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.backends.native.compile import load_library
from part.models.backends.native.folding import affine_map
from part.models.backends.native.specs import LinearSpec, float_pointer, padded, padded_matrix
from part.models.pair import PairMLP

SLACK = 64  # numbers beyond the end of an array, which loads of whole vectors may read


class _Layer(ctypes.Structure):
    """The struct `LiveLayer` of live_pairs.h."""

    _fields_ = [
        ("linear", LinearSpec),
        *((name, ctypes.c_void_p) for name in ("inputs", "scale", "shift")),
        ("pairs", ctypes.c_int64),
    ]


@dataclass
class _Normed:
    """The outputs (P, O) of a layer, and what its norm does to them: mean, factor 1 / sqrt(variance), scale, shift."""

    outputs: Tensor
    mean: Tensor
    factor: Tensor
    scale: Tensor
    shift: Tensor


def live_affine(norm: nn.BatchNorm1d, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scale and shift of a BatchNorm by the statistics of x (P, O), which enter the running ones."""
    variance, mean = (t.float() for t in torch.var_mean(x.double(), 0, correction=0))
    _track(norm, mean, variance, len(x))
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return scale, norm.bias - mean * scale


def live_pair_values(embed: PairMLP, v: Tensor, lengths: Tensor, bf16: bool) -> Tensor:
    """Return the bias (P, H) of all pairs, jet after jet, by the statistics of the batch.

    Parameters
    ----------
    embed : PairMLP
        Its BatchNorms are in training mode; their running statistics are updated.
    v : Tensor (T, 4)
        Four-momenta of the particles of all jets.
    lengths : Tensor (B), int64
        The number of particles of each jet.
    bf16 : bool
        Whether all layers but the first multiply in bfloat16.
    """
    pairs = int((lengths * (lengths + 1) // 2).sum())
    features = _array(pairs, 4)
    pointers = [ctypes.c_void_p(t.data_ptr()) for t in (v.contiguous(), lengths, features)]
    sizes = ctypes.c_int64(len(lengths)), ctypes.c_int64(torch.get_num_threads())
    load_library("gradients").live_pair_features(*pointers, *sizes)
    scale, shift = live_affine(embed.norm, features)
    layers = [(*affine_map(layer.linear), layer.norm.weight, layer.norm.bias) for layer in embed.layers]
    weight, bias, *norm = layers[0]
    layers[0] = (weight * scale, bias + weight @ shift, *norm)
    statistics: list[tuple[Tensor, Tensor]] = []
    flat = [tensor for layer in layers for tensor in layer]
    values = _LivePairMLP.apply(features, bf16, embed.norm.eps, statistics, *flat)
    for layer, (mean, variance) in zip(embed.layers, statistics, strict=True):
        _track(layer.norm, mean, variance, pairs)
    return values


class _LivePairMLP(torch.autograd.Function):
    """Features (P, 4), and weight, bias, norm's weight and norm's bias of each layer -> values (P, H)."""

    @staticmethod
    def forward(ctx, features, bf16, eps, statistics, *flat):
        threads, pairs = torch.get_num_threads(), len(features)
        ctx.layers = [tuple(t.detach().contiguous() for t in flat[i : i + 4]) for i in range(0, len(flat), 4)]
        ctx.bf16, ctx.features, ctx.normed = bf16, features, []
        for number, (weight, _, gamma, beta) in enumerate(ctx.layers):
            width = padded(len(weight))
            outputs, sums = _array(pairs, width), torch.zeros(threads, 2, width, dtype=torch.float64)
            _call("live_pair_forward", _layer(ctx, number), outputs, sums)
            mean, square = sums.sum(0) / max(pairs, 1)
            variance = (square - mean**2).clamp(min=0)
            statistics.append((mean[: len(weight)].float(), variance[: len(weight)].float()))
            factor = (variance + eps).rsqrt()
            gamma, beta = (F.pad(t.double(), (0, width - len(t))) for t in (gamma, beta))
            scale, shift = (gamma * factor).float(), (beta - mean * gamma * factor).float()
            ctx.normed.append(_Normed(outputs, mean, factor, scale, shift))
        last = ctx.normed[-1]
        ctx.before_gelu = torch.addcmul(last.shift, last.outputs, last.scale)
        return F.gelu(ctx.before_gelu[:, : len(ctx.layers[-1][0])])

    @staticmethod
    def backward(ctx, d_values):
        threads, pairs, gradients = torch.get_num_threads(), len(ctx.features), []
        d = F.pad(d_values, (0, ctx.before_gelu.shape[1] - d_values.shape[1]))
        d = torch.ops.aten.gelu_backward(d.contiguous(), ctx.before_gelu)
        sums = torch.stack((d.sum(0), (d * ctx.normed[-1].outputs).sum(0))).double()
        for number in reversed(range(len(ctx.layers))):
            weight, normed = ctx.layers[number][0], ctx.normed[number]
            outputs, (rows, columns) = len(weight), (padded(n) for n in weight.shape)
            d_beta, d_gamma = sums[0], normed.factor * (sums[1] - normed.mean * sums[0])
            # The gradient of a BatchNorm's input is that of its output times its scale, less what its mean and
            # its projection on the output add, which is linear in the input.
            slope = -normed.scale * normed.factor * d_gamma / max(pairs, 1)
            offset = -normed.scale * d_beta / max(pairs, 1) - slope * normed.mean
            coefficients = torch.stack((normed.scale.double(), slope, offset)).float()
            d_inputs = _array(pairs, columns) if number else None
            gradient, sums = torch.zeros(threads, rows * columns + rows), torch.zeros(threads, 2, columns).double()
            arrays = normed.outputs, d, coefficients, d_inputs, sums, gradient
            _call("live_pair_backward", _layer(ctx, number), *arrays)
            total, d, sums = gradient.sum(0), d_inputs, sums.sum(0)
            d_linear = padded_matrix(total, weight), total[rows * columns :][:outputs]
            gradients = [*d_linear, *(t[:outputs].float() for t in (d_gamma, d_beta)), *gradients]
        return (None, None, None, None, *gradients)


def _layer(ctx, number: int) -> _Layer:
    """Return a layer with its inputs, as the compiled code takes it."""
    weight, bias = ctx.layers[number][:2]
    spec = LinearSpec(float_pointer(weight), float_pointer(bias), weight.shape[1], len(weight), ctx.bf16 and number > 0)
    if not number:
        return _Layer(spec, ctx.features.data_ptr(), None, None, len(ctx.features))
    before = ctx.normed[number - 1]
    return _Layer(spec, *(t.data_ptr() for t in (before.outputs, before.scale, before.shift)), len(ctx.features))


def _call(name: str, layer: _Layer, *arrays: Tensor | None) -> None:
    pointers = [None if array is None else ctypes.c_void_p(array.data_ptr()) for array in arrays]
    getattr(load_library("gradients"), name)(ctypes.byref(layer), *pointers, ctypes.c_int64(torch.get_num_threads()))


def _array(rows: int, columns: int) -> Tensor:
    return torch.zeros(rows * columns + SLACK)[: rows * columns].view(rows, columns)


def _track(norm: nn.BatchNorm1d, mean: Tensor, variance: Tensor, count: int) -> None:
    """Update running statistics as torch does, whose running variance is that of a sample."""
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked += 1
    momentum = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    for running, new in ((norm.running_mean, mean), (norm.running_var, variance * count / max(count - 1, 1))):
        assert running is not None
        with torch.no_grad():
            running.lerp_(new.detach(), momentum)
