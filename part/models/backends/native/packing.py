"""The structs that describe a network to `forward.cpp`, and the arrangement of weights in memory that they point to."""

import ctypes
import itertools
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.backends.native.folding import AffineMap, affine_map, fold_head_scales, fold_norm
from part.models.transformer import Block

ACTIVATIONS = ("none", "gelu", "relu", "silu", "sigmoid")  # in the order of simd.h
NORMS = (nn.Identity, nn.LayerNorm, nn.RMSNorm)  # in the order of inference_net.h
FloatPointer = ctypes.POINTER(ctypes.c_float)
_Structure = TypeVar("_Structure", bound=ctypes.Structure)


class Linear(ctypes.Structure):
    """The struct `Linear` of linear.h."""

    _fields_ = [
        *((name, FloatPointer) for name in ("weight", "bias")),
        *((name, ctypes.c_int64) for name in ("inputs", "outputs", "bf16", "activation")),
    ]


class NormedLayer(ctypes.Structure):
    """The struct `NormedLayer` of inference_net.h."""

    _fields_ = [("linear", Linear), ("gate", Linear), ("norm", ctypes.c_int64), ("width", ctypes.c_int64)]


class InferenceBlock(ctypes.Structure):
    """The struct `InferenceBlock` of inference_net.h."""

    _fields_ = [
        *((name, NormedLayer) for name in ("qkv", "up", "down")),
        *((name, Linear) for name in ("class_query", "out", "gate")),
        *((name, ctypes.c_int64) for name in ("heads", "channels", "qk_width", "qk_norm", "gate_channels")),
        *((name, ctypes.c_int64) for name in ("post_norm", "biased")),
        *((name, FloatPointer) for name in ("q_scale", "q_shift", "k_scale", "k_shift")),
        *((name, FloatPointer) for name in ("post_scale", "post_shift", "residual", "mixing", "bias_scale")),
    ]


class Embedding(ctypes.Structure):
    """The struct `Embedding` of inference_net.h."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("inputs", "first", "layers")),
        *((name, FloatPointer) for name in ("scale", "shift")),
        ("linears", ctypes.POINTER(NormedLayer)),
    ]


class InferenceNet(ctypes.Structure):
    """The struct `InferenceNet` of inference_net.h."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("width", "stride", "layers", "class_layers", "collections")),
        *((name, ctypes.c_int64) for name in ("pair_layers", "head_layers", "classes", "has_qk", "global_token")),
        *((name, ctypes.c_int64) for name in ("symmetric", "self_pairs", "given_pairs")),
        *((name, ctypes.c_int64) for name in ("slots", "ranks", "landmarks")),
        *((name, FloatPointer) for name in ("token", "shares")),
        ("embed", ctypes.POINTER(Embedding)),
        ("pair", ctypes.POINTER(Linear)),
        ("head", ctypes.POINTER(NormedLayer)),
        *((name, ctypes.POINTER(InferenceBlock)) for name in ("blocks", "class_blocks")),
    ]


