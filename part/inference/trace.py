"""The trace of a forward pass: numpy arrays with named axes. Code above this module needs no torch.

Shapes: J jets, N particles (the longest traced jet), L layers, H heads, D channels, C classes.
"""

from dataclasses import dataclass, field, fields
from typing import cast
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from part.errors import PartError
from part.inference.cache import ActivationCache
from part.lazy import ShownInNotebooks
from part.models.attention import Attention
from part.models.config import ModelConfig
from part.models.embedding import kinds
from part.models.model import Model
from part.models.numerics.int8 import float_weight
from part.models.numerics.precision import autocast
from part.models.transformer import Block, ParticleTransformer

_HEADS = ("jet", "layer", "head", "query", "key")
AXES = {
    "mask": ("jet", "particle"),
    "kind": ("jet", "particle"),
    "logits": ("jet", "class"),
    "probabilities": ("jet", "class"),
    "targets": ("jet", "target"),
    "scores_qk": _HEADS,
    "bias": _HEADS,
    "pattern": _HEADS,
    "value_norms": _HEADS,
    "residual_norms": ("jet", "depth", "particle"),
    "class_pattern": ("jet", "class layer", "head", "token"),
    "mixing": ("jet", "layer", "slot", "key"),
}
_OUT_PROJ_R: WeakKeyDictionary = WeakKeyDictionary()  # attention module -> the state of its W_O, and R
_SLOTS = dict.fromkeys(("scores_qk", "bias", "pattern", "value_norms"), ("jet", "layer", "head", "query", "slot"))


@dataclass(frozen=True, repr=False)
class Trace(ShownInNotebooks):
    """One forward pass over J jets, as numpy arrays with named axes.

    All arrays but the mask and kind are float32 and zero on padding; what a model does not have is None.

    Attributes
    ----------
    mask : ndarray (J, N), bool
        True = real.
    kind : ndarray (J, N), int8
        The collection of each token, counted from 0, and -1 on padding; None for a model of one collection.
    logits, probabilities : ndarray (J, C)
    targets : ndarray (J, T)
        The outputs that are no classes but numbers, as they are.
    scores_qk : ndarray (J, L, H, N, N)
        q·k/√d of query i and key j.
    bias : ndarray (J, L, H, N, N)
        The interaction bias that is added to it, 0 in a block without it.
    pattern : ndarray (J, L, H, N, N)
        The softmax of their sum over real keys.
    value_norms : ndarray (J, L, H, N, N)
        ‖pattern_ij W_O v_j‖, what query i takes from key j before the following normalisation; with gates
        ‖pattern_ij W_O (g_i v_j)‖.
    residual_norms : ndarray (J, L + 1, N)
        The norm of each particle's state before the first block and after each block.
    class_pattern : ndarray (J, L_class, H, 1 + N)
        The class token's attention to itself (first) and to the particles.
    mixing : ndarray (J, L, K, N)
        The weights, of either sign, with which particles make up each slot's key and value.
    axes : dict
        The names of each array's axes.

    Notes
    -----
    A global token takes part in the particle blocks. Its rows are in class_pattern, then (J, L, H, 1 + N); its row and
    column are in no other array, and rows of pattern sum to 1 less what the token receives.
    Where particles attend to K slots instead of to each other, the last axis of scores_qk, bias, pattern and
    value_norms is "slot".
    """

    mask: np.ndarray
    logits: np.ndarray
    probabilities: np.ndarray
    scores_qk: np.ndarray | None = None
    bias: np.ndarray | None = None
    pattern: np.ndarray | None = None
    value_norms: np.ndarray | None = None
    residual_norms: np.ndarray | None = None
    class_pattern: np.ndarray | None = None
    mixing: np.ndarray | None = None
    kind: np.ndarray | None = None
    targets: np.ndarray | None = None
    axes: dict = field(default_factory=lambda: dict(AXES))

    def __repr__(self) -> str:
        shapes = (f"{name} {getattr(self, name).shape}" for name in self.names)
        return f"Trace({', '.join(shapes)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arrays that this model has."""
        return tuple(f.name for f in fields(self) if f.name != "axes" and getattr(self, f.name) is not None)

    def __getitem__(self, name: str) -> np.ndarray:
        """Return an array by name. Raises PartError if this model does not have it."""
        if not self.has(name):
            raise PartError(f"There is no {name} in this trace; it has {', '.join(self.names)}.")
        return getattr(self, name)

    def has(self, name: str) -> bool:
        return name in self.names

    def jet(self, index: int) -> "Trace":
        """Return the trace of one jet: no jet axis, real particles only. Raises PartError if there is no such jet."""
        if self.mask.ndim != 2 or not -len(self.mask) <= index < len(self.mask):
            raise PartError(f"There is no jet {index} in a trace of shape {self.mask.shape}.")
        n = int(self.mask[index].sum())
        lengths = {"particle": n, "query": n, "key": n, "token": n + 1}
        arrays = {}
        for name in self.names:
            axes = self.axes[name][1:]
            arrays[name] = getattr(self, name)[index][tuple(slice(lengths.get(axis)) for axis in axes)]
        return Trace(**arrays, axes={name: axes[1:] for name, axes in self.axes.items()})


