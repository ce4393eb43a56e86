"""A weaver `.pt` file: opened without running any code, converted, and matched with a dataset and feature set."""

import pickle
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from part.errors import PartError
from part.jets.schema import FEATURE_SETS, JETCLASS, QUARKGLUON, TOPLANDSCAPE, Dataset, FeatureSet
from part.models.checkpoints.weaver import convert_part, is_weaver_part
from part.models.checkpoints.weaver_particlenet import convert_particlenet, is_weaver_particlenet
from part.models.config import ModelConfig, ParTConfig

_FEATURES = {7: "kin", 13: "kinpid", 17: "full"}  # by the number of inputs


def read_weaver(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Read the state dict of a weaver ParT or ParticleNet.

    Parameters
    ----------
    path : Path
        A `.pt` with a state dict, alone or as the entry "state_dict".

    Returns
    -------
    config : ModelConfig
        The architecture that the tensors imply.
    state : dict
        The tensors under this project's names.

    Raises
    ------
    PartError
        If the file is unsafe, damaged, truncated, or of another architecture.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise PartError(
            f"{path} is a pickle that holds more than tensors and could run code, so it was not opened; "
            "save the model's state_dict() alone."
        ) from None
    except (
        RuntimeError,
        EOFError,
        OSError,
        zipfile.BadZipFile,
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
    ):
        raise PartError(f"{path} is damaged or truncated: expected a PyTorch state dict (.pt).") from None
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    has_string_keys = isinstance(state, dict) and all(isinstance(key, str) for key in state)
    if has_string_keys and is_weaver_part(state):
        return convert_part(state, str(path))
    if has_string_keys and is_weaver_particlenet(state):
        return convert_particlenet(state, str(path))
    raise PartError(
        f"{path} is of an unknown architecture: expected the state dict of weaver's ParticleTransformer or ParticleNet."
    )


def weaver_source(config: ModelConfig) -> str:
    """Return what a card calls the origin of weaver weights. ParT has two layouts, ParticleNet one."""
    if isinstance(config, ParTConfig):
        return f"weaver-core {'0.4' if config.transposed_channels else '0.5'}"
    return f"weaver-core {config.model}"


def infer_schema(config: ModelConfig, dataset: str | None, path: Path) -> tuple[FeatureSet, Dataset]:
    """Infer the feature set and the dataset of weaver weights, which do not record them.

    Parameters
    ----------
    config : ModelConfig
        The architecture, whose numbers of inputs and classes decide.
    dataset : str or None
        The name of the dataset, where the numbers fit more than one.
    path : Path
        The file, for error messages.

    Raises
    ------
    PartError
        If no dataset fits, or more than one.
    """
    if config.inputs not in _FEATURES:
        raise PartError(f"{path} takes {config.inputs} inputs; expected 7 (kin), 13 (kinpid) or 17 (full).")
    features = FEATURE_SETS[_FEATURES[config.inputs]]
    fitting = [d for d in (JETCLASS, TOPLANDSCAPE, QUARKGLUON) if _fits(d, features, config.classes)]
    if dataset is not None:
        fitting = [d for d in fitting if d.name == dataset]
    if len(fitting) > 1:
        raise PartError(f"{path} could be trained on {' or '.join(d.name for d in fitting)}; say which with dataset=.")
    if not fitting:
        raise PartError(f"{path} has {config.classes} classes and {features.name} inputs, which fit no known dataset.")
    return features, fitting[0]


def _fits(dataset: Dataset, features: FeatureSet, classes: int) -> bool:
    return len(dataset.labels) == classes and features.name in dataset.feature_sets
