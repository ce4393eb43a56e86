"""What an int8 model holds, seen from outside. Only making or loading one needs torchao: see `quantize.py`."""

from torch import Tensor, nn
from torch.utils._python_dispatch import is_traceable_wrapper_subclass as is_int8

FORMS = ("dynamic", "static")


def plain_tensors(model: nn.Module) -> dict[str, Tensor]:
    """A model's state, which it shares, with each int8 weight `K` taken apart: `K.qdata`, `K.scale` and so on."""
    plain = {}
    for key, value in model.state_dict().items():
        if is_int8(value):
            parts, _ = value.__tensor_flatten__()
            plain |= {f"{key}.{part}": getattr(value, part) for part in parts}
        else:
            plain[key] = value
    return plain


def int8_form(model: nn.Module) -> str | None:
    """How activations get their scales: "dynamic" or "static"; None for a model that is not int8.

    An int8 model has no gradients, not even with respect to its inputs.
    """
    weights = [p for p in model.parameters() if is_int8(p)]
    if not weights:
        return None
    return "dynamic" if weights[0].act_quant_scale is None else "static"


def float_weight(layer: nn.Linear) -> Tensor:
    """The weight in floating point, of an int8 layer what its integers stand for."""
    return layer.weight.dequantize() if is_int8(layer.weight) else layer.weight
