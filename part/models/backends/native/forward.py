"""ParT's forward pass in compiled code for the CPU, on packed tokens, without padding.

In fp32 the logits of `forward.cpp` are those of the model up to rounding. In bf16 the processor itself multiplies
bfloat16 values and sums the products in float32; pair features, norms, softmax and the first and last linear layers
stay in float32.

Shapes: B jets, N particles, F features, C classes.
"""

import ctypes
import itertools
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from part.errors import PartError
from part.models.backends.limits import VECTOR, unsupported_reason
from part.models.backends.native.compile import load_library
from part.models.backends.native.folding import (
    AffineMap,
    batchnorm_affine,
    fold_head_scales,
    fold_layernorm,
    fold_pair_mlp,
)
from part.models.embedding import Embed
from part.models.transformer import Block, ParticleTransformer

ACTIVATIONS = ("none", "gelu", "relu")  # in the order of simd.h
_FloatPointer = ctypes.POINTER(ctypes.c_float)
_Structure = TypeVar("_Structure", bound=ctypes.Structure)


class _Linear(ctypes.Structure):
    """The struct `Linear` of linear.h."""

    _fields_ = [
        *((name, _FloatPointer) for name in ("weight", "bias")),
        *((name, ctypes.c_int64) for name in ("inputs", "outputs", "bf16", "activation")),
    ]


class _InferenceBlock(ctypes.Structure):
    """The struct `InferenceBlock` of forward.cpp."""

    _fields_ = [
        *((name, _Linear) for name in ("qkv", "class_query", "out", "up", "down")),
        *((name, _FloatPointer) for name in ("post_scale", "post_shift", "residual")),
        ("biased", ctypes.c_int64),
    ]


class _Embedding(ctypes.Structure):
    """The struct `Embedding` of forward.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("inputs", "first", "layers")),
        *((name, _FloatPointer) for name in ("scale", "shift")),
        ("linears", ctypes.POINTER(_Linear)),
    ]


class _InferenceNet(ctypes.Structure):
    """The struct `InferenceNet` of forward.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("width", "heads", "layers", "class_layers", "collections")),
        *((name, ctypes.c_int64) for name in ("pair_layers", "self_pairs", "head_layers", "classes")),
        ("token", _FloatPointer),
        ("embed", ctypes.POINTER(_Embedding)),
        *((name, ctypes.POINTER(_Linear)) for name in ("pair", "head")),
        *((name, ctypes.POINTER(_InferenceBlock)) for name in ("blocks", "class_blocks")),
    ]


