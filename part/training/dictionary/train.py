"""The training of a dictionary: `train_dictionary` runs a DictionaryConfig with the trainer of taggers.

The folder of a run, OUT/NAME, holds what that of a tagger's does (see `part.training.trainer`), but for attention, with
the dictionary and its card in place of the model's.
"""

from pathlib import Path

import lightning

from part.training.data.datamodule import JetDataModule
from part.training.dictionary.config import DEFAULTS, DictionaryConfig
from part.training.dictionary.lightning_module import DictionaryModule, DictionaryWriter
from part.training.run_files import check_folder
from part.training.trainer import fit, quiet_lightning


@quiet_lightning()
def train_dictionary(config: DictionaryConfig, resume: bool = False) -> Path:
    """Train a dictionary.

    Parameters
    ----------
    config : DictionaryConfig
        The choices of the run.
    resume : bool
        Whether to continue from the last finished epoch of a run with the same choices. The dictionary at the end
        equals that of an uninterrupted run.

    Returns
    -------
    Path
        The dictionary, a `.safetensors` with its card beside it.

    Raises
    ------
    PartError
        As `part.training.trainer.train` does, and if the model has no such place.
    """
    folder = Path(config.out) / config.name
    last = check_folder(config, DEFAULTS, folder, resume)
    lightning.seed_everything(config.seed, verbose=False)
    module = DictionaryModule(config)
    data = JetDataModule(config)
    module.calibrate(data.calibration_batch())
    path = folder / f"{config.name}.safetensors"
    fit(config, module, data, [DictionaryWriter(path, data)], last, resume)
    return path
