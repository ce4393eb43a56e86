"""The checkpoints of a run, each written atomically: the state to resume from, and the model with its card."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.io import TorchCheckpointIO

from part.errors import PartError
from part.inference.training_range import range_of
from part.io import atomic_write
from part.models.checkpoints.checkpoint import save_checkpoint
from part.training.data.datamodule import JetDataModule
from part.training.provenance import hardware, previous_training, summarise_names, training_command


class AtomicCheckpointIO(TorchCheckpointIO):
    """A writer of the state of Lightning's trainer; its file appears once it is complete."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path, storage_options=None) -> None:
        path = Path(path)
        with write_errors(path.parent), atomic_write(path) as partial, partial.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def write_errors(folder: Path) -> Iterator[None]:
    """Turn a failure to write into a PartError that says what is left in the run's folder."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch.save raises a RuntimeError where the system refuses to write
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise PartError(
            f"{folder} cannot be written to ({reason}); the checkpoint of the previous epoch is unchanged. "
            "Free some space and continue with --resume."
        ) from None


def epoch_path(path: Path, epoch: int) -> Path:
    """Return where the model after an epoch is kept beside the checkpoint of a run."""
    return path.parent / "epochs" / f"{path.stem}_epoch_{epoch:03d}.safetensors"


class CheckpointWriter(Callback):
    """A callback that writes the model and its card after each epoch, so that both can be used during the training.

    Parameters
    ----------
    path : Path
        The checkpoint, a `.safetensors` file; the card is written beside it.
    data : JetDataModule
        The jets of the run.

    Raises
    ------
    PartError
        If the files cannot be written.
    """

    def __init__(self, path: Path, data: JetDataModule):
        self.path, self.data = path, data
        self.seconds, self.previous = 0.0, previous_training(data.config)

    @property
    def state_key(self) -> str:
        return "SaveModel"  # the name of this class in the `last.ckpt` of earlier versions, which still resume

    def on_train_epoch_start(self, trainer, pl_module):
        self.started = time.monotonic()

    def on_train_epoch_end(self, trainer, pl_module):
        self.seconds += time.monotonic() - self.started
        if trainer.is_global_zero:
            dataset, features = pl_module.config.schema
            card = self.card(trainer, pl_module)
            kept = [epoch_path(self.path, trainer.current_epoch + 1)] if pl_module.config.keep_epochs else []
            with write_errors(self.path.parent):
                for path in (*kept, self.path):
                    path.parent.mkdir(exist_ok=True)
                    save_checkpoint(path, pl_module.model, features, dataset, card)

    def card(self, trainer, pl_module) -> dict[str, Any]:
        """Return the sections of the card on the training and on its metrics."""
        config = pl_module.config
        metrics = {k: round(float(v), 5) for k, v in trainer.callback_metrics.items() if k.startswith("val_")}
        epochs, val_jets = trainer.current_epoch + 1, self.data.val_jets
        training = {
            "plan": {key: value for key, value in config.to_dict().items() if key != "data_config"},
            "epochs_done": epochs,
            "jets_seen": epochs * len(trainer.train_dataloader) * config.batch_size,
            "unique_jets": self.data.n_jets,
            "ranges": range_of(val_jets.v.numpy(), val_jets.lengths).to_card(),  # those for validation stand for all
            "files": summarise_names([Path(entries.path).name for entries in self.data.train_ranges]),
            "command": training_command(config),
            "seconds": round(self.seconds),
            "hardware": hardware(trainer),
            "torch": torch.__version__,
        }
        return {"training": training | self.previous, "metrics": metrics | {"val_jets": len(val_jets)}}

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds = state_dict["seconds"]
