"""Forward passes other than a model's own: compiled code for a processor, Triton kernels for a GPU.

They give the model's logits, up to rounding, and are chosen when a model is loaded.
"""

import importlib.util
import itertools
import operator
import shutil
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from part.errors import PartError
from part.models.backends.limits import unsupported_reason
from part.models.backends.native.compile import missing_reason
from part.models.backends.native.models import native_class
from part.models.model import Model
from part.models.numerics.int8 import components
from part.models.numerics.precision import cpu_supports_bf16
from part.models.transformer import ParticleTransformer

Forward = Callable[[Tensor, Tensor, Tensor], Tensor]


def choose_backend(model: nn.Module, requested: str, device: torch.device, precision: str) -> tuple[str, str]:
    """Return the backend of a model's predictions, and why it is that one.

    Parameters
    ----------
    model : nn.Module
    requested : str
        One of `part.models.attention.BACKENDS`; "auto" takes the fastest one that gives the model's logits here.
    device : torch.device
    precision : str
        "fp32" or "bf16".

    Returns
    -------
    backend : str
        One of the same, but not "auto".
    reason : str
        A sentence, such as "Compiled code for this processor runs the model, without padding."
    """
    if requested != "auto":
        return requested, "The caller, or the model's card, asked for it."
    if device.type == "cpu":
        if reason := unsupported_reason(model, "native") or _missing_on_cpu(model, precision):
            return "fused", f"Torch runs the model. {reason}"
        return "native", "Compiled code for this processor runs the model, without padding."
    if reason := unsupported_reason(model, "packed") or _missing_on_gpu(device):
        return "fused", f"Torch runs the model. {reason}"
    return "packed", "Kernels for jets without padding run the model."


def _missing_on_cpu(model: nn.Module, precision: str) -> str | None:
    if precision == "bf16" and not cpu_supports_bf16():
        return "Compiled code cannot run in bf16 here: this processor has no bf16 arithmetic."
    reason = missing_reason(native_class(model).library)
    return reason and f"The native backend is not ready: {reason}."


def _missing_on_gpu(device: torch.device) -> str | None:
    if device.type != "cuda":
        return f"There are no other kernels for the device {device.type}."
    if importlib.util.find_spec("triton") is None or shutil.which("gcc") is None:
        return "The packed backend is not ready: its kernels need Triton, and a C compiler for Triton's launcher."
    return None


class Engine:
    """A forward pass built for a model, which takes the model's place as long as that is as simple as it was.

    It follows changes of the weights that torch records: assignments and operations in place, but not through
    `Tensor.data`.

    Parameters
    ----------
    model : nn.Module
    build : callable
        Returns the forward pass, (x, v, mask) to outputs, of the model with its present weights.
    """

    def __init__(self, model: nn.Module, build: Callable[[], Forward]):
        self._model, self._build = model, build
        self._source, self.forward = _Snapshot(model), build()

    def current(self) -> Forward:
        """Return the forward pass of the model as it is now: the model's own if it has hooks, which only it calls."""
        if not self._source.is_current():
            self._source, self.forward = _Snapshot(self._model), self._build()
        return self._model if self._source.has_hooks() else self.forward


class _Snapshot:
    """The modules and tensors that a forward pass was built from. It is compared with the model at each prediction."""

    def __init__(self, model: nn.Module):
        modules = list(model.modules())
        self._hooks = [own for m in modules for own in (m._forward_hooks, m._forward_pre_hooks)]
        self._dicts = [own for m in modules for own in (m._modules, m._parameters, m._buffers)]
        self._members = self._present()
        tensors = [plain for t in self._members if isinstance(t, Tensor) for plain in components(t)]
        self._tensors = [t for t in tensors if not t.is_inference()]
        self._versions = [t._version for t in self._tensors]

    def is_current(self) -> bool:
        """Return whether no module or tensor was replaced, and none overwritten."""
        present = self._present()
        same = len(present) == len(self._members) and all(map(operator.is_, present, self._members))
        return same and [t._version for t in self._tensors] == self._versions

    def has_hooks(self) -> bool:
        return any(self._hooks)

    def _present(self) -> list[nn.Module | Tensor | None]:
        return list(itertools.chain.from_iterable(map(dict.values, self._dicts)))


def make_engine(model: nn.Module, backend: str, device: torch.device, precision: str) -> Engine | None:
    """Return a forward pass other than the model's own, or None. Raises PartError where it cannot run."""
    match backend:
        case "flash":
            if device.type == "cuda" and (reason := unsupported_reason(model, "flash")):  # elsewhere it is "fused"
                raise PartError(reason)
        case "native":
            if device.type != "cpu":
                raise PartError(f"The native backend runs on the CPU, not on {device.type}.")
            kind = native_class(model)  # compiles on first use
            return Engine(model, lambda: kind(cast(Model, model), precision))
        case "packed":
            if device.type != "cuda":
                raise PartError(f"The packed backend runs on an NVIDIA GPU (device='cuda'), not on {device.type}.")
            from part.models.backends.packed import PackedModel  # needs Triton, which comes with torch for CUDA only

            return Engine(model, lambda: PackedModel(cast(ParticleTransformer, model), precision))
    return None
