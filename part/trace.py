"""What a forward pass did, as plain numpy with named axes. Torch ends here.

Shapes: J jets, N particles (the longest traced jet), L layers, H heads, D channels, C classes.
"""

from dataclasses import dataclass, field, fields

import numpy as np
import torch
from torch import Tensor, nn

from part.errors import PartError

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
}


@dataclass(frozen=True)
class Trace:
    """One forward pass over J jets; every array but the mask is float32 and zero on padding.

    mask (J, N) True = real. logits, probabilities (J, C). scores_qk: q·k/√d; bias: the interaction bias;
    pattern: softmax of their sum over real keys; value_norms: ‖pattern_ij W_O v_j‖, what query i takes from
    key j, before the normalisation that follows; each (J, L, H, N, N). residual_norms (J, L + 1, N): norm of
    each particle's state before the first block and after each. class_pattern (J, L_class, H, 1 + N): the
    class token's attention, to itself (first) and the particles. What a model does not have is None.
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


def trace_model(model: nn.Module, x: Tensor, v: Tensor, mask: Tensor) -> Trace:
    """Run `model` once and keep what its tap heard. x (J, N, F), v (J, N, 4) in GeV, mask (J, N)."""
    heard: dict[str, Tensor] = {}

    def record(name: str, tensor: Tensor) -> Tensor:
        heard[name] = tensor
        return tensor

    with torch.inference_mode():
        logits = model(x, v, mask, tap=record)
        arrays = _particle_arrays(model, heard, mask) | _class_arrays(heard, mask)
    return Trace(
        mask=mask.cpu().numpy(),
        logits=_numpy(logits),
        probabilities=_numpy(logits.float().softmax(-1)),
        **{name: _numpy(tensor) for name, tensor in arrays.items()},
    )


def _particle_arrays(model: nn.Module, heard: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    layers = sum(name.startswith("blocks.") and name.endswith(".pattern") for name in heard)
    if not layers:
        return {}
    pairs = (mask[:, :, None] & mask[:, None, :])[:, None, None]
    arrays = {}
    for name in ("scores_qk", "bias", "pattern"):
        if f"blocks.0.{name}" in heard:
            stacked = torch.stack([heard[f"blocks.{i}.{name}"] for i in range(layers)], 1)
            arrays[name] = torch.where(pairs, stacked, 0)
    written = torch.stack([_written(model.blocks[i].attn, heard[f"blocks.{i}.values"]) for i in range(layers)], 1)
    arrays["value_norms"] = arrays["pattern"] * written[..., None, :]
    states = [heard[f"blocks.{i}.residual"] for i in range(layers)] + [heard["residual"]]
    arrays["residual_norms"] = torch.stack([state.norm(dim=-1) for state in states], 1) * mask[:, None]
    return arrays


def _written(attention: nn.Module, values: Tensor) -> Tensor:
    """Norm of what each head would write for each key: values (J, H, N, d) -> ‖W_O v‖ (J, H, N)."""
    per_head = attention.out.weight.unflatten(1, (attention.heads, -1))  # (D, H, d)
    return torch.einsum("jhnd,ohd->jhno", values, per_head.to(values.dtype)).norm(dim=-1)


def _class_arrays(heard: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    patterns = [t for name, t in heard.items() if name.startswith("class_blocks.") and name.endswith(".pattern")]
    if not patterns:
        return {}
    return {"class_pattern": torch.stack(patterns, 1).squeeze(-2)}


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
