"""A training step of ParT in compiled code for the CPU: logits and all gradients in one pass over packed tokens.

`gradients.cpp` sees linear layers with norms folded into them, not the model's parameters. Torch does the folding, and
carries the gradients of the folded layers back to the parameters. BatchNorm statistics are fixed or those of the batch
(live_pairs.py), and there is no dropout.

Shapes: B jets, T particles of all jets, F features, C classes.
"""

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.jets.features import JetBatch
from part.models.backends.limits import unsupported_reason
from part.models.backends.native.compile import load_library
from part.models.backends.native.folding import (
    AffineMap,
    batchnorm_affine,
    fold_norm,
    fold_pair_mlp,
)
from part.models.backends.native.live_pairs import live_affine, live_pair_values
from part.models.backends.native.maps import fold_head_scales
from part.models.backends.native.specs import FloatPointer, LinearSpec, float_pointer, padded, padded_matrix
from part.models.linpart import LandmarkEmbed
from part.models.transformer import ParticleTransformer


class _VectorSpec(ctypes.Structure):
    """The struct `VectorSpec` of training_net.h."""

    _fields_ = [("value", FloatPointer), ("offset", ctypes.c_int64)]


class _NetSpec(ctypes.Structure):
    """The struct `NetSpec` of training_net.h."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("width", "heads", "layers", "class_layers")),
        *((name, ctypes.c_int64) for name in ("embed_layers", "pair_layers", "classes")),
        *((name, ctypes.c_int64) for name in ("n_linears", "gradients", "slots", "ranks", "values_only")),
        ("linears", ctypes.POINTER(LinearSpec)),
        ("vectors", ctypes.POINTER(_VectorSpec)),
    ]


class _Batch(ctypes.Structure):
    """The struct `Batch` of gradients.cpp."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("x", "v", "slot_features", "pair_values")),
        *((name, ctypes.c_void_p) for name in ("targets", "lengths", "ranks")),
        *((name, ctypes.c_int64) for name in ("jets", "inputs")),
    ]


def untrainable_reason(model: nn.Module) -> str | None:
    """Return in a sentence why compiled code cannot train a model, or None if it can."""
    if reason := unsupported_reason(model, "native training"):
        return reason
    if model.config.dropout:
        return "Native training has no dropout (train with --dropout 0)."
    pair_norms = {} if model.pair_embed is None else {m.training for m in _batchnorms(model.pair_embed)}
    if len(pair_norms) > 1 or (True in pair_norms and isinstance(model.pair_embed, LandmarkEmbed)):
        return "Native training needs the BatchNorm statistics of this pair embedding fixed (calibration_jets)."
    try:
        load_library("gradients")
    except PartError as error:
        return str(error)
    return None


def loss_and_gradients(model: ParticleTransformer, batch: Sequence[JetBatch], targets: Tensor, bf16: bool) -> Tensor:
    """Return the mean cross entropy of a batch, whose `backward` gives the gradients of all parameters.

    Both are computed at once, here; `backward` hands the gradients on to the parameters.

    Parameters
    ----------
    model : ParticleTransformer
        A model for which `untrainable_reason` is None.
    batch : sequence of JetBatch
        Micro-batches, of B jets in all.
    targets : Tensor (B, C)
        Probabilities of the classes.
    bf16 : bool
        Whether linear layers are multiplied in bfloat16, which the processor must support
        (`precision.cpu_supports_bf16`).

    Returns
    -------
    Tensor ()

    Raises
    ------
    PartError
        If a jet is longer than a model with slots takes.
    """
    inputs = {name: torch.cat([getattr(micro, name)[micro.mask] for micro in batch]) for name in ("x", "v")}
    inputs |= {"lengths": torch.cat([micro.mask.sum(1) for micro in batch]), "targets": targets.float()}
    slot_features = pair_values = None
    with torch.autocast("cpu", enabled=False):
        if model.config.attends_to == "slots":
            ranks = [model.ranks(micro.v, micro.mask) for micro in batch]
            inputs["ranks"] = torch.cat([rank[micro.mask] for rank, micro in zip(ranks, batch, strict=True)])
            if isinstance(model.pair_embed, LandmarkEmbed):
                pairs = zip(batch, ranks, strict=True)
                slot_features = torch.cat([model.pair_embed.features(m.v, m.mask, rank) for m, rank in pairs])
        linears, vectors = _folded_parameters(model, inputs["x"])
        if has_live_pairs(model):
            pair_values = live_pair_values(model.pair_embed, inputs["v"], inputs["lengths"], bf16)
        flat = [tensor for linear in linears for tensor in linear] + vectors
        return _LossAndGradients.apply(model, bf16, inputs, slot_features, pair_values, *flat)


def has_live_pairs(model: ParticleTransformer) -> bool:
    """Return whether the BatchNorms of the pair embedding take the statistics of the batch."""
    return model.pair_embed is not None and any(norm.training for norm in _batchnorms(model.pair_embed))


def _batchnorms(module: nn.Module) -> list[nn.BatchNorm1d]:
    return [m for m in module.modules() if isinstance(m, nn.BatchNorm1d)]


