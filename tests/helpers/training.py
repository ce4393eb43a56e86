"""The training runs on toy jets that several tests share."""

from pathlib import Path

import numpy as np

from helpers.jets import write_jets
from helpers.own_training import write_config, write_own_jets
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


def own_toy_config(folder: Path, kind: str = "plain", model: str = "PFN", n: int = 120, **choices) -> TrainingConfig:
    """Write toy jets of a user's own files with a data config, and return the choices of a training on them.

    choices : fields of TrainingConfig; `changes` of them are those of the data config.
    """
    changes = choices.pop("changes", {})
    files = {name: folder / f"{name}.root" for name in ("train", "val")}
    for seed, path in enumerate(files.values(), 1):
        if not path.exists():
            write_own_jets(path, n, seed)
    config = write_config(folder / f"{kind}.yaml", kind, **changes)
    usual = {"name": f"{model}-{kind}".lower(), "out": str(folder), "epochs": 2, "precision": "fp32"}
    usual |= {"batch_size": 16, "jets_per_epoch": 32, "val_jets": 40, "config": str(config)}
    return TrainingConfig("", model, "", (str(files["train"]),), (str(files["val"]),), **(usual | choices))
