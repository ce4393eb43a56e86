"""Int8 weights and activations in a model's linear layers. All arithmetic on integers is torchao's.

A weight has a scale for each output channel. Activations get theirs as they come, one for each particle ("dynamic"),
or one for each layer, measured beforehand ("static"). Both run eagerly: no compiler is needed. A model keeps its
modules, so that its tap hears what it heard before; patterns, biases and norms are computed in floating point.

Importing this takes seconds; what an int8 model holds can be asked of `int8.py`.
Shapes: B jets, N particles, F features.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from part.errors import PartError
from part.models.layers import NormedLinear
from part.models.numerics.int8 import FORMS, int8_form, is_int8


@contextmanager
def _quietly() -> Iterator[None]:
    """torchao warns of GPU kernels that it does not find; nothing here uses them."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


with _quietly():
    from torchao.quantization import (
        FqnToConfig,
        Int8DynamicActivationInt8WeightConfig,
        Int8StaticActivationInt8WeightConfig,
        MappingType,
        PerRow,
        PerTensor,
        quantize_,
    )
    from torchao.quantization.observer import AffineQuantizedMinMaxObserver
    from torchao.quantization.qat import IntxFakeQuantizeConfig, QATConfig
    from torchao.utils import should_reduce_range

Inputs = tuple[Tensor, Tensor, Tensor]  # x (B, N, F), v (B, N, 4), mask (B, N)

_DYNAMIC = Int8DynamicActivationInt8WeightConfig(act_mapping_type=MappingType.ASYMMETRIC, set_inductor_config=False)


def quantize_dynamic(model: nn.Module) -> None:
    """Make `model` int8 in place; activations are scaled particle by particle. Raises PartError."""
    names = _layers(model)
    quantize_(model, _DYNAMIC, lambda module, name: name in names)
    _suit_processor(model)


def quantize_static(model: nn.Module, batches: Iterable[Inputs]) -> None:
    """Make `model` int8 in place; activations get the scales that span all values seen in `batches`.

    Raises PartError.
    """
    observers = _observe(model, _layers(model), batches)
    configs = {}
    for name, observer in observers.items():
        scale, zero_point = observer.calculate_qparams()
        configs[name] = Int8StaticActivationInt8WeightConfig(
            scale, zero_point, [PerTensor(), PerRow()], MappingType.ASYMMETRIC, set_inductor_config=False
        )
    quantize_(model, FqnToConfig(configs), filter_fn=None)
    _suit_processor(model)


def prepare_qat(model: nn.Module) -> None:
    """Make `model` compute in place, in float32, what "dynamic" would give, with gradients as if it did not round.

    Raises PartError.
    """
    names = _layers(model)
    activations = IntxFakeQuantizeConfig(torch.int8, "per_token", is_symmetric=False)
    weights = IntxFakeQuantizeConfig(torch.int8, "per_channel", is_symmetric=True)
    prepare = QATConfig(activation_config=activations, weight_config=weights, step="prepare")
    with _quietly():  # torchao imports more here
        quantize_(model, prepare, lambda module, name: name in names)


def convert_qat(model: nn.Module) -> None:
    """What `prepare_qat` made, once trained, as a "dynamic" int8 model in place."""
    quantize_(model, QATConfig(_DYNAMIC, step="convert"))
    _suit_processor(model)


def shape_int8(model: nn.Module, form: str) -> None:
    """Give a fresh `model` the int8 tensors of one of FORMS, for their values to be loaded. Raises PartError."""
    match form:
        case "dynamic":
            quantize_dynamic(model)
        case "static":
            # A scale has as many axes as what it scales, so something must pass through.
            mask = torch.ones(1, 2, dtype=torch.bool)
            quantize_static(model.eval(), [(torch.zeros(1, 2, model.config.inputs), torch.ones(1, 2, 4), mask)])
        case _:
            raise PartError(f"There is no int8 form {form!r}; this version knows {', '.join(FORMS)}.")


def _layers(model: nn.Module) -> list[str]:
    """Names of the layers that become int8.

    Not those whose weight is folded with a BatchNorm, or whose sizes the GPU's int8 product does not take.
    """
    if int8_form(model):
        raise PartError(f"This {model.config.model} is int8 already.")
    folded = {layer.linear for layer in model.modules() if isinstance(layer, NormedLinear)}
    layers = {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear) and m not in folded}
    names = [name for name, m in layers.items() if m.in_features % 8 == m.out_features % 8 == 0]
    share = sum(layers[name].weight.numel() for name in names) / sum(p.numel() for p in model.parameters())
    if share < 0.5:
        raise PartError(
            f"Only {share:.0%} of {model.config.model}'s weights lie in linear layers that int8 knows; expected half."
        )
    return names


@torch.no_grad()
def _observe(model: nn.Module, names: list[str], batches: Iterable[Inputs]) -> dict[str, AffineQuantizedMinMaxObserver]:
    """The smallest and the largest value that enters each layer."""
    observers, hooks = {}, []
    for name in names:
        observer = AffineQuantizedMinMaxObserver(
            MappingType.ASYMMETRIC,
            torch.int8,
            PerTensor(),
            eps=torch.finfo(torch.float32).eps,
            scale_dtype=torch.float32,
            zero_point_dtype=torch.int8,
            keepdim=True,
        )
        hooks.append(model.get_submodule(name).register_forward_pre_hook(_listener(observer)))
        observers[name] = observer
    for batch in batches:
        model(*batch)
    for hook in hooks:
        hook.remove()
    return observers


def _listener(observer: nn.Module):
    def listen(module: nn.Module, inputs: tuple[Tensor]) -> None:
        observer(inputs[0].contiguous())

    return listen


def _suit_processor(model: nn.Module) -> None:
    """Where the CPU has no VNNI, torch's int8 product overflows without a word: activations stay in float32 there."""
    if should_reduce_range(torch.device("cpu")):
        for weight in filter(is_int8, model.parameters()):
            weight.act_quant_kwargs = None
