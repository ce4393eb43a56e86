"""The record of a training on the card of its checkpoint: the command, the files, the hardware, the training before."""

import platform
import re
import shlex
from collections.abc import Sequence
from typing import Any

import torch
from lightning import Trainer

from part.training.arguments import to_arguments
from part.training.config import DEFAULTS, TrainingConfig
from part.training.initial_weights import load_for_run
from part.training.recipes import published_recipe


def training_command(config: TrainingConfig) -> str:
    """Return the command that repeats a training; it leaves out what equals the published recipe."""
    dataset = None if config.data_config else config.dataset
    published = DEFAULTS | published_recipe(dataset, config.model, bool(config.finetune))
    changed = {name: getattr(config, name) for name in DEFAULTS if getattr(config, name) != published[name]}
    return shlex.join(["python", "-m", "part", "train", *to_arguments(changed)])


def previous_training(config: TrainingConfig) -> dict[str, Any]:
    """Return how the weights that a run starts from were trained, as far as their card says, without names of files."""
    start = config.start_from or config.finetune
    training = load_for_run(start, config).card.get("training") if start else None
    if not training:
        return {}
    return {"before": {key: value for key, value in training.items() if key not in ("plan", "files")}}


def summarise_names(names: Sequence[str]) -> list[str]:
    """Join names that differ only in their last number into one, such as "QCD_seed{1,2,5}.root"."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name in names:
        match = re.fullmatch(r"(.*?)(\d*)(\D*)", name)
        assert match is not None, "the expression matches every name without line breaks"
        head, number, tail = match.groups()
        groups.setdefault((head, tail), []).append(number)
    return [
        head + (numbers[0] if len(numbers) == 1 else f"{{{','.join(numbers)}}}") + tail
        for (head, tail), numbers in groups.items()
    ]


def hardware(trainer: Trainer) -> str:
    """Return the number and the kind of the devices that train."""
    if torch.cuda.is_available():
        return f"{trainer.world_size} x {torch.cuda.get_device_name()}"
    return f"{trainer.world_size} x CPU ({platform.machine()}), {torch.get_num_threads()} thread(s) each"
