"""Forward passes other than a model's own: compiled code for a processor, Triton kernels for a GPU."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from part.errors import PartError
from part.models.backends.limits import unsupported_reason
from part.models.transformer import ParticleTransformer


def make_engine(
    model: torch.nn.Module, backend: str, device: torch.device, precision: str
) -> Callable[[Tensor, Tensor, Tensor], Tensor] | None:
    """Return a forward pass other than the model's own, or None. Raises PartError where it cannot run."""
    match backend:
        case "flash":
            if device.type == "cuda" and (reason := unsupported_reason(model, "flash")):  # elsewhere it is "fused"
                raise PartError(reason)
        case "native":
            if device.type != "cpu":
                raise PartError(f"The native backend runs on the CPU, not on {device.type}.")
            from part.models.backends.native.forward import NativeModel  # compiles on first use

            return NativeModel(cast(ParticleTransformer, model), precision)
        case "packed":
            if device.type != "cuda":
                raise PartError(f"The packed backend runs on an NVIDIA GPU (device='cuda'), not on {device.type}.")
            from part.models.backends.packed import PackedModel  # needs Triton, which comes with torch for CUDA only

            return PackedModel(cast(ParticleTransformer, model), precision)
    return None
