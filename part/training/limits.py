"""The limits of the numbers of a TrainingConfig."""

import math
import sys
from collections.abc import Mapping
from typing import Any

from part.errors import PartError
from part.options import MAX_SEED

MAX_WORKERS = 1024
_FINITE = sys.float_info.max
_COUNT = (1, math.inf, "1 or more")
_NOT_NEGATIVE = (0, math.inf, "0 or more")
_FINITE_NOT_NEGATIVE = (0, _FINITE, "a finite number, 0 or more")
_POSITIVE = (5e-324, _FINITE, "a finite number above 0")
_FRACTION = (0, 1, "a fraction between 0 and 1")
# The least and the most that a field may be, in words as well; and its name for users where that is another one.
_LIMITS = {
    **dict.fromkeys(("epochs", "batch_size", "micro_batch", "devices", "nodes", "jets_per_epoch", "val_jets"), _COUNT),
    **dict.fromkeys(("lr", "head_lr_factor"), _POSITIVE),
    **dict.fromkeys(("lr_hold_fraction", "distill_weight"), _FRACTION),
    **dict.fromkeys(("grad_clip_norm", "weight_decay", "memory"), _FINITE_NOT_NEGATIVE),
    "dropout": (0, math.nextafter(1, 0), "a probability from 0 to below 1"),
    "layers": (1, 100, "1 to 100"),
    "seed": (0, MAX_SEED, f"a whole number from 0 to {MAX_SEED}"),
    "calibration_jets": _NOT_NEGATIVE,
    "workers": (0, MAX_WORKERS, f"0 to {MAX_WORKERS}"),
}
_NAMES = {"lr_hold_fraction": "flat", "distill_weight": "soft", "head_lr_factor": "head_lr", "grad_clip_norm": "clip"}


def check_numbers(values: Mapping[str, Any]) -> None:
    """Raise PartError for a number that is out of range; values by the names of TrainingConfig's fields."""
    for name, (low, high, expected) in _LIMITS.items():
        value = values[name]
        if value is not None and not low <= value <= high:  # NaN is in no range
            raise PartError(f"{_NAMES.get(name, name)} is {value}; expected {expected}.")


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
