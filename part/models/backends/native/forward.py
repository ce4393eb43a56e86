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
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.backends.native.compile import load_library
from part.models.backends.native.folding import batchnorm_affine, fold_head_scales, fold_layernorm, fold_pair_mlp
from part.models.no_bias import ParTNoBias
from part.models.pair import PairEmbed
from part.models.transformer import Block, ParticleTransformer

VECTOR = 16  # floats in a vector of the compiled code
# These are classes, not capabilities: a new class may override any step of ParT's forward pass, and the compiled code,
# which repeats that pass, would ignore it.
SUPPORTED = (ParticleTransformer, ParTNoBias)

_FloatPointer = ctypes.POINTER(ctypes.c_float)
_Structure = TypeVar("_Structure", bound=ctypes.Structure)


class _Linear(ctypes.Structure):
    """The struct `Linear` of linear.h."""

    _fields_ = [
        *((name, _FloatPointer) for name in ("weight", "bias")),
        *((name, ctypes.c_int64) for name in ("inputs", "outputs", "bf16")),
    ]


class _InferenceBlock(ctypes.Structure):
    """The struct `InferenceBlock` of forward.cpp."""

    _fields_ = [
        *((name, _Linear) for name in ("qkv", "class_query", "out", "up", "down")),
        *((name, _FloatPointer) for name in ("post_scale", "post_shift", "residual")),
    ]


class _InferenceNet(ctypes.Structure):
    """The struct `InferenceNet` of forward.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("width", "heads", "layers", "class_layers")),
        *((name, ctypes.c_int64) for name in ("embed_layers", "pair_layers", "classes")),
        *((name, _FloatPointer) for name in ("input_scale", "input_shift", "token")),
        *((name, ctypes.POINTER(_Linear)) for name in ("embed", "pair")),
        *((name, ctypes.POINTER(_InferenceBlock)) for name in ("blocks", "class_blocks")),
        ("head", _Linear),
    ]


def unsupported_reason(model: nn.Module, supported: tuple[type[nn.Module], ...] = SUPPORTED) -> str | None:
    """Return in a sentence why compiled code cannot run a model, or None if it can.

    Parameters
    ----------
    model : nn.Module
    supported : tuple of model classes
        Those whose forward pass the compiled code repeats.
    """
    if type(model) not in supported:
        names = ", ".join(kind.__name__ for kind in supported)
        return f"The native backend has no code for {type(model).__name__}, only for {names}."
    c = model.config
    published = c.norm == "layer" and c.ffn == "gelu" and c.biases and c.normformer
    if not published or c.qk_norm or c.gate != "none" or c.global_token:
        return "The native backend runs ParT as published, not its later options."
    if c.width % (2 * VECTOR) or (c.width // c.heads) % VECTOR or any(width % VECTOR for width in c.embed):
        return f"The native backend needs a width in steps of {2 * VECTOR}, embedding and heads in steps of {VECTOR}."
    linears = [getattr(block.attn, name) for block in model.blocks for name in ("qkv", "out")]
    if any(not isinstance(m, nn.Linear) or type(m.weight) is not nn.Parameter for m in linears):
        return "The native backend runs models in floating point, not int8."
    return None


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
        if reason := unsupported_reason(model):
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
        config, embed, pair = model.config, model.embed, model.pair_embed
        net = _InferenceNet(config.width, config.heads, config.layers, config.class_layers, len(embed.layers))
        net.classes = config.classes
        if pair is not None:
            net.pair_layers, net.pair = len(pair.layers), self._array(_Linear, self._pack_pair_mlp(pair))
        net.input_scale, net.input_shift = (self._pointer(t) for t in batchnorm_affine(embed.norm))
        net.token = self._pointer(model.class_token)
        layers = [
            self._pack(*fold_layernorm(norm, linear), allow_bf16=i > 0)
            for i, (norm, linear, _) in enumerate(embed.layers)
        ]
        net.embed = self._array(_Linear, layers)
        net.blocks = self._array(_InferenceBlock, [self._pack_block(block) for block in model.blocks])
        net.class_blocks = self._array(_InferenceBlock, [self._pack_block(block) for block in model.class_blocks])
        net.head = self._pack(*fold_layernorm(model.norm, model.head), allow_bf16=False)
        return net

    def _pack_pair_mlp(self, pair: PairEmbed) -> list[_Linear]:
        layers: list[_Linear] = []
        for weight, bias in fold_pair_mlp(pair.norm, pair.layers):
            if layers:  # the outputs by which the layer before is padded are 0
                weight = F.pad(weight, (0, layers[-1].outputs - weight.shape[1]))
            layers.append(self._pack(weight, bias, allow_bf16=bool(layers)))
        return layers

    def _pack_block(self, block: Block) -> _InferenceBlock:
        width, post = block.attn.out.in_features, block.post_attn_norm
        layers = [
            fold_layernorm(block.pre_attn_norm, block.attn.qkv),
            (block.attn.qkv.weight[:width], block.attn.qkv.bias[:width]),
            fold_head_scales(block),
            fold_layernorm(block.pre_ffn_norm, block.ffn.up),
            fold_layernorm(block.ffn.norm, block.ffn.down),
        ]
        vectors = post.weight, post.bias, block.w_resid
        return _InferenceBlock(*(self._pack(*layer) for layer in layers), *(self._pointer(t) for t in vectors))

    def _pack(self, weight: Tensor, bias: Tensor, allow_bf16: bool = True) -> _Linear:
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
        return _Linear(self._pointer(torch.cat(panels)), self._pointer(padded_bias), inputs, padded, shared == 2)

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
