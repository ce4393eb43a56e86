"""What a forward pass did, as plain numpy with named axes. Torch ends here.

Shapes: J jets, N particles (the longest traced jet), L layers, H heads, D channels, C classes.
"""

from dataclasses import dataclass, field, fields
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from part.errors import PartError
from part.models.numerics.int8 import float_weight
from part.models.numerics.precision import running_in

_HEADS = ("jet", "layer", "head", "query", "key")
AXES = {
    "mask": ("jet", "particle"),
    "logits": ("jet", "class"),
    "probabilities": ("jet", "class"),
    "scores_qk": _HEADS,
    "bias": _HEADS,
    "pattern": _HEADS,
    "value_norms": _HEADS,
    "residual_norms": ("jet", "depth", "particle"),
    "class_pattern": ("jet", "class layer", "head", "token"),
    "mixing": ("jet", "layer", "slot", "key"),
}
_TRIANGLES: WeakKeyDictionary = WeakKeyDictionary()  # by attention: which W_O it had, and its `_triangle`
_SLOTS = dict.fromkeys(("scores_qk", "bias", "pattern", "value_norms"), ("jet", "layer", "head", "query", "slot"))


@dataclass(frozen=True)
class Trace:
    """One forward pass over J jets; every array but the mask is float32 and zero on padding.

    mask (J, N) True = real. logits, probabilities (J, C). scores_qk: q·k/√d; bias: the interaction bias;
    pattern: softmax of their sum over real keys; value_norms: ‖pattern_ij W_O v_j‖, what query i takes from
    key j, before the normalisation that follows, and with gates ‖pattern_ij W_O (g_i v_j)‖; each (J, L, H, N, N).
    residual_norms (J, L + 1, N): norm of each particle's state before the first block and after each.
    class_pattern (J, L_class, H, 1 + N): the class token's attention, to itself (first) and the particles.
    What a model does not have is None.

    A global token takes part in the particle blocks: its row of each is in class_pattern, then (J, L, H, 1 + N),
    its row and column are in no other array, and rows of pattern sum to 1 less what goes to the token.

    Where particles attend to K slots instead of to each other, the last axis of the four is "slot", and mixing
    (J, L, K, N) is what each slot is made of: its key and value are sums of the particles' with these weights, of
    either sign.
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
    axes: dict = field(default_factory=lambda: dict(AXES))

    @property
    def names(self) -> tuple[str, ...]:
        """The arrays this model has."""
        return tuple(f.name for f in fields(self) if f.name != "axes" and getattr(self, f.name) is not None)

    def has(self, name: str) -> bool:
        return name in self.names

    def jet(self, index: int) -> "Trace":
        """The trace of one jet: no jet axis, real particles only."""
        if self.mask.ndim != 2 or not -len(self.mask) <= index < len(self.mask):
            raise PartError(f"There is no jet {index} in a trace of shape {self.mask.shape}.")
        n = int(self.mask[index].sum())
        lengths = {"particle": n, "query": n, "key": n, "token": n + 1}
        arrays = {}
        for name in self.names:
            axes = self.axes[name][1:]
            arrays[name] = getattr(self, name)[index][tuple(slice(lengths.get(axis)) for axis in axes)]
        return Trace(**arrays, axes={name: axes[1:] for name, axes in self.axes.items()})


def trace_model(model: nn.Module, x: Tensor, v: Tensor, mask: Tensor, precision: str = "fp32") -> Trace:
    """Run `model` once and keep what its tap heard. x (J, N, F), v (J, N, 4) in GeV, mask (J, N)."""
    heard: dict[str, Tensor] = {}

    def record(name: str, tensor: Tensor) -> Tensor:
        heard[name] = tensor
        return tensor

    with torch.inference_mode():
        with running_in(precision, x.device):
            logits = model(x, v, mask, tap=record)
        if precision != "fp32":
            heard = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in heard.items()}
        arrays = _particle_arrays(model, heard, mask) | _class_arrays(heard, mask)
    return Trace(
        mask=mask.cpu().numpy(),
        logits=_numpy(logits),
        probabilities=_numpy(logits.float().softmax(-1)),
        **{name: _numpy(tensor) for name, tensor in arrays.items()},
        axes=AXES | (_SLOTS if "mixing" in arrays else {}),
    )


def _particle_arrays(model: nn.Module, heard: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    layers = sum(name.startswith("blocks.") and name.endswith(".pattern") for name in heard)
    if not layers:
        return {}
    slots, ahead = "blocks.0.mixing" in heard, _tokens_ahead(heard, mask)
    padded = not bool(mask.all())
    arrays = {}
    for name in ("scores_qk", "bias", "pattern"):
        if f"blocks.0.{name}" in heard:
            own = [heard[f"blocks.{i}.{name}"] for i in range(layers)]
            stacked = torch.stack(own, 1)[..., ahead:, ahead:]
            if padded:
                pairs = (mask[:, :, None] if slots else mask[:, :, None] & mask[:, None, :])[:, None, None]
                stacked.masked_fill_(~pairs, 0)  # in place, as fresh memory costs more than what is written to it
            arrays[name] = stacked
    values, gates = ([heard.get(f"blocks.{i}.{name}") for i in range(layers)] for name in ("values", "gate"))
    written = _written([block.attn for block in model.blocks], values, gates)
    if slots:
        arrays["mixing"] = torch.stack([heard[f"blocks.{i}.mixing"] for i in range(layers)], 1)
    arrays["value_norms"] = arrays["pattern"] * written[..., -mask.shape[1] :, ahead:]
    states = [heard[f"blocks.{i}.residual"] for i in range(layers)] + [heard["residual"]]
    arrays["residual_norms"] = torch.stack(states, 1)[:, :, ahead:].norm(dim=-1) * mask[:, None]
    return arrays


def _tokens_ahead(heard: dict[str, Tensor], mask: Tensor) -> int:
    """How many tokens the blocks have ahead of the particles: 1 with a global token."""
    return heard["residual"].shape[1] - mask.shape[1] if "residual" in heard else 0


def _written(attentions: list[nn.Module], values: list[Tensor], gates: list[Tensor | None]) -> Tensor:
    """Norm of what each head would write for a key that had all attention, ‖W_O v_j‖ or gated ‖W_O (g_i v_j)‖.

    Of each layer values (J, H, N, d), gate (J, H, N, d), (J, H, N, 1) or None -> (J, L, H, N, N), without gates
    (J, L, H, 1, N).
    """
    r, v = torch.stack([_triangle(attention) for attention in attentions]), torch.stack(values, 1)
    if gates[0] is None:
        return (v @ r.transpose(-2, -1).to(v.dtype)).norm(dim=-1)[..., None, :]
    # The square is bilinear in the products of two channels of g and of v, which spares a vector per pair. Where its
    # terms cancel, so would float32.
    gram, v = r.transpose(-2, -1) @ r, v.double()
    g = torch.stack([gate.expand(-1, -1, -1, v.shape[-1]) for gate in gates], 1).double()
    asked = torch.einsum("jlhnd,jlhne,lhde->jlhnde", g, g, gram).flatten(-2)
    squares = asked @ torch.einsum("jlhnd,jlhne->jlhnde", v, v).flatten(-2).transpose(-2, -1)
    return squares.clamp(min=0).sqrt().to(values[0].dtype)


def _triangle(attention: nn.Module) -> Tensor:
    """R of W_O = QR of each head (H, d, d), float64, as ‖W_O v‖ = ‖R v‖: kept for as long as W_O stays."""
    weight = attention.out.weight
    state = weight.data_ptr(), weight._version
    if _TRIANGLES.get(attention, (None,))[0] != state:
        per_head = float_weight(attention.out).unflatten(1, (attention.heads, -1)).transpose(0, 1)  # (H, D, d)
        _TRIANGLES[attention] = state, torch.linalg.qr(per_head.double(), mode="r").R
    return _TRIANGLES[attention][1]


def _class_arrays(heard: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    scope = "blocks." if _tokens_ahead(heard, mask) else "class_blocks."
    patterns = [t for name, t in heard.items() if name.startswith(scope) and name.endswith(".pattern")]
    if not patterns:
        return {}
    return {"class_pattern": torch.stack([pattern[..., 0, :] for pattern in patterns], 1)}


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
