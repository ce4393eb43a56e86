"""The one table of models: a new model is one file and one line here.

The table is plain text, so that listing models does not import torch.
"""

import importlib
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from part.errors import PartError
from part.limits import shorten
from part.models.config import ModelConfig

if TYPE_CHECKING:
    from part.models.model import Model

MODELS: dict[str, str] = {  # name -> module:class; the class names its configuration
    "ParT": "part.models.transformer:ParticleTransformer",
    "ParTNoBias": "part.models.no_bias:ParTNoBias",
    "PairAttn": "part.models.pair_attention:PairAttn",
    "LinParT": "part.models.linpart:LinParT",
    "ParticleNet": "part.models.particlenet:ParticleNet",
    "PFN": "part.models.pfn:PFN",
    "P-CNN": "part.models.pcnn:PCNN",
}


def model_class(name: str) -> type["Model"]:
    """Import the class of a model by its name in `MODELS`. Raises PartError for an unknown one."""
    if not isinstance(name, str) or name not in MODELS:
        raise PartError(f"There is no model {shorten(repr(name))}; this version knows {', '.join(MODELS)}.")
    module, _, attribute = MODELS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def config_class(name: str) -> type[ModelConfig]:
    """Return the class of a model's configuration. Raises PartError for an unknown name."""
    return model_class(name).config_class


def build(config: ModelConfig) -> "Model":
    """Build a model with randomly initialised weights.

    Parameters
    ----------
    config : ModelConfig
        The architecture; its `model` is a name in `MODELS`.

    Returns
    -------
    Model
        A module that is called as (x, v, mask, tap=None) and returns logits.

    Raises
    ------
    PartError
        If the name is unknown.
    """
    return model_class(config.model)(config)


def config_from_dict(values: Mapping[str, Any]) -> ModelConfig:
    """Read a configuration that `ModelConfig.to_dict` wrote.

    Parameters
    ----------
    values : mapping
        Values by field name, as JSON holds them. A missing field takes its default.

    Returns
    -------
    ModelConfig
        An instance of the class that the entry "model" asks for.

    Raises
    ------
    PartError
        If the model is missing or unknown, a key is unknown, or the configuration contradicts itself.
    """
    if not isinstance(values, Mapping) or "model" not in values:
        raise PartError("The model configuration does not name its model.")
    config = config_class(values["model"])
    if unknown := sorted(set(values) - {field.name for field in fields(config)}):
        raise PartError(f"The configuration of {values['model']} has an unknown {shorten(', '.join(unknown))}.")
    return config(**{key: _as_tuples(value) for key, value in values.items()})


def _as_tuples(value: Any) -> Any:
    """Return a value of JSON with tuples in place of lists."""
    return tuple(_as_tuples(item) for item in value) if isinstance(value, list) else value
