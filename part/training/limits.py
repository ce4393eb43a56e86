"""The checks of a TrainingConfig: names that are known, numbers in range, choices that do not contradict each other."""

from dataclasses import fields
from typing import TYPE_CHECKING

from part.errors import PartError
from part.jets.benchmarks import FEATURE_SETS
from part.jets.datasets import DATASETS
from part.models.build import config_class

if TYPE_CHECKING:
    from part.training.config import TrainingConfig

PRECISIONS = ("auto", "bf16", "fp32")
# Numbers by the names of their fields, with the names by which users know them.
_FRACTIONS = {"lr_hold_fraction": "flat", "distill_weight": "soft"}
_POSITIVE = {"lr": "lr", "head_lr_factor": "head_lr"}


def check_names(config: "TrainingConfig") -> None:
    """Raise PartError for an unknown name, or for choices that exclude each other."""
    names = [(config.precision, PRECISIONS, "precision")]
    if not config.data_config:
        names = [(config.dataset, DATASETS, "dataset"), (config.features, FEATURE_SETS, "feature set"), *names]
    for value, allowed, what in names:
        if value not in allowed:
            raise PartError(f"There is no {what} {value!r}; choose one of {', '.join(allowed)}.")
    if config.start_from and config.finetune:
        raise PartError("A model starts from the weights of one checkpoint: give --start-from or --finetune.")
    architecture = {item.name for item in fields(config_class(config.model))}
    for name in ("slots", "pair_bias"):
        if getattr(config, name) is not None and name not in architecture:
            raise PartError(f"{config.model} has no {name}.")
    dataset, features = config.schema
    if features.config is None:
        if config.features not in dataset.feature_sets:
            raise PartError(
                f"{config.dataset} has no {config.features} inputs, only {', '.join(dataset.feature_sets)}."
            )
        if config.unweighted:
            raise PartError("--no-weights leaves out the weights of a data config; give one with --config.")
    elif config.balanced and features.config.weights:
        raise PartError(f"--balanced and the weights of {config.dataset} exclude each other; add --no-weights.")


def check_numbers(config: "TrainingConfig") -> None:
    """Raise PartError for a number that is out of range."""
    sizes = (config.epochs, config.batch_size, config.micro_batch, config.devices, config.nodes, config.jets_per_epoch)
    if any(size is not None and size < 1 for size in (*sizes, config.val_jets)):
        raise PartError("Epochs, batch sizes, jets, devices and nodes have to be 1 or more.")
    for name, key in _FRACTIONS.items():
        if not 0 <= getattr(config, name) <= 1:
            raise PartError(f"{key} is {getattr(config, name)}; expected a fraction between 0 and 1.")
    for name, key in _POSITIVE.items():
        if getattr(config, name) <= 0:
            raise PartError(f"{key} is {getattr(config, name)}; expected a number above 0.")
    others = (config.grad_clip_norm, config.weight_decay, config.calibration_jets, config.workers or 0, config.memory)
    if min(others) < 0:
        raise PartError("clip, weight_decay, calibration_jets, workers and memory cannot be negative.")


def check_batches(config: "TrainingConfig") -> None:
    """Raise PartError if a batch cannot be divided among devices and micro-batches."""
    if config.batch_size % config.world_size:
        raise PartError(
            f"A batch of {config.batch_size} jets cannot be divided evenly among {config.world_size} devices; "
            f"make it a multiple of {config.world_size}."
        )
    if config.batch_size % (config.micro_batch_size * config.world_size):
        raise PartError(
            f"A batch of {config.batch_size} jets cannot be divided evenly into micro-batches of "
            f"{config.micro_batch_size} on {config.world_size} device(s); make it a multiple of "
            f"{config.micro_batch_size * config.world_size}."
        )
    one_micro_batch = config.micro_batch_size * config.world_size == config.batch_size
    if not (config.calibration_jets or config.is_transformer or one_micro_batch):
        raise PartError(
            f"The BatchNorms of {config.model} need a whole batch of {config.batch_size} on each of "
            f"{config.world_size} device(s): leave --micro-batch out, or fix their statistics with --calibration-jets."
        )
