"""The structs that describe a network to `forward.cpp`, and the arrangement of weights in memory that they point to."""

import ctypes
import itertools
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.backends.native.folding import AffineMap
from part.models.backends.native.maps import LinearMap, fold_head_scales
from part.models.transformer import Block

ACTIVATIONS = ("none", "gelu", "relu", "silu", "sigmoid")  # in the order of simd.h
INT8_VECTORS = ("scale", "start", "input_scale", "input_shift")  # of a layer in 8-bit integers
KEPT = (torch.bfloat16, torch.int8, torch.int32)  # types of numbers that the compiled code takes besides float32
NORMS = (nn.Identity, nn.LayerNorm, nn.RMSNorm)  # in the order of inference_net.h
FloatPointer = ctypes.POINTER(ctypes.c_float)
_Structure = TypeVar("_Structure", bound=ctypes.Structure)


class Linear(ctypes.Structure):
    """The struct `Linear` of linear.h."""

    _fields_ = [
        *((name, FloatPointer) for name in ("weight", "bias")),
        *((name, ctypes.c_int64) for name in ("inputs", "outputs", "bf16", "activation")),
        *((name, FloatPointer) for name in INT8_VECTORS),
        ("own_scales", ctypes.c_int64),
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
        """Copy a tensor, as float32 unless its numbers are of a type in `KEPT`, and return a pointer to the copy."""
        owned = values.detach().reshape(-1).clone()
        owned = owned if owned.dtype in KEPT else owned.float()
        self.owned.append(owned)
        return ctypes.cast(owned.data_ptr(), FloatPointer)

    def array(self, kind: type[_Structure], items: list[_Structure]) -> "ctypes._Pointer[_Structure]":
        array = (kind * len(items))(*items)
        self.owned.append(array)
        return ctypes.cast(array, ctypes.POINTER(kind))

    def linear(self, layer: LinearMap | AffineMap, activation: str = "none", exact: bool = False) -> Linear:
        """Arrange a weight in panels of two vectors of outputs, the last of one if that suffices; padding is 0.

        exact: whether the layer, whose inputs may then be of any number, is not rounded to bfloat16. In bfloat16 two
        inputs share the four bytes of a float, in integers four.
        """
        layer = layer if isinstance(layer, LinearMap) else LinearMap(*layer)
        in_bf16 = self._bf16 and not exact and layer.int8 is None
        n, lanes, shared = len(layer.weight), self._lanes, 4 if layer.int8 else 2 if in_bf16 else 1
        padded = self.padded(n)
        full = F.pad(layer.weight, (0, 0, 0, padded - n))
        full = full.to(torch.bfloat16) if in_bf16 else full
        edges = [*range(0, padded, 2 * lanes), padded]
        panels = [
            full[a:b].unflatten(1, (-1, shared)).transpose(0, 1).reshape(-1) for a, b in itertools.pairwise(edges)
        ]
        sizes = full.shape[1], padded, in_bf16, ACTIVATIONS.index(activation)
        packed = Linear(self.pointer(torch.cat(panels)), self.pointer(self.pad(layer.bias)), *sizes)
        if layer.int8:
            for name in INT8_VECTORS:
                setattr(packed, name, self.pointer(self.pad(getattr(layer.int8, name))))
            packed.own_scales = layer.int8.own_scales
        return packed

    def layer(
        self,
        norm: nn.Module,
        linear: LinearMap | AffineMap | nn.Linear,
        activation: str = "none",
        gate: nn.Linear | None = None,
        exact: bool = False,
        from_inputs: bool = False,
    ) -> NormedLayer:
        """Pack a linear layer, and its gate, with the norm before it; from_inputs: whether its rows are not padded."""
        packed, width = [], 0
        for own, kind in ((linear, activation), (gate, "silu")):
            if own is None:
                packed.append(Linear())
                continue
            layer = own if isinstance(own, LinearMap) else LinearMap.of(own, norm)
            width = layer.weight.shape[1]
            layer = layer if from_inputs else layer.inputs(self.pad)
            packed.append(self.linear(layer, kind, exact or from_inputs))
        return NormedLayer(*packed, norm_index(norm), width)

    def block(self, block: Block, biased: bool, is_class_block: bool) -> InferenceBlock:
        """Pack a block."""
        attn, ffn, heads = block.attn, block.ffn, block.heads
        width, gated = attn.out.in_features, ffn.gate is not None
        parts = attn.qkv.out_features // width  # queries, keys and values, or values only
        qkv = self._split(LinearMap.of(attn.qkv, block.pre_attn_norm), heads)
        packed = InferenceBlock(
            heads=heads, channels=self.padded(width // heads), qk_width=width // heads, biased=biased
        )
        inner = heads * packed.channels
        if is_class_block:
            qkv = qkv.outputs(lambda t: t[inner:])
            query = self._split(LinearMap.of(attn.qkv).outputs(lambda t: t[:width]), heads)
            packed.class_query = self.linear(query.inputs(self.pad))
        assert len(qkv.bias) == (parts - is_class_block) * inner
        packed.qkv = NormedLayer(self.linear(qkv.inputs(self.pad)), Linear(), norm_index(block.pre_attn_norm), width)
        out = fold_head_scales(block)
        packed.out = self.linear(out.inputs(lambda t: self.pad(t.unflatten(-1, (heads, -1))).flatten(-2)))
        if attn.gate is not None:
            gate = LinearMap.of(attn.gate, None if is_class_block else block.pre_attn_norm)
            packed.gate_channels = packed.channels if len(gate.bias) == heads else 1
            if len(gate.bias) != heads:
                gate = self._split(gate, heads)
            packed.gate = self.linear(gate.inputs(self.pad))
        packed.qk_norm = norm_index(attn.q_norm)
        if packed.qk_norm:
            packed.q_scale, packed.q_shift = self._scale_and_shift(attn.q_norm)
            packed.k_scale, packed.k_shift = self._scale_and_shift(attn.k_norm)
        packed.post_norm = norm_index(block.post_attn_norm)
        packed.post_scale, packed.post_shift = self._scale_and_shift(block.post_attn_norm, block.attn_scale, width)
        ones = torch.ones(width)
        packed.residual = self.pointer(self.pad(ones if block.w_resid is None else block.w_resid))
        packed.up = self.layer(block.pre_ffn_norm, ffn.up, "none" if gated else ffn.activation, ffn.gate)
        down = LinearMap.of(ffn.down, ffn.norm)
        packed.down = self.layer(ffn.norm, down if block.ffn_scale is None else down.times(block.ffn_scale))
        if block.c_bias is not None and biased:
            packed.bias_scale = self.pointer(block.c_bias)
        if (mixing := getattr(attn, "mixing", None)) is not None:
            packed.mixing = self.pointer(mixing)
        return packed

    def _split(self, layer: LinearMap, heads: int) -> LinearMap:
        """Pad the channels of each head in the outputs (parts D) of a map."""
        channels = layer.weight.shape[1] // heads
        missing = self.padded(channels) - channels

        def split(t: Tensor) -> Tensor:
            return F.pad(t.unflatten(0, (-1, channels)), (0, 0) * (t.ndim - 1) + (0, missing)).flatten(0, 1)

        return layer.outputs(split)

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
