"""The weights that a run starts from: random ones, those of another checkpoint that fit, or all but a new head."""

from dataclasses import replace

from lightning.pytorch.utilities import rank_zero_only
from torch import nn

from part.errors import PartError
from part.models.build import build
from part.models.checkpoints.checkpoint import Checkpoint, load_checkpoint
from part.training.config import TrainingConfig


def initial_model(config: TrainingConfig) -> nn.Module:
    """Return the model with which a run begins. Raises PartError if the checkpoint that it starts from does not fit."""
    if config.finetune:
        return model_with_new_head(config)
    model = build(config.model_config)
    if config.start_from:
        load_matching_weights(model, config.start_from)
    return model


def model_with_new_head(config: TrainingConfig) -> nn.Module:
    """Return the model of the checkpoint `config.finetune` with a reinitialised head for the classes of the dataset.

    Raises PartError if it is another kind of model, or takes other inputs.
    """
    assert config.finetune is not None, "only a run that fine-tunes a checkpoint has a new head"
    checkpoint = load_for_dataset(config.finetune, config.dataset)
    model_config = checkpoint.model.config
    if model_config.model != config.model:
        raise PartError(f"{config.finetune} is a {model_config.model}; expected a {config.model} to fine-tune.")
    if model_config.inputs != len(config.schema[1]):
        raise PartError(f"{config.finetune} takes {checkpoint.features.name} inputs; expected {config.features}.")
    dropout = model_config.dropout if config.dropout is None else config.dropout
    model = build(replace(model_config, classes=len(config.schema[0].labels), dropout=dropout))
    weights = {k: v for k, v in checkpoint.model.state_dict().items() if not k.startswith("head.")}
    model.load_state_dict(weights, strict=False)
    return model


def load_for_dataset(name: str, dataset: str) -> Checkpoint:
    """Load a checkpoint; weaver weights that fit several datasets belong to the given one. Raises PartError."""
    try:
        return load_checkpoint(name)
    except PartError:
        return load_checkpoint(name, dataset)


def load_matching_weights(model: nn.Module, name: str) -> list[str]:
    """Load the weights of a checkpoint where name and shape agree.

    Parameters
    ----------
    model : nn.Module
        The model whose weights are replaced.
    name : str
        The checkpoint.

    Returns
    -------
    list of str
        The names of the tensors that stay as they were initialised.

    Raises
    ------
    PartError
        If no tensor fits.
    """
    weights, own = load_checkpoint(name).model.state_dict(), model.state_dict()
    fitting = {key: value for key, value in weights.items() if key in own and own[key].shape == value.shape}
    if not fitting:
        raise PartError(f"No weights of {name} fit the model that is to start from them.")
    model.load_state_dict(fitting, strict=False)
    reinitialised = sorted(own.keys() - fitting.keys())
    rest = ", ".join(reinitialised) or "none"
    rank_zero_only(print)(f"Loaded {len(fitting)} of {len(own)} tensors from {name}; newly initialised: {rest}.")
    return reinitialised


def load_teacher(config: TrainingConfig) -> nn.Module | None:
    """Return the model that a run distils from; None without distillation, or if it distils from a table.

    Raises PartError if the teacher has other classes or other inputs.
    """
    if not config.distill or config.distills_from_table:
        return None
    teacher = load_for_dataset(config.distill, config.dataset)
    dataset, features = config.schema
    if teacher.dataset != dataset or teacher.features != features:
        raise PartError(
            f"{config.distill} classifies jets of {teacher.dataset.name} by {teacher.features.name} inputs; "
            f"expected those of the run, {dataset.name} and {features.name}."
        )
    return teacher.model