def trace_model(
    model: nn.Module, x: Tensor, v: Tensor, mask: Tensor, precision: str = "fp32", classes: int | None = None
) -> Trace:
    """Run a model once and keep what its tap records.

    Parameters
    ----------
    model : nn.Module
        Any of the project's networks.
    x : Tensor (J, N, F)
        Features.
    v : Tensor (J, N, 4)
        Four-momenta (px, py, pz, E) in GeV.
    mask : Tensor (J, N), bool
        True = real.
    precision : str
        "fp32" or "bf16".
    classes : int, optional
        The number of outputs that are logits of classes, the first ones; by default all.
    """
    cache = ActivationCache()
    with torch.inference_mode():
        with autocast(precision, x.device):
            outputs = model(x, v, mask, tap=cache.record)
            logits, numbers = outputs[:, :classes], None if classes is None else outputs[:, classes:]
        tensors = dict(cache)
        if precision != "fp32":
            tensors = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
        arrays = _particle_arrays(model, tensors, mask) | _class_arrays(tensors, mask)
    return Trace(
        mask=mask.cpu().numpy(),
        logits=_numpy(logits),
        probabilities=_numpy(logits.float().softmax(-1)),
        **{name: _numpy(tensor) for name, tensor in arrays.items()},
        targets=None if numbers is None or not numbers.shape[1] else _numpy(numbers),
        kind=_kinds(cast(Model, model).config, x, mask),
        axes=AXES | (_SLOTS if "mixing" in arrays else {}),
    )


def _particle_arrays(model: nn.Module, tensors: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    layers = sum(name.startswith("blocks.") and name.endswith(".pattern") for name in tensors)
    if not layers:
        return {}
    slots, n_prefix = "blocks.0.mixing" in tensors, _num_prefix_tokens(tensors, mask)
    padded = not bool(mask.all())
    arrays = {}
    for name in ("scores_qk", "bias", "pattern"):
        if present := [tensors[f"blocks.{i}.{name}"] for i in range(layers) if f"blocks.{i}.{name}" in tensors]:
            zero = torch.zeros_like(present[0]) if len(present) < layers else present[0]  # in a block without the bias
            layers_of_name = [tensors.get(f"blocks.{i}.{name}", zero) for i in range(layers)]
            stacked = torch.stack(layers_of_name, 1)[..., n_prefix:, n_prefix:]
            if padded:
                pairs = (mask[:, :, None] if slots else mask[:, :, None] & mask[:, None, :])[:, None, None]
                stacked.masked_fill_(~pairs, 0)  # in place, because allocating memory costs more than filling it
            arrays[name] = stacked
    values = [tensors[f"blocks.{i}.values"] for i in range(layers)]
    gates = [tensors[f"blocks.{i}.gate"] for i in range(layers)] if "blocks.0.gate" in tensors else None
    blocks = cast(ParticleTransformer, model).blocks
    norms = _output_norms([cast(Block, block).attn for block in blocks], values, gates)
    if slots:
        arrays["mixing"] = torch.stack([tensors[f"blocks.{i}.mixing"] for i in range(layers)], 1)
    arrays["value_norms"] = arrays["pattern"] * norms[..., -mask.shape[1] :, n_prefix:]
    states = [tensors[f"blocks.{i}.residual"] for i in range(layers)] + [tensors["residual"]]
    arrays["residual_norms"] = torch.stack(states, 1)[:, :, n_prefix:].norm(dim=-1) * mask[:, None]
    return arrays


def _kinds(config: ModelConfig, x: Tensor, mask: Tensor) -> np.ndarray | None:
    if not config.collections:
        return None
    return kinds(x, len(config.collections)).masked_fill(~mask, -1).to(torch.int8).cpu().numpy()


def _num_prefix_tokens(tensors: dict[str, Tensor], mask: Tensor) -> int:
    """Return how many tokens precede the particles in the blocks: 1 with a global token."""
    return tensors["residual"].shape[1] - mask.shape[1] if "residual" in tensors else 0


def _output_norms(attentions: list[Attention], values: list[Tensor], gates: list[Tensor] | None) -> Tensor:
    """Return the norm of what each head would write if one key had all attention, ‖W_O v_j‖ or gated ‖W_O (g_i v_j)‖.

    Each layer has values (J, H, N, d) and perhaps a gate (J, H, N, d) or (J, H, N, 1). The result is (J, L, H, N, N),
    without gates (J, L, H, 1, N).
    """
    r, v = torch.stack([_out_proj_r(attention) for attention in attentions]), torch.stack(values, 1)
    if gates is None:
        return (v @ r.transpose(-2, -1).to(v.dtype)).norm(dim=-1)[..., None, :]
    # The squared norm is bilinear in products of two channels of g and of v, so no vector per pair is needed. Its terms
    # may cancel, which float32 would not survive.
    gram, v = r.transpose(-2, -1) @ r, v.double()
    g = torch.stack([gate.expand(-1, -1, -1, v.shape[-1]) for gate in gates], 1).double()
    weights = torch.einsum("jlhnd,jlhne,lhde->jlhnde", g, g, gram).flatten(-2)
    squares = weights @ torch.einsum("jlhnd,jlhne->jlhnde", v, v).flatten(-2).transpose(-2, -1)
    return squares.clamp(min=0).sqrt().to(values[0].dtype)


def _out_proj_r(attention: Attention) -> Tensor:
    """Return R (H, d, d), float64, of each head's W_O = QR, since ‖W_O v‖ = ‖R v‖; it is cached until W_O changes."""
    weight = attention.out.weight
    state = weight.data_ptr(), weight._version
    if _OUT_PROJ_R.get(attention, (None,))[0] != state:
        per_head = float_weight(attention.out).unflatten(1, (attention.heads, -1)).transpose(0, 1)  # (H, D, d)
        _OUT_PROJ_R[attention] = state, torch.linalg.qr(per_head.double(), mode="r").R
    return _OUT_PROJ_R[attention][1]


def _class_arrays(tensors: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    scope = "blocks." if _num_prefix_tokens(tensors, mask) else "class_blocks."
    patterns = [t for name, t in tensors.items() if name.startswith(scope) and name.endswith(".pattern")]
    if not patterns:
        return {}
    return {"class_pattern": torch.stack([pattern[..., 0, :] for pattern in patterns], 1)}


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
