"""The limits of the numbers of a TrainingConfig."""

from collections.abc import Mapping
from typing import Any

from part.errors import PartError

# Numbers by the names of their fields, with the names by which users know them.
_FRACTIONS = {"lr_hold_fraction": "flat", "distill_weight": "soft"}
_POSITIVE = {"lr": "lr", "head_lr_factor": "head_lr"}
_COUNTS = ("epochs", "batch_size", "micro_batch", "devices", "nodes", "jets_per_epoch", "val_jets")
_NOT_NEGATIVE = ("grad_clip_norm", "weight_decay", "calibration_jets", "workers", "memory")


def check_numbers(values: Mapping[str, Any]) -> None:
    """Raise PartError for a number that is out of range; values by the names of TrainingConfig's fields."""
    if any(values[name] is not None and values[name] < 1 for name in _COUNTS):
        raise PartError("Epochs, batch sizes, jets, devices and nodes have to be 1 or more.")
    for name, key in _FRACTIONS.items():
        if not 0 <= values[name] <= 1:
            raise PartError(f"{key} is {values[name]}; expected a fraction between 0 and 1.")
    for name, key in _POSITIVE.items():
        if values[name] <= 0:
            raise PartError(f"{key} is {values[name]}; expected a number above 0.")
    if any(values[name] is not None and values[name] < 0 for name in _NOT_NEGATIVE):
        raise PartError("clip, weight_decay, calibration_jets, workers and memory cannot be negative.")


def check_batches(model: str, batch_size: int, micro_batch: int, world_size: int, needs_whole: bool) -> None:
    """Raise PartError if a batch cannot be divided among devices and micro-batches.

    Parameters
    ----------
    model : str
        The name of the model.
    batch_size, micro_batch : int
        Jets in an optimizer step, over all devices, and jets that are padded together.
    world_size : int
        The number of devices.
    needs_whole : bool
        Whether BatchNorms take their statistics from a whole batch.
    """
    if batch_size % world_size:
        raise PartError(
            f"A batch of {batch_size} jets cannot be divided evenly among {world_size} devices; "
            f"make it a multiple of {world_size}."
        )
    if batch_size % (micro_batch * world_size):
        raise PartError(
            f"A batch of {batch_size} jets cannot be divided evenly into micro-batches of {micro_batch} on "
            f"{world_size} device(s); make it a multiple of {micro_batch * world_size}."
        )
    if needs_whole and micro_batch * world_size != batch_size:
        raise PartError(
            f"The BatchNorms of {model} need a whole batch of {batch_size} on each of {world_size} device(s): leave "
            "--micro-batch out, or fix their statistics with --calibration-jets."
        )
