"""What a training finds out before it begins: what its data config leaves open, and how many workers it has."""

import os
from dataclasses import replace
from pathlib import Path

import torch
from lightning.pytorch.utilities import rank_zero_only

from part.jets.streaming import entry_ranges
from part.training.architecture import notes_on_architecture
from part.training.config import TrainingConfig
from part.training.data_config import completed, stored_content


def with_stored_content(config: TrainingConfig, folder: Path) -> TrainingConfig:
    """Return the choices of a run that continues with the data config as it keeps it, whose file may be gone.

    Raises PartError if the file is there and has changed.
    """
    if not config.data_config:
        return config
    return replace(config, data_config=stored_content(folder, config.config or "") or config.data_config)


def prepared(config: TrainingConfig) -> TrainingConfig:
    """Return the choices of a run with all that they leave open, and say what was computed or is left out.

    Raises PartError if the training files lack what the data config needs.
    """
    config = resolve_workers(config)
    if not config.data_config:
        return config
    paths = [entries.path for entries in entry_ranges(config.train, config=config.schema[1].config)]
    content, said = completed(config.data_config, paths, config.config or config.dataset, not config.unweighted)
    config = replace(config, data_config=content)
    if not config.finetune:
        said += notes_on_architecture(config.model, config.schema[1])
    for sentence in said:
        rank_zero_only(print)(sentence)
    return config


def resolve_workers(config: TrainingConfig) -> TrainingConfig:
    """Return the choices with a number of workers that suits the machine, if they leave it open.

    With a GPU the processors are free to decode jets; without one, they train.
    """
    if config.workers is not None:
        return config
    spare = (os.cpu_count() or 1) // config.devices - 1 if torch.cuda.is_available() else 0
    return replace(config, workers=max(0, min(spare, 8)))