class _LossAndGradients(torch.autograd.Function):
    @staticmethod
    def forward(ctx, model, bf16, inputs, slot_features, pair_values, *flat):
        threads = torch.get_num_threads()
        flat = [tensor.contiguous() for tensor in flat]
        spec, offsets = _net_spec(model, bf16, flat)
        given = {"slot_features": slot_features, "pair_values": pair_values}
        inputs = inputs | {name: tensor for name, tensor in given.items() if tensor is not None}
        inputs = {name: t.detach().contiguous() for name, t in inputs.items()}
        batch = _Batch(**{name: t.data_ptr() for name, t in inputs.items()}, jets=len(inputs["lengths"]))
        batch.inputs = inputs["x"].shape[1]
        ctx.d_given = [None if tensor is None else torch.empty_like(inputs[name]) for name, tensor in given.items()]
        logits, gradients = torch.empty(batch.jets, model.config.classes), torch.zeros(threads, spec.gradients)
        outputs = (logits, *ctx.d_given, gradients)
        pointers = (None if t is None else ctypes.c_void_p(t.data_ptr()) for t in outputs)
        library = load_library("gradients")
        library.loss_and_gradients(ctypes.byref(spec), ctypes.byref(batch), *pointers, ctypes.c_int64(threads))
        total = gradients.sum(0) if threads > 1 else gradients[0]
        ctx.gradients = [_extract(total, offset, tensor) for offset, tensor in zip(offsets, flat, strict=True)]
        return F.cross_entropy(logits, inputs["targets"])

    @staticmethod
    def backward(ctx, d_loss):
        d_given = (None if gradient is None else gradient * d_loss for gradient in ctx.d_given)
        return (None, None, None, *d_given, *(gradient * d_loss for gradient in ctx.gradients))


def _net_spec(model: nn.Module, bf16: bool, flat: list[Tensor]) -> tuple[_NetSpec, list[int]]:
    """Return what the compiled code takes, and where the gradient of each tensor begins among all gradients."""
    c, offset, offsets = model.config, 0, []
    embed_layers = len(model.embed.layers)
    pair_layers = 0 if model.pair_embed is None or has_live_pairs(model) else len(model.pair_embed.layers)
    count = embed_layers + pair_layers + 4 * c.layers + 5 * c.class_layers + 1
    in_bf16 = [bf16] * count
    for exact in (0, *([embed_layers] if pair_layers else []), count - 1):  # the layers that forward.py keeps in fp32
        in_bf16[exact] = False
    linears, vectors = (LinearSpec * count)(), (_VectorSpec * (len(flat) - 2 * count))()
    for i, (weight, bias) in enumerate(zip(flat[: 2 * count : 2], flat[1 : 2 * count : 2], strict=True)):
        outputs, inputs = weight.shape
        linears[i] = LinearSpec(float_pointer(weight), float_pointer(bias), inputs, outputs, in_bf16[i], offset)
        padded_out, padded_in = (padded(n) for n in weight.shape)
        offsets += [offset, offset + padded_out * padded_in]
        offset += padded_out * padded_in + padded_out
    for i, vector in enumerate(flat[2 * count :]):
        vectors[i] = _VectorSpec(float_pointer(vector), offset)
        offsets.append(offset)
        offset += vector.numel()
    spec = _NetSpec(c.width, c.heads, c.layers, c.class_layers, embed_layers, pair_layers, c.classes, count, offset)
    spec.linears, spec.vectors = linears, vectors  # ctypes keeps arrays alive that a structure points to
    spec.values_only = not c.has_qk
    if c.attends_to == "slots":
        spec.slots, spec.ranks = c.slots, c.length
    return spec, offsets


def _extract(total: Tensor, offset: int, like: Tensor) -> Tensor:
    """Return the gradient of one tensor; those of matrices are padded to whole vectors."""
    return total[offset : offset + len(like)] if like.ndim < 2 else padded_matrix(total[offset:], like)


def _folded_parameters(model: ParticleTransformer, x: Tensor) -> tuple[list[AffineMap], list[Tensor]]:
    """Return all linear layers, folded, and the vectors beside them, in the order that training_net.h reads."""
    embed, pair, width = model.embed, model.pair_embed, model.config.width
    scale, shift = live_affine(embed.norm, x) if embed.norm.training else batchnorm_affine(embed.norm)
    linears = [fold_norm(norm, linear) for norm, linear, _ in embed.layers]
    if pair is not None and not has_live_pairs(model):
        linears += fold_pair_mlp(pair.norm, pair.layers)
    vectors = [scale, shift, model.class_token.flatten()]
    for i, block in enumerate((*model.blocks, *model.class_blocks)):
        is_class_block = i >= len(model.blocks)
        weight, bias = fold_norm(block.pre_attn_norm, block.attn.qkv)
        linears.append((weight[width:], bias[width:]) if is_class_block else (weight, bias))
        out = fold_head_scales(block)
        linears += [
            (out.weight, out.bias),
            fold_norm(block.pre_ffn_norm, block.ffn.up),
            fold_norm(block.ffn.norm, block.ffn.down),
        ]
        if is_class_block:
            linears.append((block.attn.qkv.weight[:width], block.attn.qkv.bias[:width]))
        vectors += [block.post_attn_norm.weight, block.post_attn_norm.bias, block.w_resid]
        if model.config.attends_to == "slots" and not is_class_block:
            vectors.append(block.attn.mixing.flatten())
    return [*linears, fold_norm(model.norm, model.head)], vectors
