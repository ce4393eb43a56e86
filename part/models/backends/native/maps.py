"""Affine maps as packing.py takes them: in floating point, or in 8-bit integers as quantized models have them.

In integers, y = scale (weight @ u + start) + bias for u = round(input_scale x + input_shift), clipped to 0 to 255. `u`
is what the model itself rounds x to, plus 128, since the processor multiplies unsigned by signed bytes; `start` takes
the zero point off again. A "dynamic" model scales each row by its own range: then input_scale x + input_shift is what
enters the layer, and the compiled code finds the rest; `start` is the sum of an output's weights.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from part.models.backends.native.folding import AffineMap, affine_map, fold_norm
from part.models.numerics.int8 import is_int8
from part.models.transformer import Block

Arrange = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Int8Scales:
    """What a map in integers has besides its weight and bias.

    Parameters
    ----------
    scale, start : Tensor (outputs)
    input_scale, input_shift : Tensor (inputs)
    own_scales : bool
        Whether each row is scaled by its own range.
    """

    scale: Tensor
    start: Tensor
    input_scale: Tensor
    input_shift: Tensor
    own_scales: bool


@dataclass(frozen=True)
class LinearMap:
    """A linear layer, with the scale and shift of the norm before it.

    Parameters
    ----------
    weight : Tensor (outputs, inputs)
        Float32 or, in integers, int8.
    bias : Tensor (outputs)
    int8 : Int8Scales, optional
        Given in integers.
    """

    weight: Tensor
    bias: Tensor
    int8: Int8Scales | None = None

    @classmethod
    def of(cls, linear: nn.Linear | AffineMap, norm: nn.Module | None = None) -> "LinearMap":
        """Return the map of a layer, or of its weight and bias, after a norm of which scale and shift are left."""
        if isinstance(linear, tuple):
            return cls(*linear)
        if not is_int8(linear.weight):
            return cls(*fold_norm(nn.Identity() if norm is None else norm, linear))
        weight: Any = linear.weight  # torchao's Int8Tensor
        ones = torch.ones(linear.in_features)
        own, shift = (getattr(norm, name, None) for name in ("weight", "bias"))
        input_scale, input_shift = ones if own is None else own, 0 * ones if shift is None else shift
        scale, start = weight.scale.flatten(), weight.qdata.sum(1, dtype=torch.int32)
        own_scales = weight.act_quant_scale is None
        if not own_scales:
            step, zero = weight.act_quant_scale.flatten(), weight.act_quant_zero_point.flatten().int() + 128
            input_scale, input_shift = input_scale * (1 / step), input_shift * (1 / step) + zero
            scale, start = scale * step, -zero * start
        scales = Int8Scales(scale, start, input_scale, input_shift, own_scales)
        return cls(weight.qdata, affine_map(linear)[1], scales)

    def outputs(self, arrange: Arrange) -> "LinearMap":
        """Arrange all that belongs to an output, whose axis is the first one."""
        scales = self.int8 and replace(self.int8, scale=arrange(self.int8.scale), start=arrange(self.int8.start))
        return LinearMap(arrange(self.weight), arrange(self.bias), scales)

    def inputs(self, arrange: Arrange) -> "LinearMap":
        """Arrange all that belongs to an input, whose axis is the last one."""
        scales = self.int8 and replace(
            self.int8, input_scale=arrange(self.int8.input_scale), input_shift=arrange(self.int8.input_shift)
        )
        return LinearMap(arrange(self.weight), self.bias, scales)

    def times(self, factors: Tensor) -> "LinearMap":
        """Multiply the outputs by factors (outputs)."""
        if self.int8 is None:
            return LinearMap(self.weight * factors[:, None], self.bias * factors)
        return LinearMap(self.weight, self.bias * factors, replace(self.int8, scale=self.int8.scale * factors))


def fold_head_scales(block: Block) -> LinearMap:
    """Fold the scales of the channel groups, and their reordering, into the output projection of a block."""
    out = LinearMap.of(block.attn.out)
    if block.c_attn is not None:
        out = out.times(block.c_attn.repeat_interleave(block.attn.out.out_features // block.heads))
    if block.transposed_channels:
        out = out.outputs(lambda t: t.unflatten(0, (block.heads, -1)).transpose(0, 1).flatten(0, 1))
    return out
