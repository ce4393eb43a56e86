"""What ParT learns from a batch, in compiled code for the CPU: logits and all gradients in one pass over packed tokens.

`learn.cpp` knows maps with norms folded into them, no parameters. It is torch that folds, and carries the gradients of
the maps back to the parameters. BatchNorm statistics are fixed, and nothing is dropped out.

Shapes: B jets, T particles of all, F features, C classes.
"""

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.jets.features import JetBatch
from part.models.backends.native.compile import compiled
from part.models.backends.native.folding import AffineMap, affine, after, out_map, pair_maps
from part.models.backends.native.forward import KNOWN, VECTOR, unsupported
from part.models.linpart import LandmarkEmbed, LinParT, SlotAttention
from part.models.pair_attention import PairAttn
from part.models.transformer import ParticleTransformer

TRAINABLE = (*KNOWN, PairAttn, LinParT)
_Pointer = ctypes.POINTER(ctypes.c_float)


class _Map(ctypes.Structure):
    _fields_ = [
        *((name, _Pointer) for name in ("weight", "bias")),
        *((name, ctypes.c_int64) for name in ("inputs", "outputs", "bf16", "at")),
    ]


class _Vector(ctypes.Structure):
    _fields_ = [("value", _Pointer), ("at", ctypes.c_int64)]


class _Net(ctypes.Structure):
    _fields_ = [
        *((n, ctypes.c_int64) for n in ("width", "heads", "layers", "class_layers", "embeds", "pairs", "classes")),
        *((name, ctypes.c_int64) for name in ("maps", "gradients", "slots", "ranks", "values")),
        ("map", ctypes.POINTER(_Map)),
        ("vector", ctypes.POINTER(_Vector)),
    ]


class _Batch(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("x", "v", "to_slots", "targets", "lengths", "ranks")),
        *((name, ctypes.c_int64) for name in ("jets", "inputs")),
    ]


def untrainable(model: nn.Module) -> str | None:
    """Why a model cannot learn natively, in a sentence, or None."""
    if reason := unsupported(model, TRAINABLE):
        return reason
    if model.config.dropout or any(m.training for m in model.modules() if isinstance(m, nn.BatchNorm1d)):
        return "Native training knows no dropout, and needs BatchNorm statistics fixed (calibration_jets)."
    if any(width % VECTOR for width in model.config.pair_embed):
        return f"Native training needs pair embeddings in steps of {VECTOR}."
    try:
        compiled("learn")
    except PartError as error:
        return str(error)
    return None


def learn(model: ParticleTransformer, batch: Sequence[JetBatch], targets: Tensor, bf16: bool) -> Tensor:
    """The mean cross entropy of micro-batches of B jets in all and the probabilities targets (B, C), to be
    differentiated.

    bf16: whether the processor is to multiply bfloat16 numbers, which it has to know (see `models/precision.py`).
    """
    given = {name: torch.cat([getattr(micro, name)[micro.mask] for micro in batch]) for name in ("x", "v")}
    given |= {
        "lengths": torch.cat([micro.mask.sum(1) for micro in batch]),
        "targets": targets.float(),
        "to_slots": None,
    }
    with torch.autocast("cpu", enabled=False):
        if isinstance(model, LinParT):
            ranks = [model.ranks(micro.v, micro.mask) for micro in batch]
            given["ranks"] = torch.cat([rank[micro.mask] for rank, micro in zip(ranks, batch, strict=True)])
            if isinstance(model.pair_embed, LandmarkEmbed):
                pairs = zip(batch, ranks, strict=True)
                given["to_slots"] = torch.cat([model.pair_embed.features(m.v, m.mask, rank) for m, rank in pairs])
        maps, vectors = _folded(model)
        flat = [tensor for a_map in maps for tensor in a_map] + vectors
        return _Learn.apply(model, bf16, given, given["to_slots"], *flat)


