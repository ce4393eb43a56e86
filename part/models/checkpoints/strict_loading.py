"""The strict loading of tensors into a network: all that it has, of its shapes, and nothing else."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from part.errors import PartError
from part.models.build import build
from part.models.config import ModelConfig
from part.models.model import Model
from part.models.numerics.int8 import plain_tensors


def check_shapes(config: ModelConfig, state: Mapping[str, Tensor], path: Path) -> None:
    """Compare the shapes that a configuration asks for with those in the file, before memory is taken for them."""
    with torch.device("meta"):
        expected = build(config).state_dict()
    for key, value in expected.items():
        found = state.get(key, state.get(f"{key}.qdata"))  # the latter of an int8 model
        if key.endswith("num_batches_tracked"):
            continue
        if found is None:
            raise PartError(f"{path} lacks the tensor {key}, which a {config.model} of its configuration has.")
        _check_shape(key, found, value, path)


def _check_shape(key: str, found: Tensor, expected: Tensor, path: Path) -> None:
    if found.shape != expected.shape:
        raise PartError(
            f"{path}: {key} has shape {tuple(found.shape)}, expected {tuple(expected.shape)} by its configuration."
        )


def weights(model: Model) -> dict[str, Tensor]:
    """Return a model's state without the batch counters of BatchNorm, which inference does not use."""
    return {key: value for key, value in plain_tensors(model).items() if not key.endswith("num_batches_tracked")}


def load_strictly(model: Model, state: Mapping[str, Tensor], path: Path) -> None:
    expected = weights(model)
    if unmatched := sorted(expected.keys() ^ state.keys()):
        verb = "lacks the" if unmatched[0] in expected else "has an unknown"
        raise PartError(f"{path} {verb} tensor {unmatched[0]} ({len(unmatched)} such in all) for {model.config.model}.")
    for key, value in expected.items():
        _check_shape(key, state[key], value, path)
        if state[key].is_floating_point() != value.is_floating_point():
            raise PartError(f"{path}: {key} is of {state[key].dtype}, expected {value.dtype}.")
    with torch.no_grad():
        for key, value in expected.items():
            value.copy_(state[key])
