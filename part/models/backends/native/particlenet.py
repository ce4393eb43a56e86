"""ParticleNet's forward pass in compiled code for the CPU, on real particles only.

In fp32 the logits of `particlenet.cpp` are those of the model up to rounding. In bf16 the processor multiplies bfloat16
values and sums the products in float32, except in the first layer of the first EdgeConv and in those after the mean
over particles; distances and means stay in float32.

Shapes: D channels in, O channels out.
"""

import ctypes
import itertools
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.backends.native.folding import AffineMap, batchnorm_affine
from part.models.backends.native.forward import NativeModel
from part.models.backends.native.packing import FloatPointer, Linear
from part.models.edge_conv import EdgeConv
from part.models.layers import NormedLinear
from part.models.particlenet import CollectionEmbed, ParticleNet

_VECTOR = 16  # channels are padded to multiples of it, so to whole vectors of any processor


class _TokenEmbedding(ctypes.Structure):
    """The struct `TokenEmbedding` of particlenet.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("inputs", "first")),
        *((name, FloatPointer) for name in ("scale", "shift")),
        ("linear", Linear),
    ]


class _EdgeConv(ctypes.Structure):
    """The struct `EdgeConv` of particlenet.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("neighbours", "width", "outputs", "layers")),
        ("project", Linear),
        ("linears", ctypes.POINTER(Linear)),
    ]


class _ParticleNet(ctypes.Structure):
    """The struct `ParticleNet` of particlenet.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("width", "collections", "first_point", "points", "convolutions")),
        *((name, ctypes.c_int64) for name in ("fusion_inputs", "mean_slots", "head_layers", "classes")),
        *((name, FloatPointer) for name in ("scale", "shift")),
        ("embed", ctypes.POINTER(_TokenEmbedding)),
        ("edges", ctypes.POINTER(_EdgeConv)),
        *((name, ctypes.POINTER(Linear)) for name in ("fusion", "head")),
    ]


class NativeParticleNet(NativeModel):
    """A ParticleNet that runs in compiled code; see `NativeModel`."""

    library: ClassVar[str] = "particlenet"

    def _fold(self, model: ParticleNet) -> _ParticleNet:
        config, points = model.config, model.points
        net = _ParticleNet(config.width, len(config.collections), points.start, points.stop - points.start)
        net.convolutions, net.mean_slots, net.classes = len(model.edges), config.mean_slots, config.classes
        scale, shift = torch.ones(config.width), torch.zeros(config.width)
        if isinstance(model.norm, nn.BatchNorm1d):
            scale, shift = batchnorm_affine(model.norm)
        net.scale, net.shift = self._packer.pointer(scale), self._packer.pointer(shift)
        firsts = itertools.accumulate((0, *config.collections))
        embeds = [self._pack_embedding(cast(CollectionEmbed, e), a) for e, a in zip(model.embeds, firsts, strict=False)]
        net.embed = self._packer.array(_TokenEmbedding, embeds)
        edges = [self._pack_edges(cast(EdgeConv, edge), i > 0) for i, edge in enumerate(model.edges)]
        net.edges = self._packer.array(_EdgeConv, edges)
        if model.fusion is not None:
            weight, shift = model.fusion.folded()
            parts = weight.split([_outputs(cast(EdgeConv, edge)) for edge in model.edges], 1)
            weight = torch.cat([_pad_inputs(columns) for columns in parts], 1)
            net.fusion_inputs = weight.shape[1]
            net.fusion = self._packer.array(Linear, [self._packer.linear(_pad_outputs(weight, shift), "relu")])
        head = [(layer.weight, layer.bias) for layer in (model.hidden, *model.deeper, model.head)]
        head[0] = _pad_inputs(head[0][0]), head[0][1]
        net.head_layers = len(head)
        head = head[:1] + [(self._packer.pad(weight), bias) for weight, bias in head[1:]]
        activations = ["relu"] * (len(head) - 1) + ["none"]
        layers = [self._packer.linear(layer, kind, exact=True) for layer, kind in zip(head, activations, strict=True)]
        net.head = self._packer.array(Linear, layers)
        return net

    def _pack_embedding(self, embed: CollectionEmbed, first: int) -> _TokenEmbedding:
        scale, shift = batchnorm_affine(embed.norm)
        linear = self._packer.linear(_pad_outputs(*embed.layer.folded()), "relu", exact=True)
        return _TokenEmbedding(len(scale), first, self._packer.pointer(scale), self._packer.pointer(shift), linear)

    def _pack_edges(self, edge: EdgeConv, allow_bf16: bool) -> _EdgeConv:
        (weight, shift), *others = [cast(NormedLinear, layer).folded() for layer in edge.layers]
        own, other = weight.chunk(2, 1)
        maps = [(own - other, shift), (other, torch.zeros_like(shift))]
        if isinstance(edge.shortcut, NormedLinear):
            maps.append(edge.shortcut.folded())
        weights, shifts = zip(*(_pad_outputs(*affine) for affine in maps), strict=True)
        project = self._packer.linear((_pad_inputs(torch.cat(weights)), torch.cat(shifts)), exact=not allow_bf16)
        layers = [self._packer.linear(_pad_outputs(_pad_inputs(weight), shift), "relu") for weight, shift in others]
        width = len(shifts[0])
        outputs = layers[-1].outputs if layers else width
        return _EdgeConv(edge.neighbours, width, outputs, len(layers), project, self._packer.array(Linear, layers))


def _outputs(edge: EdgeConv) -> int:
    return cast(NormedLinear, edge.layers[-1]).linear.out_features


def _pad_inputs(weight: Tensor) -> Tensor:
    """Add columns of zeros up to whole vectors, for inputs that are padded by zeros."""
    return F.pad(weight, (0, -weight.shape[1] % _VECTOR))


def _pad_outputs(weight: Tensor, shift: Tensor) -> AffineMap:
    missing = -len(weight) % _VECTOR
    return F.pad(weight, (0, 0, 0, missing)), F.pad(shift, (0, missing))
