"""The training run on toy jets that several tests share."""

from pathlib import Path

import numpy as np

from helpers.jets import write_jets
from part.training.config import TrainingConfig

TINY = {"batch_size": 16, "micro_batch": 8, "jets_per_epoch": 32, "val_jets": 20, "calibration_jets": 20}


def toy_config(folder: Path) -> TrainingConfig:
    """Write toy jets and return the choices of a training on them."""
    counts = np.random.default_rng(0).integers(2, 20, 60).tolist()
    train_jets, val_jets = write_jets(folder / "train.root", counts), write_jets(folder / "val.root", counts, seed=1)
    return TrainingConfig(
        "JetClass",
        "ParT",
        "full",
        (str(train_jets),),
        (str(val_jets),),
        "toy",
        str(folder),
        epochs=2,
        precision="fp32",
        **TINY,
    )
