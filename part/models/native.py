"""ParT's forward pass in compiled code for the CPU, on packed tokens: nothing is spent on padding.

`native.cpp` is compiled once for this machine, by g++ where there is one, and kept among the user's caches. The logits
are those of the model in float32, up to rounding. Shapes: B jets, N particles, T real particles of all jets.
"""

import ctypes
import hashlib
import itertools
import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.layers import NormedLinear
from part.models.no_bias import ParTNoBias
from part.models.pair import pair_features
from part.models.transformer import Block, ParticleTransformer
from part.streaming import whole

SOURCE = Path(__file__).with_name("native.cpp")
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fopenmp", "-shared", "-fPIC", "-std=c++17")
VECTOR = 16  # floats
GROUP = 160  # tokens that go through the network together, at least, so that they stay in the cache

_Pointer = ctypes.POINTER(ctypes.c_float)


class _Linear(ctypes.Structure):
    _fields_ = [("weight", _Pointer), ("bias", _Pointer), ("inputs", ctypes.c_int64), ("outputs", ctypes.c_int64)]


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


@cache
def compiled() -> ctypes.CDLL:
    """The compiled code. Raises PartError where there is no compiler, or it fails."""
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None:
        raise PartError("The native backend is compiled on first use and needs g++, which is not here; use another.")
    known = SOURCE.read_bytes() + "\n".join((*FLAGS, compiler, platform.processor(), _cpu())).encode()
    path = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "partscope"
    path = path / f"native-{hashlib.sha256(known).hexdigest()[:16]}.so"
    if not path.exists():
        with whole(path) as partial:
            made = subprocess.run([compiler, *FLAGS, str(SOURCE), "-o", str(partial)], capture_output=True, text=True)
            if made.returncode:
                raise PartError(f"The native backend could not be compiled: {made.stderr.strip().splitlines()[0]}.")
    return ctypes.CDLL(str(path))


