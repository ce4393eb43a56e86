"""Inspect int8 models. Only making or loading one needs torchao, which takes seconds to import: see `quantize.py`."""

from torch import Tensor, nn
from torch.utils._python_dispatch import is_traceable_wrapper_subclass as is_int8

SCHEMES = ("dynamic", "static")


def plain_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Return a model's state, sharing its memory, in tensors that any file format can hold.

    Each int8 weight `K` is split into its components `K.qdata`, `K.scale` and so on.
    """
    plain = {}
    for key, value in model.state_dict().items():
        if is_int8(value):
            components, _ = value.__tensor_flatten__()
            plain |= {f"{key}.{component}": getattr(value, component) for component in components}
        else:
            plain[key] = value
    return plain


def components(tensor: Tensor) -> list[Tensor]:
    """Return the plain tensors that an int8 weight consists of, or a plain tensor alone."""
    if not is_int8(tensor):
        return [tensor]
    names, _ = tensor.__tensor_flatten__()
    return [getattr(tensor, name) for name in names]


def int8_scheme(model: nn.Module) -> str | None:
    """Return how activations get their scales, "dynamic" or "static", or None for a model in floating point.

    An int8 model has no gradients, not even with respect to its inputs.
    """
    weights = [p for p in model.parameters() if is_int8(p)]
    if not weights:
        return None
    return "dynamic" if weights[0].act_quant_scale is None else "static"


def float_weight(layer: nn.Linear) -> Tensor:
    """Return a layer's weight in floating point; that of an int8 layer is dequantized."""
    return layer.weight.dequantize() if is_int8(layer.weight) else layer.weight