class NativeModel:
    """A ParT that runs in compiled code. It holds a copy of the weights as they are at its construction.

    Parameters
    ----------
    model : ParticleTransformer
    precision : str
        "fp32" or "bf16".

    Attributes
    ----------
    workspace_bytes : int
        Memory of the copied weights and of what the last call allocated besides its arguments.

    Raises
    ------
    PartError
        If the model cannot run natively, the code cannot be compiled, or the processor does not multiply bfloat16.
    """

    def __init__(self, model: ParticleTransformer, precision: str = "fp32"):
        if reason := unsupported_reason(model, "native"):
            raise PartError(reason)
        self._library = load_library("forward")
        self._owned: list[Tensor | ctypes.Array] = []  # what the pointers of _net point to
        self._bf16 = precision == "bf16"
        if self._bf16 and not self._library.prepare_bf16():
            raise PartError("The native backend cannot run in bf16 here: this processor has no bf16 arithmetic.")
        self._library.forward.restype = ctypes.c_int64
        self.classes = model.config.classes
        with torch.no_grad():
            self._net = self._fold(model.eval())
        self._weight_bytes = sum(owned.nbytes for owned in self._owned if isinstance(owned, Tensor))
        self.workspace_bytes = self._weight_bytes

    def __call__(self, x: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """Return the logits of a batch.

        Parameters
        ----------
        x : Tensor (B, N, F)
            Features.
        v : Tensor (B, N, 4)
            Four-momenta px, py, pz, E in GeV.
        mask : Tensor (B, N)
            True for real particles, in any position. All three are on the CPU.

        Returns
        -------
        Tensor (B, C)
        """
        logits = torch.empty(len(x), self.classes)
        tensors = [x.float().contiguous(), v.float().contiguous(), mask.contiguous(), logits]
        pointers = [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
        sizes = [ctypes.c_int64(n) for n in (*x.shape, torch.get_num_threads())]
        allocated = self._library.forward(ctypes.byref(self._net), *pointers, *sizes)
        self.workspace_bytes = self._weight_bytes + allocated
        return logits

    def _fold(self, model: ParticleTransformer) -> _InferenceNet:
        config, pair = model.config, model.pair_embed
        embeddings = model.embed.collections if config.collections else [model.embed]
        net = _InferenceNet(config.width, config.heads, config.layers, config.class_layers, len(embeddings))
        net.classes = config.classes
        if pair is not None:
            activations = ["gelu"] * len(config.pair_embed) + ["gelu" if config.pair_activation_last else "none"]
            net.pair_layers, net.self_pairs = len(pair.layers), config.self_pairs
            net.pair = self._chain(fold_pair_mlp(pair.norm, pair.layers), activations, allow_bf16=True)
        if model.class_token is not None:
            net.token = self._pointer(model.class_token)
        firsts = itertools.accumulate((0, *config.collections))
        packed = [self._pack_embedding(embed, first) for embed, first in zip(embeddings, firsts, strict=False)]
        net.embed = self._array(_Embedding, packed)
        blocks = [self._pack_block(block, config.is_biased(i)) for i, block in enumerate(model.blocks)]
        net.blocks = self._array(_InferenceBlock, blocks)
        net.class_blocks = self._array(_InferenceBlock, [self._pack_block(b, False) for b in model.class_blocks])
        first, *others = [*(layer.up for layer in model.head_layers), model.head]
        head = [fold_layernorm(model.norm, first), *((layer.weight, layer.bias) for layer in others)]
        net.head_layers = len(head)
        net.head = self._chain(head, [*(kind for _, kind in config.head), "none"], allow_bf16=False)
        return net

    def _chain(self, layers: list[AffineMap], activations: list[str], allow_bf16: bool) -> "ctypes._Pointer[_Linear]":
        """Pack layers that take each other's outputs; the first one, of other inputs, is never in bf16."""
        chain: list[_Linear] = []
        for (weight, bias), activation in zip(layers, activations, strict=True):
            if chain:  # the outputs by which the layer before is padded are 0
                weight = F.pad(weight, (0, chain[-1].outputs - weight.shape[1]))
            chain.append(self._pack(weight, bias, allow_bf16 and bool(chain), activation))
        return self._array(_Linear, chain)

    def _pack_embedding(self, embed: Embed, first: int) -> _Embedding:
        scale, shift = batchnorm_affine(embed.norm)
        layers = [
            self._pack(*fold_layernorm(norm, linear), i > 0, embed.activation)
            for i, (norm, linear, _) in enumerate(embed.layers)
        ]
        inputs = len(scale), first, len(layers)
        return _Embedding(*inputs, self._pointer(scale), self._pointer(shift), self._array(_Linear, layers))

    def _pack_block(self, block: Block, biased: bool) -> _InferenceBlock:
        width, post = block.attn.out.in_features, block.post_attn_norm
        layers = [
            fold_layernorm(block.pre_attn_norm, block.attn.qkv),
            (block.attn.qkv.weight[:width], block.attn.qkv.bias[:width]),
            fold_head_scales(block),
            fold_layernorm(block.pre_ffn_norm, block.ffn.up),
            fold_layernorm(block.ffn.norm, block.ffn.down),
        ]
        activations = ("none", "none", "none", block.ffn.activation, "none")
        linears = [self._pack(*layer, True, kind) for layer, kind in zip(layers, activations, strict=True)]
        vectors = post.weight, post.bias, block.w_resid
        return _InferenceBlock(*linears, *(self._pointer(t) for t in vectors), biased)

    def _pack(self, weight: Tensor, bias: Tensor, allow_bf16: bool, activation: str) -> _Linear:
        """Arrange a weight in panels of 32 outputs, the last of 16 if that suffices; padded outputs are 0 (linear.h).

        allow_bf16: whether the layer may run in bf16, in which two inputs share the four bytes of a float.
        """
        outputs, inputs = weight.shape
        shared = 2 if allow_bf16 and self._bf16 else 1
        padded = -(-outputs // VECTOR) * VECTOR
        full = F.pad(weight, (0, 0, 0, padded - outputs)).to(torch.bfloat16 if shared == 2 else torch.float32)
        edges = [*range(0, padded, 2 * VECTOR), padded]
        panels = [
            full[a:b].unflatten(1, (-1, shared)).transpose(0, 1).reshape(-1) for a, b in itertools.pairwise(edges)
        ]
        padded_bias = F.pad(bias, (0, padded - outputs))
        kind = ACTIVATIONS.index(activation)
        return _Linear(self._pointer(torch.cat(panels)), self._pointer(padded_bias), inputs, padded, shared == 2, kind)

    def _pointer(self, values: Tensor) -> "ctypes._Pointer[ctypes.c_float]":
        """Copy a tensor, as float32 unless it is bfloat16, and return a pointer to the copy."""
        owned = values.detach().reshape(-1).clone()
        owned = owned if owned.dtype == torch.bfloat16 else owned.float()
        self._owned.append(owned)
        return ctypes.cast(owned.data_ptr(), _FloatPointer)

    def _array(self, kind: type[_Structure], items: list[_Structure]) -> "ctypes._Pointer[_Structure]":
        array = (kind * len(items))(*items)
        self._owned.append(array)
        return ctypes.cast(array, ctypes.POINTER(kind))