def _cpu() -> str:
    """What tells this processor apart, so that a home shared by machines holds code for each."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))


def unsupported(model: nn.Module) -> str | None:
    """Why a model cannot run natively, in a sentence, or None."""
    if type(model) not in (ParticleTransformer, ParTNoBias):
        return f"The native backend runs ParT and ParTNoBias only, no {type(model).__name__}."
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
    """A ParT ready to run natively; it holds copies of the weights as they were. Raises PartError."""

    def __init__(self, model: ParticleTransformer):
        if reason := unsupported(model):
            raise PartError(reason)
        self._code, self._kept = compiled(), []
        self.classes = model.config.classes
        with torch.no_grad():
            self._net = self._fold(model.eval())

    def __call__(self, x: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """x (B, N, F), v (B, N, 4) in GeV, mask (B, N), on the CPU -> logits (B, C)."""
        lengths = mask.sum(1)
        features = self._features(v, mask) if self._net.pairs else None
        tokens = x[mask].float().contiguous()
        ends = lengths.cumsum(0)
        group = torch.div(ends - lengths, GROUP, rounding_mode="floor")  # by where a jet's first token lies
        starts = torch.cat((group.new_zeros(1), (group.diff() != 0).nonzero()[:, 0] + 1, group.new_tensor([len(x)])))
        logits = torch.empty(len(x), self.classes)
        sizes = (ctypes.c_int64(n) for n in (x.shape[-1], len(starts) - 1, torch.get_num_threads()))
        inputs, groups, threads = sizes
        arrays = (tokens, lengths, starts, features, logits)
        pointers = [None if t is None else ctypes.c_void_p(t.data_ptr()) for t in arrays]
        token, length, start, feature, out = pointers
        self._code.forward(ctypes.byref(self._net), token, inputs, length, start, groups, feature, out, threads)
        return logits

    def _features(self, v: Tensor, mask: Tensor) -> Tensor:
        """Of the real pairs i >= j of all jets in a row (P, 4), by the operations of the model itself."""
        pairs = (mask[:, :, None] & mask[:, None, :]).tril()
        jet, i, j = pairs.nonzero(as_tuple=True)
        return pair_features(v[jet, i].float(), v[jet, j].float())

    def _fold(self, model: ParticleTransformer) -> _Net:
        config, embed, pair = model.config, model.embed, model.pair_embed
        scale = embed.norm.weight * torch.rsqrt(embed.norm.running_var + embed.norm.eps)
        net = _Net(config.width, config.heads, config.layers, config.class_layers, len(embed.layers))
        net.classes = config.classes
        if pair is not None:
            net.pairs, net.pair = len(pair.layers), self._all(_Linear, self._pair_maps(pair.norm, pair.layers))
        net.input_scale = self._numbers(scale)
        net.input_shift = self._numbers(embed.norm.bias - embed.norm.running_mean * scale)
        net.token = self._numbers(model.class_token)
        net.embed = self._all(_Linear, [self._after(norm, linear) for norm, linear, _ in embed.layers])
        net.blocks = self._all(_Block, [self._block(block) for block in model.blocks])
        net.class_blocks = self._all(_Block, [self._block(block) for block in model.class_blocks])
        net.head = self._after(model.norm, model.head)
        return net

    def _pair_maps(self, norm: nn.BatchNorm1d, layers: nn.Sequential) -> list[_Linear]:
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        shift, maps = norm.bias - norm.running_mean * scale, []
        for layer in layers:
            weight, bias = _flattened(layer)
            if not maps:  # the first BatchNorm lies before it
                weight, bias = weight * scale, bias + weight @ shift
            else:  # what the map before it pads is 0
                weight = F.pad(weight, (0, maps[-1].outputs - weight.shape[1]))
            maps.append(self._packed(weight, bias))
        return maps

    def _block(self, block: Block) -> _Block:
        width = block.attn.out.in_features
        groups = block.c_attn.repeat_interleave(width // block.heads)
        out = block.attn.out.weight * groups[:, None], block.attn.out.bias * groups
        if block.transposed_channels:
            out = tuple(t.unflatten(0, (block.heads, -1)).transpose(0, 1).flatten(0, 1) for t in out)
        ask = block.attn.qkv.weight[:width], block.attn.qkv.bias[:width]
        post = block.post_attn_norm
        return _Block(
            self._after(block.pre_attn_norm, block.attn.qkv),
            self._packed(*ask),
            self._packed(*out),
            self._after(block.pre_ffn_norm, block.ffn.up),
            self._after(block.ffn.norm, block.ffn.down),
            *(self._numbers(t) for t in (post.weight, post.bias, block.w_resid)),
        )

    def _after(self, norm: nn.LayerNorm, linear: nn.Linear) -> _Linear:
        """A linear map with the weights of the LayerNorm before it folded in."""
        return self._packed(linear.weight * norm.weight, linear.bias + linear.weight @ norm.bias)

    def _packed(self, weight: Tensor, bias: Tensor) -> _Linear:
        """Panels of 32 outputs, and one of 16 at the end if that is enough; outputs that are none are 0."""
        outputs, inputs = weight.shape
        padded = -(-outputs // VECTOR) * VECTOR
        full = weight.new_zeros(padded, inputs)
        full[:outputs] = weight
        cuts = [*range(0, padded, 2 * VECTOR), padded]
        panels = [full[a:b].T.reshape(-1) for a, b in itertools.pairwise(cuts)]
        shifts = bias.new_zeros(padded)
        shifts[:outputs] = bias
        return _Linear(self._numbers(torch.cat(panels)), self._numbers(shifts), inputs, padded)

    def _numbers(self, values: Tensor):
        array = np.ascontiguousarray(values.detach().float().reshape(-1).numpy()).copy()
        self._kept.append(array)
        return array.ctypes.data_as(_Pointer)

    def _all(self, kind: type, items: list):
        array = (kind * len(items))(*items)
        self._kept.append(array)
        return ctypes.cast(array, ctypes.POINTER(kind))


def _flattened(layer: NormedLinear) -> tuple[Tensor, Tensor]:
    """The affine map that a linear layer and its BatchNorm are."""
    scale = layer.norm.weight * torch.rsqrt(layer.norm.running_var + layer.norm.eps)
    return layer.linear.weight * scale[:, None], (layer.linear.bias - layer.norm.running_mean) * scale + layer.norm.bias
