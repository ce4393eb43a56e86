"""The weights that a run starts from: random ones, those of another checkpoint that fit, or all but a new head."""

from dataclasses import replace
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only
from torch import nn

from part.errors import PartError
from part.jets.schema import Dataset, FeatureSet
from part.models.build import build
from part.models.checkpoints.checkpoint import Checkpoint, load_checkpoint
from part.models.checkpoints.training_files import is_weaver_weights
from part.models.model import Model
from part.training.architecture import check_fits
from part.training.config import TrainingConfig

SHOWN = 3  # inputs that differ, of which a note names the first


def initial_model(config: TrainingConfig) -> nn.Module:
    """Return the model with which a run begins. Raises PartError if the checkpoint that it starts from does not fit."""
    if config.finetune:
        return model_with_new_head(config)
    model = build(config.model_config)
    if config.start_from:
        load_matching_weights(model, load_for_run(config.start_from, config), config.start_from)
    return model


def model_with_new_head(config: TrainingConfig) -> nn.Module:
    """Return the model of the checkpoint `config.finetune` with a reinitialised head for the classes of the dataset.

    Raises PartError if it is another kind of model, or takes other inputs.
    """
    assert config.finetune is not None, "only a run that fine-tunes a checkpoint has a new head"
    dataset, features = config.schema
    checkpoint = load_for_run(config.finetune, config)
    model_config = checkpoint.model.config
    if model_config.model != config.model:
        raise PartError(f"{config.finetune} is a {model_config.model}; expected a {config.model} to fine-tune.")
    check_fits(config.finetune, model_config, checkpoint.features, features)
    _say_differences(config.finetune, checkpoint.features, features)
    dropout = model_config.dropout if config.dropout is None else config.dropout
    model = build(replace(model_config, classes=len(dataset.labels), dropout=dropout))
    weights = {k: v for k, v in checkpoint.model.state_dict().items() if not k.startswith("head.")}
    model.load_state_dict(weights, strict=False)
    return model


def load_for_run(name: str, config: TrainingConfig) -> Checkpoint:
    """Load the checkpoint that a run starts or learns from.

    Weaver weights are understood by the data config of the run; those that fit several benchmarks belong to its own.
    Raises PartError.
    """
    if config.data_config:
        own = config.config if config.config and Path(config.config).is_file() else None
        return load_checkpoint(name, config=own if is_weaver_weights(name) else None)
    try:
        return load_checkpoint(name)
    except PartError:
        return load_checkpoint(name, config.dataset)


def _say_differences(name: str, theirs: FeatureSet, own: FeatureSet) -> None:
    """Say where inputs of other names, or of another standardisation, take the places of those of a checkpoint."""
    pairs = [(a, b) for a, b in zip(theirs.features, own.features, strict=False) if a != b]
    if not pairs or own.config is None:
        return
    renamed = ", ".join(f"{a.name} → {b.name}" for a, b in pairs[:SHOWN] if a.name != b.name)
    how = renamed or f"{pairs[0][0].name} is standardised otherwise"
    more = f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    rank_zero_only(print)(f"{own.name} has other inputs than those that {name} was trained on: {how}{more}.")


def load_matching_weights(model: nn.Module, checkpoint: Checkpoint, name: str) -> list[str]:
    """Load the weights of a checkpoint where name and shape agree.

    Parameters
    ----------
    model : nn.Module
        The model whose weights are replaced.
    checkpoint : Checkpoint
        The checkpoint.
    name : str
        What it is called.

    Returns
    -------
    list of str
        The names of the tensors that stay as they were initialised.

    Raises
    ------
    PartError
        If no tensor fits.
    """
    weights, own = checkpoint.model.state_dict(), model.state_dict()
    fitting = {key: value for key, value in weights.items() if key in own and own[key].shape == value.shape}
    if not fitting:
        raise PartError(f"No weights of {name} fit the model that is to start from them.")
    model.load_state_dict(fitting, strict=False)
    reinitialised = sorted(own.keys() - fitting.keys())
    rest = ", ".join(reinitialised) or "none"
    rank_zero_only(print)(f"Loaded {len(fitting)} of {len(own)} tensors from {name}; newly initialised: {rest}.")
    return reinitialised


def load_teacher(config: TrainingConfig) -> Model | None:
    """Return the model that a run distils from; None without distillation, or if it distils from a table.

    Raises PartError if the teacher has other classes or other inputs.
    """
    if not config.distill or config.distills_from_table:
        return None
    teacher = load_for_run(config.distill, config)
    dataset, features = config.schema
    if not _is_same(teacher.dataset, dataset) or not _takes_same(teacher.features, features):
        own = f"{dataset.name} and {features.name}" if features.config is None else f"those of {features.name}"
        raise PartError(
            f"{config.distill} classifies jets of {teacher.dataset.name} by {teacher.features.name} inputs; "
            f"expected those of the run, {own}."
        )
    return teacher.model


def _is_same(theirs: Dataset, own: Dataset) -> bool:
    return theirs.labels == own.labels and not theirs.targets


def _takes_same(theirs: FeatureSet, own: FeatureSet) -> bool:
    """Return whether two models take the same inputs of the same jets, whatever else their data configs say."""
    if (theirs.config is None) != (own.config is None):
        return False
    if theirs.config is None:
        return theirs == own
    names = ("features", "collections", "definitions")
    return all(getattr(theirs, name) == getattr(own, name) for name in names)
