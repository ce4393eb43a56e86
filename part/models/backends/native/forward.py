"""ParT's forward pass in compiled code for the CPU, on packed tokens: nothing is spent on padding.

In fp32 the logits of `forward.cpp` are those of the model up to rounding. In bf16 the processor itself multiplies
bfloat16 numbers and sums the products in float32; pair features, norms, softmax and the first and last maps stay in
float32.

Shapes: B jets, N particles, F features, C classes.
"""

import ctypes
import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.backends.native.compile import compiled
from part.models.backends.native.folding import affine, after, out_map, pair_maps
from part.models.no_bias import ParTNoBias
from part.models.pair import PairEmbed
from part.models.transformer import Block, ParticleTransformer

VECTOR = 16  # floats
KNOWN = (ParticleTransformer, ParTNoBias)

_Pointer = ctypes.POINTER(ctypes.c_float)


class _Linear(ctypes.Structure):
    _fields_ = [
        *((name, _Pointer) for name in ("weight", "bias")),
        *((name, ctypes.c_int64) for name in ("inputs", "outputs", "bf16")),
    ]


class _Block(ctypes.Structure):
    _fields_ = [
        *((name, _Linear) for name in ("qkv", "ask", "out", "up", "down")),
        *((name, _Pointer) for name in ("post_scale", "post_shift", "residual")),
    ]


class _Net(ctypes.Structure):
    _fields_ = [
        *((n, ctypes.c_int64) for n in ("width", "heads", "layers", "class_layers", "embeds", "pairs", "classes")),
        *((name, _Pointer) for name in ("input_scale", "input_shift", "token")),
        *((name, ctypes.POINTER(_Linear)) for name in ("embed", "pair")),
        *((name, ctypes.POINTER(_Block)) for name in ("blocks", "class_blocks")),
        ("head", _Linear),
    ]


def unsupported(model: nn.Module, known: tuple[type, ...] = KNOWN) -> str | None:
    """Why a model cannot run natively, in a sentence, or None. known: the kinds that can."""
    if type(model) not in known:
        return f"Compiled code knows no {type(model).__name__}, only {', '.join(kind.__name__ for kind in known)}."
    c = model.config
    plain = c.norm == "layer" and c.ffn == "gelu" and c.biases and c.normformer
    if not plain or c.qk_norm or c.gate != "none" or c.global_token:
        return "The native backend knows ParT as published, not its later options."
    if c.width % (2 * VECTOR) or (c.width // c.heads) % VECTOR or any(width % VECTOR for width in c.embed):
        return f"The native backend needs a width in steps of {2 * VECTOR}, embedding and heads in steps of {VECTOR}."
    if any(not isinstance(m, nn.Linear) or type(m.weight) is not nn.Parameter for m in _linears(model)):
        return "The native backend runs models in floating point, not int8."
    return None


def _linears(model: nn.Module) -> list[nn.Module]:
    return [getattr(block.attn, name) for block in model.blocks for name in ("qkv", "out")]


class Native:
    """A ParT ready to run natively, in "fp32" or "bf16"; it holds copies of the weights as they were.

    scratch: bytes of these and of what the last pass needed beside the tensors that it was given. Raises PartError.
    """

    def __init__(self, model: ParticleTransformer, precision: str = "fp32"):
        if reason := unsupported(model):
            raise PartError(reason)
        self._code, self._kept = compiled("forward"), []
        self._bf16 = precision == "bf16"
        if self._bf16 and not self._code.prepare_bf16():
            raise PartError("The native backend cannot run in bf16 here: this processor has no bf16 arithmetic.")
        self.classes = model.config.classes
        with torch.no_grad():
            self._net = self._fold(model.eval())
        self._copies = self.scratch = sum(kept.nbytes for kept in self._kept if isinstance(kept, Tensor))

    def __call__(self, x: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """x (B, N, F), v (B, N, 4) in GeV, mask (B, N), on the CPU -> logits (B, C)."""
        logits = torch.empty(len(x), self.classes)
        tensors = [x.float().contiguous(), v.float().contiguous(), mask.contiguous(), logits]
        pointers = [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
        sizes = [ctypes.c_int64(n) for n in (*x.shape, torch.get_num_threads())]
        self._code.forward.restype = ctypes.c_int64
        self.scratch = self._copies + self._code.forward(ctypes.byref(self._net), *pointers, *sizes)
        return logits

    def _fold(self, model: ParticleTransformer) -> _Net:
        config, embed, pair = model.config, model.embed, model.pair_embed
        net = _Net(config.width, config.heads, config.layers, config.class_layers, len(embed.layers))
        net.classes = config.classes
        if pair is not None:
            net.pairs, net.pair = len(pair.layers), self._all(_Linear, self._pairs(pair))
        net.input_scale, net.input_shift = (self._numbers(t) for t in affine(embed.norm))
        net.token = self._numbers(model.class_token)
        embeds = [self._packed(*after(norm, linear), rough=i > 0) for i, (norm, linear, _) in enumerate(embed.layers)]
        net.embed = self._all(_Linear, embeds)
        net.blocks = self._all(_Block, [self._block(block) for block in model.blocks])
        net.class_blocks = self._all(_Block, [self._block(block) for block in model.class_blocks])
        net.head = self._packed(*after(model.norm, model.head), rough=False)
        return net

    def _pairs(self, pair: PairEmbed) -> list[_Linear]:
        maps = []
        for weight, bias in pair_maps(pair.norm, pair.layers):
            if maps:  # what the map before it pads is 0
                weight = F.pad(weight, (0, maps[-1].outputs - weight.shape[1]))
            maps.append(self._packed(weight, bias, rough=bool(maps)))
        return maps

    def _block(self, block: Block) -> _Block:
        width, post = block.attn.out.in_features, block.post_attn_norm
        ask = block.attn.qkv.weight[:width], block.attn.qkv.bias[:width]
        maps = [after(block.pre_attn_norm, block.attn.qkv), ask, out_map(block)]
        maps += [after(block.pre_ffn_norm, block.ffn.up), after(block.ffn.norm, block.ffn.down)]
        vectors = post.weight, post.bias, block.w_resid
        return _Block(*(self._packed(*a_map) for a_map in maps), *(self._numbers(t) for t in vectors))

    def _packed(self, weight: Tensor, bias: Tensor, rough: bool = True) -> _Linear:
        """Panels of 32 outputs, and one of 16 at the end if that is enough; outputs that are none are 0.

        rough: whether it may run in bf16, in which two inputs share the place of a float.
        """
        outputs, inputs = weight.shape
        shared = 2 if rough and self._bf16 else 1
        padded = -(-outputs // VECTOR) * VECTOR
        full = F.pad(weight, (0, 0, 0, padded - outputs)).to(torch.bfloat16 if shared == 2 else torch.float32)
        cuts = [*range(0, padded, 2 * VECTOR), padded]
        panels = [full[a:b].unflatten(1, (-1, shared)).transpose(0, 1).reshape(-1) for a, b in itertools.pairwise(cuts)]
        shifts = F.pad(bias, (0, padded - outputs))
        return _Linear(self._numbers(torch.cat(panels)), self._numbers(shifts), inputs, padded, shared == 2)

    def _numbers(self, values: Tensor):
        kept = values.detach().reshape(-1).clone()
        kept = kept if kept.dtype == torch.bfloat16 else kept.float()
        self._kept.append(kept)
        return ctypes.cast(kept.data_ptr(), _Pointer)

    def _all(self, kind: type, items: list):
        array = (kind * len(items))(*items)
        self._kept.append(array)
        return ctypes.cast(array, ctypes.POINTER(kind))
