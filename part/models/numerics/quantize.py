"""Int8 weights and activations in a model's linear layers. The integer arithmetic is torchao's.

A weight has one scale for each output channel. Activations are scaled particle by particle as they arrive ("dynamic"),
or with one scale for each layer, measured beforehand ("static"). Both run eagerly: no compiler is needed. A model keeps
its modules, so its tap records the same tensors as before; patterns, biases and norms are computed in floating point.

Importing this takes seconds; `int8.py` inspects int8 models without it.
Shapes: B jets, N particles, F features.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from part.errors import PartError
from part.models.layers import NormedLinear
from part.models.numerics.int8 import SCHEMES, int8_scheme, is_int8


@contextmanager
def _suppress_warnings() -> Iterator[None]:
    """Silence torchao's warnings about GPU kernels that it does not find; nothing here uses them."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)


with _suppress_warnings():
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
    """Make a model int8 in place, with activations scaled particle by particle.

    Raises
    ------
    PartError
        If the model is int8 already, or fewer than half of its weights lie in layers that int8 supports.
    """
    names = _layers(model)
    quantize_(model, _DYNAMIC, lambda module, name: name in names)
    _float_activations_without_vnni(model)


def quantize_static(model: nn.Module, batches: Iterable[Inputs]) -> None:
    """Make a model int8 in place, with one scale for the activations that enter each layer.

    Parameters
    ----------
    model : nn.Module
    batches : iterable of (x, v, mask)
        Calibration batches: features (B, N, F), four-momenta (B, N, 4) in GeV, mask (B, N). A scale spans the smallest
        to the largest value that they bring.

    Raises
    ------
    PartError
        See `quantize_dynamic`.
    """
    observers = _observe(model, _layers(model), batches)
    configs = {}
    for name, observer in observers.items():
        scale, zero_point = observer.calculate_qparams()
        configs[name] = Int8StaticActivationInt8WeightConfig(
            scale, zero_point, [PerTensor(), PerRow()], MappingType.ASYMMETRIC, set_inductor_config=False
        )
    quantize_(model, FqnToConfig(configs), filter_fn=None)
    _float_activations_without_vnni(model)


def prepare_qat(model: nn.Module) -> None:
    """Prepare a model in place for quantization-aware training.

    It then computes in float32 what "dynamic" int8 would, with gradients that pass through the rounding unchanged.

    Raises
    ------
    PartError
        See `quantize_dynamic`.
    """
    names = _layers(model)
    activations = IntxFakeQuantizeConfig(torch.int8, "per_token", is_symmetric=False)
    weights = IntxFakeQuantizeConfig(torch.int8, "per_channel", is_symmetric=True)
    prepare = QATConfig(activation_config=activations, weight_config=weights, step="prepare")
    with _suppress_warnings():  # torchao imports further modules here
        quantize_(model, prepare, lambda module, name: name in names)


def convert_qat(model: nn.Module) -> None:
    """Turn a model that `prepare_qat` prepared, once trained, into a "dynamic" int8 model in place."""
    quantize_(model, QATConfig(_DYNAMIC, step="convert"))
    _float_activations_without_vnni(model)


def prepare_int8_tensors(model: nn.Module, scheme: str) -> None:
    """Give a newly initialised model the int8 tensors of a scheme, into which stored values can be loaded.

    Parameters
    ----------
    model : nn.Module
    scheme : str
        One of SCHEMES.

    Raises
    ------
    PartError
        If there is no such scheme.
    """
    match scheme:
        case "dynamic":
            quantize_dynamic(model)
        case "static":
            # A scale has as many axes as the activations it scales, so a batch must pass through, with a token of
            # each collection.
            tokens = max(2, len(model.config.collections))
            x, mask = torch.zeros(1, tokens, model.config.inputs), torch.ones(1, tokens, dtype=torch.bool)
            if model.config.collections:
                x[0, :, -tokens:] = torch.eye(tokens)
            quantize_static(model.eval(), [(x, torch.ones(1, tokens, 4), mask)])
        case _:
            raise PartError(f"There is no int8 scheme {scheme!r}; this version knows {', '.join(SCHEMES)}.")


def _layers(model: nn.Module) -> list[str]:
    """Return the names of the layers that become int8.

    Layers whose weight is folded with a BatchNorm stay in floating point, and so do those whose sizes the GPU's int8
    product does not take.
    """
    if int8_scheme(model):
        raise PartError(f"This {model.config.model} is int8 already.")
    folded = {layer.linear for layer in model.modules() if isinstance(layer, NormedLinear)}
    layers = {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear) and m not in folded}
    names = [name for name, m in layers.items() if m.in_features % 8 == m.out_features % 8 == 0]
    fraction = sum(layers[name].weight.numel() for name in names) / sum(p.numel() for p in model.parameters())
    if fraction < 0.5:
        raise PartError(
            f"Only {fraction:.0%} of {model.config.model}'s weights lie in linear layers that int8 supports; "
            "expected half."
        )
    return names


@torch.no_grad()
def _observe(model: nn.Module, names: list[str], batches: Iterable[Inputs]) -> dict[str, AffineQuantizedMinMaxObserver]:
    """Record the smallest and the largest value that enters each layer."""
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
        hooks.append(model.get_submodule(name).register_forward_pre_hook(_make_hook(observer)))
        observers[name] = observer
    for batch in batches:
        model(*batch)
    for hook in hooks:
        hook.remove()
    return observers


def _make_hook(observer: nn.Module) -> Callable[[nn.Module, tuple[Tensor]], None]:
    def observe(module: nn.Module, inputs: tuple[Tensor]) -> None:
        observer(inputs[0].contiguous())

    return observe


def _float_activations_without_vnni(model: nn.Module) -> None:
    """Keep activations in float32 on a CPU without VNNI, where torch's int8 product overflows silently."""
    if should_reduce_range(torch.device("cpu")):
        for weight in filter(is_int8, model.parameters()):
            weight.act_quant_kwargs = None