class Packer:
    """Copies weights into the arrangement of the compiled code.

    Parameters
    ----------
    lanes : int
        The floats of a vector. Rows of activations are padded to its multiples, and so are the channels of a head.
    bf16 : bool
        Whether linear layers are packed in bfloat16, except for those that are told not to be.

    Attributes
    ----------
    owned : list of Tensor and ctypes.Array
        What the pointers point to.
    """

    def __init__(self, lanes: int, bf16: bool):
        self._lanes, self._bf16 = lanes, bf16
        self.owned: list[Tensor | ctypes.Array] = []

    def padded(self, n: int) -> int:
        """Return the next multiple of a vector's floats."""
        return -(-n // self._lanes) * self._lanes

    def pad(self, values: Tensor) -> Tensor:
        """Pad the last axis with zeros to whole vectors."""
        return F.pad(values, (0, self.padded(values.shape[-1]) - values.shape[-1]))

    def pointer(self, values: Tensor) -> "ctypes._Pointer[ctypes.c_float]":
        """Copy a tensor, as float32 unless it is bfloat16, and return a pointer to the copy."""
        owned = values.detach().reshape(-1).clone()
        owned = owned if owned.dtype == torch.bfloat16 else owned.float()
        self.owned.append(owned)
        return ctypes.cast(owned.data_ptr(), FloatPointer)

    def array(self, kind: type[_Structure], items: list[_Structure]) -> "ctypes._Pointer[_Structure]":
        array = (kind * len(items))(*items)
        self.owned.append(array)
        return ctypes.cast(array, ctypes.POINTER(kind))

    def linear(self, layer: AffineMap, activation: str = "none", exact: bool = False) -> Linear:
        """Arrange a weight in panels of two vectors of outputs, the last of one if that suffices; padding is 0.

        exact: whether the layer, whose inputs may then be of any number, runs in float32 in any case. In bfloat16 two
        inputs share the four bytes of a float.
        """
        (weight, bias), lanes = layer, self._lanes
        in_bf16 = self._bf16 and not exact
        padded = self.padded(len(weight))
        full = F.pad(weight, (0, 0, 0, padded - len(weight))).to(torch.bfloat16 if in_bf16 else torch.float32)
        edges, shared = [*range(0, padded, 2 * lanes), padded], 2 if in_bf16 else 1
        panels = [
            full[a:b].unflatten(1, (-1, shared)).transpose(0, 1).reshape(-1) for a, b in itertools.pairwise(edges)
        ]
        sizes = weight.shape[1], padded, in_bf16, ACTIVATIONS.index(activation)
        return Linear(self.pointer(torch.cat(panels)), self.pointer(self.pad(bias)), *sizes)

    def layer(
        self,
        norm: nn.Module,
        linear: AffineMap | nn.Linear,
        activation: str = "none",
        gate: nn.Linear | None = None,
        exact: bool = False,
        from_inputs: bool = False,
    ) -> NormedLayer:
        """Pack a linear layer, and its gate, with the norm before it; from_inputs: whether its rows are not padded."""
        width = (linear[0] if isinstance(linear, tuple) else linear.weight).shape[1]
        packed = []
        for map_, kind in ((linear, activation), (gate, "silu")):
            if map_ is None:
                packed.append(Linear())
                continue
            weight, bias = fold_norm(norm, map_) if isinstance(map_, nn.Linear) else map_
            packed.append(self.linear((weight if from_inputs else self.pad(weight), bias), kind, exact or from_inputs))
        return NormedLayer(*packed, norm_index(norm), width)

    def block(self, block: Block, biased: bool, is_class_block: bool) -> InferenceBlock:
        """Pack a block."""
        attn, ffn, heads = block.attn, block.ffn, block.heads
        width, gated = attn.out.in_features, ffn.gate is not None
        parts = attn.qkv.out_features // width  # queries, keys and values, or values only
        qkv = self._split(fold_norm(block.pre_attn_norm, attn.qkv), heads)
        query = affine_map(attn.qkv)
        packed = InferenceBlock(
            heads=heads, channels=self.padded(width // heads), qk_width=width // heads, biased=biased
        )
        inner = heads * packed.channels
        if is_class_block:
            qkv = tuple(t[inner:] for t in qkv)
            weight, bias = self._split((query[0][:width], query[1][:width]), heads)
            packed.class_query = self.linear((self.pad(weight), bias))
        assert len(qkv[0]) == (parts - is_class_block) * inner
        packed.qkv = NormedLayer(
            self.linear((self.pad(qkv[0]), qkv[1])), Linear(), norm_index(block.pre_attn_norm), width
        )
        out_weight, out_bias = fold_head_scales(block)
        out_weight = self.pad(out_weight.unflatten(1, (heads, -1))).flatten(1)
        packed.out = self.linear((out_weight, out_bias))
        if attn.gate is not None:
            weight, bias = affine_map(attn.gate) if is_class_block else fold_norm(block.pre_attn_norm, attn.gate)
            packed.gate_channels = packed.channels if len(weight) == heads else 1
            if len(weight) != heads:
                weight, bias = self._split((weight, bias), heads)
            packed.gate = self.linear((self.pad(weight), bias))
        packed.qk_norm = norm_index(attn.q_norm)
        if packed.qk_norm:
            packed.q_scale, packed.q_shift = self._scale_and_shift(attn.q_norm)
            packed.k_scale, packed.k_shift = self._scale_and_shift(attn.k_norm)
        packed.post_norm = norm_index(block.post_attn_norm)
        packed.post_scale, packed.post_shift = self._scale_and_shift(block.post_attn_norm, block.attn_scale, width)
        ones = out_weight.new_ones(width)
        packed.residual = self.pointer(self.pad(ones if block.w_resid is None else block.w_resid))
        packed.up = self.layer(block.pre_ffn_norm, ffn.up, "none" if gated else ffn.activation, ffn.gate)
        weight, bias = fold_norm(ffn.norm, ffn.down)
        if block.ffn_scale is not None:
            weight, bias = weight * block.ffn_scale[:, None], bias * block.ffn_scale
        packed.down = self.layer(ffn.norm, (weight, bias))
        if block.c_bias is not None and biased:
            packed.bias_scale = self.pointer(block.c_bias)
        if (mixing := getattr(attn, "mixing", None)) is not None:
            packed.mixing = self.pointer(mixing)
        return packed

    def _split(self, layer: AffineMap, heads: int) -> AffineMap:
        """Pad the channels of each head in the outputs (parts D) of a map."""
        weight, bias = layer
        channels = weight.shape[1] // heads
        return self.pad(weight.T.unflatten(1, (-1, channels))).flatten(1).T, self.pad(
            bias.unflatten(0, (-1, channels))
        ).flatten()

    def _scale_and_shift(self, norm: nn.Module, scale: Tensor | None = None, width: int = 0) -> tuple:
        """Return pointers to a norm's scale and shift, both times a further scale, padded with zeros."""
        own = getattr(norm, "weight", None)
        own = torch.ones(width) if own is None else own
        shift = getattr(norm, "bias", None)
        shift = torch.zeros_like(own) if shift is None else shift
        return tuple(self.pointer(self.pad(t if scale is None else t * scale)) for t in (own, shift))


def norm_index(norm: nn.Module) -> int:
    """Return the place of a norm's class in `NORMS`."""
    return next(i for i, kind in enumerate(NORMS) if isinstance(norm, kind))