class _Learn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, model, bf16, given, to_slots, *flat):
        threads = torch.get_num_threads()
        flat = [tensor.contiguous() for tensor in flat]
        net, places = _net(model, bf16, flat)
        given = {name: t.detach().contiguous() for name, t in given.items() if t is not None}
        batch = _Batch(**{name: t.data_ptr() for name, t in given.items()}, jets=len(given["lengths"]))
        batch.inputs = given["x"].shape[1]
        ctx.to_slots = None if to_slots is None else torch.empty_like(given["to_slots"])
        logits, gradients = torch.empty(batch.jets, model.config.classes), torch.zeros(threads, net.gradients)
        results = (None if t is None else ctypes.c_void_p(t.data_ptr()) for t in (logits, ctx.to_slots, gradients))
        compiled("learn").learn(ctypes.byref(net), ctypes.byref(batch), *results, ctypes.c_int64(threads))
        total = gradients.sum(0) if threads > 1 else gradients[0]
        ctx.gradients = [_at(total, place, tensor) for place, tensor in zip(places, flat, strict=True)]
        return F.cross_entropy(logits, given["targets"])

    @staticmethod
    def backward(ctx, slope):
        to_slots = None if ctx.to_slots is None else ctx.to_slots * slope
        return (None,) * 3 + (to_slots,) + tuple(gradient * slope for gradient in ctx.gradients)


def _net(model: nn.Module, bf16: bool, flat: list[Tensor]) -> tuple[_Net, list[int]]:
    """What the code is given, and where the gradient of each tensor will be."""
    c, at, places = model.config, 0, []
    pairs = 0 if model.pair_embed is None else len(model.pair_embed.layers)
    count = len(model.embed.layers) + pairs + 4 * c.layers + 5 * c.class_layers + 1
    rough = [bf16] * count
    for exact in (0, *([len(model.embed.layers)] if pairs else []), count - 1):  # as in forward.py
        rough[exact] = False
    maps, vectors = (_Map * count)(), (_Vector * (len(flat) - 2 * count))()
    for i, (weight, bias) in enumerate(zip(flat[: 2 * count : 2], flat[1 : 2 * count : 2], strict=True)):
        maps[i] = _Map(_numbers(weight), _numbers(bias), weight.shape[1], weight.shape[0], rough[i], at)
        tall, wide = (-(-n // VECTOR) * VECTOR for n in weight.shape)
        places += [at, at + tall * wide]
        at += tall * wide + tall
    for i, vector in enumerate(flat[2 * count :]):
        vectors[i] = _Vector(_numbers(vector), at)
        places.append(at)
        at += vector.numel()
    net = _Net(c.width, c.heads, c.layers, c.class_layers, len(model.embed.layers), pairs, c.classes, count, at)
    net.map, net.vector = maps, vectors  # which it keeps alive
    net.values = isinstance(model, PairAttn)
    if isinstance(model, LinParT):
        net.slots, net.ranks = c.slots, c.length
    return net, places


def _at(total: Tensor, place: int, like: Tensor) -> Tensor:
    """The gradient of a tensor; those of matrices lie in whole vectors."""
    if like.ndim < 2:
        return total[place : place + len(like)]
    tall, wide = (-(-n // VECTOR) * VECTOR for n in like.shape)
    return total[place : place + tall * wide].view(tall, wide)[: like.shape[0], : like.shape[1]]


def _numbers(tensor: Tensor):
    return ctypes.cast(tensor.data_ptr(), _Pointer)


def _folded(model: ParticleTransformer) -> tuple[list[AffineMap], list[Tensor]]:
    """Weights (outputs, inputs) and biases of all maps, and the vectors beside them, in the order of the code."""
    embed, pair, width = model.embed, model.pair_embed, model.config.width
    scale, shift = affine(embed.norm)
    maps = [after(norm, linear) for norm, linear, _ in embed.layers]
    if pair is not None:
        maps += pair_maps(pair.norm, pair.layers)
    vectors = [scale, shift, model.class_token.flatten()]
    for block in (*model.blocks, *model.class_blocks):
        asks = block in set(model.class_blocks)
        weight, bias = after(block.pre_attn_norm, block.attn.qkv)
        maps.append((weight[width:], bias[width:]) if asks else (weight, bias))
        maps += [out_map(block), after(block.pre_ffn_norm, block.ffn.up), after(block.ffn.norm, block.ffn.down)]
        if asks:
            maps.append((block.attn.qkv.weight[:width], block.attn.qkv.bias[:width]))
        vectors += [block.post_attn_norm.weight, block.post_attn_norm.bias, block.w_resid]
        if isinstance(block.attn, SlotAttention):
            vectors.append(block.attn.mixing.flatten())
    return [*maps, after(model.norm, model.head)], vectors
