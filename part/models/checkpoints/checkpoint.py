"""Checkpoints on disk: ours (safetensors and a JSON card beside it) and weaver's `.pt`, loaded strictly.

Nothing in a checkpoint is ever executed: safetensors hold only numbers, and pickles are read with
`weights_only=True`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from part.errors import PartError
from part.io import write_together
from part.jets.benchmarks import FEATURE_SETS
from part.jets.config.parsing import parse_config
from part.jets.datasets import DATASETS
from part.jets.schema import Dataset, FeatureSet
from part.limits import MAX_NAME, shorten
from part.models.build import build, config_from_dict, model_class
from part.models.checkpoints.cards import Card, card_bytes, parse_card, read_card
from part.models.checkpoints.strict_loading import check_shapes, load_strictly, weights
from part.models.checkpoints.training_files import TrainingFiles, locate_files
from part.models.checkpoints.weaver_training import load_training, warn_of_assumptions
from part.models.checkpoints.weights_file import is_safetensors
from part.models.config import ModelConfig
from part.models.model import Model
from part.models.numerics.int8 import int8_scheme


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and what is known about it.

    Parameters
    ----------
    path : Path
        The file that it was loaded from.
    model : Model
        The model, in evaluation mode.
    features : FeatureSet
        The inputs of each particle.
    dataset : Dataset
        The classes that it tells apart.
    card : dict
        What its card says; for weaver weights their source and what was assumed of them.
    sha256 : str
        The checksum of the weights' file.
    files : TrainingFiles, optional
        The files that weaver weights were loaded from.
    """

    path: Path
    model: Model
    features: FeatureSet
    dataset: Dataset
    card: Card
    sha256: str
    files: TrainingFiles | None = None


def load_checkpoint(
    name: str | Path,
    dataset: str | None = None,
    config: str | Path | None = None,
    network: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """Load a project checkpoint or a training with weaver. The content of the file decides which of them it is.

    Parameters
    ----------
    name : str or Path
        The name of a bundled checkpoint, a path, or a folder with the files of one training.
    dataset : str, optional
        Needed only for weaver weights with two classes and `kin` inputs, which both TopLandscape and QuarkGluon have.
    config : str or Path, optional
        The data config of the training.
    network : str or Path, optional
        The network file of the training, which is read and never run.
    options : mapping, optional
        See `TrainingFiles`.

    Returns
    -------
    Checkpoint

    Raises
    ------
    PartError
        If the file is missing, truncated, unsafe or of another architecture, if its card does not belong to it, or if
        a tensor is missing, unknown, or of another shape or type than the architecture has.
    """
    files = locate_files(name, config, network, options)
    path = files.weights
    if path.suffix == ".json":
        return _load_alias(path, dataset)
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if is_safetensors(content):
        return _load_project_checkpoint(files, content, sha256)
    training = load_training(files, dataset)
    warn_of_assumptions(path.name, training.card.get("assumed", {}))
    check_shapes(training.config, training.state, path)
    model = build(training.config)
    load_strictly(model, training.state, path)
    return Checkpoint(
        path,
        model.eval().requires_grad_(False),
        training.features,
        training.dataset,
        training.card,
        sha256,
        files,
    )


def _load_project_checkpoint(files: TrainingFiles, content: bytes, sha256: str) -> Checkpoint:
    path = files.weights
    state = _read_safetensors(path, content)
    card = read_card(path, sha256)
    roles = files.config_keys.get("roles", {})
    others = [name for name in files.options if name.partition(".")[0] != "roles"]
    if files.config or files.network or others or (roles and "data_config" not in card):
        raise PartError(
            f"{path} has a card that says all of it; a data config, network file or options do not apply, but for the "
            "roles of a data config's variables."
        )
    config = _config_of_card(path.with_suffix(".json"), card)
    check_shapes(config, state, path)
    if "data_config" in card:
        given = card["data_config"]
        given = {**given, "roles": {**(given.get("roles") or {}), **roles}} if roles else given
        names = tuple(card.get("classes", ()))
        data_config = parse_config(given, card["features"], str(path.with_suffix(".json")))
        data_config = data_config.for_outputs(config.classes, names)
        features = data_config.feature_set(model_class(config.model).takes_points)
        schema = data_config.dataset(config.classes, names)
    elif card["dataset"] in DATASETS:
        features, schema = FEATURE_SETS[card["features"]], DATASETS[card["dataset"]]
    else:
        features, names = FEATURE_SETS[card["features"]], tuple(card["classes"])
        schema = Dataset(card["dataset"], names, names)
    model = build(config)
    if scheme := card.get("int8"):
        from part.models.numerics.quantize import prepare_int8_tensors

        prepare_int8_tensors(model, scheme)
    load_strictly(model, state, path)
    return Checkpoint(path, model.eval().requires_grad_(False), features, schema, card, sha256)


def _load_alias(path: Path, dataset: str | None) -> Checkpoint:
    """Load a card that refers to the weights of another checkpoint beside it and says how to run them."""
    card = parse_card(path)
    name = card.get("weights")
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
        raise PartError(f"{path} refers to no weights; expected the name of a .safetensors beside it.")
    if len(name) > MAX_NAME:
        raise PartError(f"{path} refers to the weights {shorten(name)}; expected a file beside it.")
    target = load_checkpoint(path.with_name(name), dataset)
    if card.get("sha256") != target.sha256:
        raise PartError(f"{path} was written for other weights than those in {name} now.")
    return replace(target, path=path, card=target.card | card)


def save_checkpoint(
    path: Path, model: Model, features: FeatureSet, dataset: Dataset, card: Mapping[str, Any], half: bool = False
) -> Path:
    """Write a model's weights and their card, both or none.

    Parameters
    ----------
    path : Path
        The `.safetensors` to write; the card is written beside it.
    model : Model
        The model.
    features : FeatureSet
        The inputs of each particle.
    dataset : Dataset
        The classes that the model tells apart.
    card : mapping
        What the card says beyond that: training, metrics and the like.
    half : bool
        Whether matrices are written as float16, which keeps about 3 digits; loading makes them float32 again.

    Returns
    -------
    Path
        The path.
    """
    tensors = {key: value.half() if half and value.ndim > 1 else value for key, value in weights(model).items()}
    # Not with save_file, which writes files that other users may not read.
    content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
    identity: Card = {
        "config": model.config.to_dict(),
        "features": features.name,
        "dataset": dataset.name,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if dataset.name not in DATASETS:
        identity["classes"] = list(dataset.labels)
    if features.config is not None:
        identity["data_config"] = dict(features.config.options)
    if scheme := int8_scheme(model):
        identity["int8"] = scheme
    write_together({path: content, path.with_suffix(".json"): card_bytes(identity | dict(card))})
    return path


def reinitialised(checkpoint: Checkpoint, seed: int, config: ModelConfig | None = None) -> Checkpoint:
    """Return a checkpoint of the same architecture, or of `config`, with random weights that the seed decides."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(config or checkpoint.model.config).eval().requires_grad_(False)
    name = f"{checkpoint.path.stem}-untrained"
    sha256 = hashlib.sha256(save(dict(weights(model)))).hexdigest()
    return replace(checkpoint, path=checkpoint.path.with_name(name), model=model, card={}, sha256=sha256)


def _read_safetensors(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        return load(content)
    except SafetensorError:
        raise PartError(
            f"{path} is not a complete checkpoint: expected safetensors or a PyTorch state dict (.pt)."
        ) from None


def _config_of_card(path: Path, card: Card) -> ModelConfig:
    try:
        return config_from_dict(card["config"])
    except PartError as error:
        raise PartError(f"{path}: config: {error}") from None
