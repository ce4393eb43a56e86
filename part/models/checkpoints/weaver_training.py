"""A training with weaver-core as a model: weights, and what the data config, the network file and the user say of it.

What a state dict cannot tell is read, in this order, from the network file (its keywords, then the defaults of its
class) and from the user's options, which override. What is still open is assumed as published, and listed.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from part.errors import AssumptionWarning, PartError, UndecidedError
from part.jets.benchmarks import FEATURE_SETS
from part.jets.config.config import DataConfig
from part.jets.config.parsing import load_config
from part.jets.datasets import DATASETS
from part.jets.schema import Dataset, FeatureSet
from part.models.build import model_class
from part.models.checkpoints.cards import Card
from part.models.checkpoints.network_file import Network, read_network
from part.models.checkpoints.prefix import Converted
from part.models.checkpoints.training_files import TrainingFiles
from part.models.checkpoints.weaver_file import convert_state, weaver_source
from part.models.checkpoints.weights_file import read_state
from part.models.config import ModelConfig

_REGRESSION = re.compile(r"MSELoss|L1Loss|HuberLoss|LogCosh|mse_loss|l1_loss|huber_loss")
# What the data config says is compared with the tensors below, in its own words.
_SIZES = ("input_dim", "input_dims", "pf_input_dim", "sv_input_dim", "pf_features_dims", "sv_features_dims")
_FEATURES = {7: "kin", 13: "kinpid", 17: "full"}  # by the number of inputs


@dataclass(frozen=True)
class Training:
    """What loading a training gives.

    Attributes
    ----------
    config : ModelConfig
    state : mapping
        The tensors by this project's names.
    features : FeatureSet
    dataset : Dataset
    card : dict
        Source, and what was assumed.
    """

    config: ModelConfig
    state: Mapping[str, Tensor]
    features: FeatureSet
    dataset: Dataset
    card: Card


def load_training(files: TrainingFiles, dataset: str | None = None) -> Training:
    """Read a training with weaver-core.

    Parameters
    ----------
    files : TrainingFiles
    dataset : str, optional
        The benchmark of weights whose number of classes fits more than one.

    Returns
    -------
    Training

    Raises
    ------
    PartError
        If a file cannot be read, or the files contradict each other.
    """
    state = read_state(files.weights)
    data_config = data_config_of(files)
    network = None if files.network is None else _network(files, data_config)
    if network is not None and network.differences:
        warnings.warn(
            f"{network.source}: {' '.join(network.differences)} The file is read and never run, and its network is "
            "taken alone, so its answers may differ from these.",
            AssumptionWarning,
            stacklevel=4,
        )
    layout = "0.4" if any(key.endswith("attn.in_proj_weight") for key in state) else "0.5"
    keywords = {} if network is None else network.resolved(layout)
    keywords = {name: value for name, value in keywords.items() if name not in _SIZES}
    if data_config is not None:  # networks that average over slots divide by their number
        keywords = keywords | {"length": sum(collection.length for collection in data_config.collections)}
    converted = convert_state(state, str(files.weights), keywords | files.keywords)
    card: Card = {"source": f"{weaver_source(converted.config)} state dict {files.weights.name}"}
    if converted.assumed:
        card["assumed"] = dict(converted.assumed)
    notes = (*(data_config.notes if data_config else ()), *(network.notes if network else ()))
    if notes:
        card["notes"] = list(notes)
    if data_config is None:
        features, classes = infer_schema(converted, dataset, files)
        if features.name == "kinpid" and "features" not in files.options:
            card.setdefault("assumed", {})["features"] = "kinpid"
    else:
        data_config = data_config.for_outputs(converted.config.classes, files.classes, _has_regression_loss(files))
        features = data_config.feature_set(model_class(converted.config.model).takes_points)
        classes = data_config.dataset(converted.config.classes, files.classes)
        _check_agreement(files, converted, features, classes)
        converted = replace(converted, config=_with_points(converted.config, features))
    return Training(converted.config, converted.state, features, classes, card)


def data_config_of(files: TrainingFiles) -> DataConfig | None:
    """Return the data config, with what the options state of it, or None."""
    if files.config is None:
        return None
    return load_config(files.config, files.config_keys)


def warn_of_assumptions(name: str, assumed: Mapping[str, Any]) -> None:
    """Warn once of what nothing said, and how to say it."""
    if assumed:
        listed = ", ".join(f"{keyword} = {value}" for keyword, value in assumed.items())
        warnings.warn(
            f"{name}: nothing says {', '.join(assumed)}; assumed as in the published trainings: {listed}. A network "
            "file (network=, --network) or options (options=, -o NAME VALUE) would say it.",
            AssumptionWarning,
            stacklevel=4,
        )


def infer_schema(converted: Converted, dataset: str | None, files: TrainingFiles) -> tuple[FeatureSet, Dataset]:
    """Infer the feature set and the classes of weights without a data config, from the numbers of both.

    Raises
    ------
    PartError
        If no feature set fits, or more than one benchmark.
    """
    config, path = converted.config, files.weights
    if len(converted.collections) > 1 or config.inputs not in _FEATURES:
        what = " and ".join(map(str, config.collections)) or config.inputs
        raise PartError(
            f"{path} takes {what} inputs, which no benchmark has (7, 13 or 17); give the data config of its training "
            "(config= or --config)."
        )
    features = FEATURE_SETS[str(files.options.get("features", _FEATURES[config.inputs]))]
    if len(features) != config.inputs:
        raise PartError(f"{path} takes {config.inputs} inputs; {features.name} has {len(features)}.")
    fitting = [d for d in DATASETS.values() if len(d.labels) == config.classes and features.name in d.feature_sets]
    if dataset is not None:
        fitting = [d for d in fitting if d.name == dataset]
        if not fitting:
            raise PartError(f"{path} has {config.classes} classes and {features.name} inputs, unlike {dataset}.")
    if files.classes or not fitting:
        names = files.classes or tuple(f"class {i}" for i in range(config.classes))
        if len(names) != config.classes:
            raise PartError(f"{path} has {config.classes} classes; classes names {len(names)}.")
        return features, Dataset(path.stem, names, names)
    if len(fitting) > 1:
        names = " or ".join(d.name for d in fitting)
        raise UndecidedError(f"{path} could be trained on {names}", "dataset")
    return features, fitting[0]


def _has_regression_loss(files: TrainingFiles) -> bool:
    """Return whether the network file names a loss of numbers, and none of classes."""
    text = "" if files.network is None else files.network.read_text(errors="replace")
    return bool(_REGRESSION.search(text)) and "CrossEntropy" not in text


def _network(files: TrainingFiles, data_config: DataConfig | None) -> Network:
    inputs = None
    if data_config is not None:
        inputs = {group.name: tuple(item.name for item in group.variables) for group in data_config.groups}
    assert files.network is not None
    return read_network(files.network, files.keywords, inputs)


def _with_points(config: ModelConfig, features: FeatureSet) -> ModelConfig:
    """Return the architecture with the columns of points, of which weights say nothing."""
    points = len(features.point_columns)
    return replace(config, inputs=len(features), points=points) if points else config


def _check_agreement(files: TrainingFiles, converted: Converted, features: FeatureSet, dataset: Dataset) -> None:
    """Raise PartError unless inputs, collections and classes of weights and data config agree in number."""
    config, where = converted.config, f"{files.weights} and {files.config}"
    widths = config.collections or (config.inputs,)
    described = features.widths or (len(features.collections[0].features),)
    if tuple(widths) != described:
        raise PartError(
            f"{where} do not belong together: the weights take {' and '.join(map(str, widths))} inputs, the data "
            f"config describes {' and '.join(map(str, described))}."
        )
    n_outputs = len(dataset.labels) + len(dataset.targets)
    if config.classes not in (n_outputs, len(dataset.labels)):
        raise PartError(
            f"{where} do not belong together: the weights have {config.classes} classes, the data config {n_outputs}."
        )
