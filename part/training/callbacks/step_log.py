"""The steps of the present epoch of a run, a JSON object a line, for programs that watch its progress."""

import json
import time
from io import TextIOWrapper
from pathlib import Path

from lightning.pytorch.callbacks import Callback

from part.training.callbacks.checkpointing import write_errors
from part.training.runs.progress import Step, remove_steps, steps_path


class StepLog(Callback):
    """A callback that records each step in log/steps.jsonl (see `runs.progress.Step`).

    Each epoch overwrites the file, which therefore stays small. A resumed run removes it at first, since the epoch
    that it describes begins again.

    Parameters
    ----------
    folder : Path
        The run's folder.
    batch_size : int
        Jets in a step, over all devices.

    Raises
    ------
    PartError
        If the file cannot be written.
    """

    def __init__(self, folder: Path, batch_size: int):
        self.folder, self.batch_size = folder, batch_size
        self._file: TextIOWrapper | None = None
        self._started = 0.0

    def on_fit_start(self, trainer, pl_module):
        if trainer.is_global_zero:
            remove_steps(self.folder)

    def on_train_epoch_start(self, trainer, pl_module):
        self._started = time.monotonic()
        if trainer.is_global_zero:
            path = steps_path(self.folder)
            with write_errors(self.folder):
                path.parent.mkdir(exist_ok=True)
                self._file = path.open("w")

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if self._file is None:
            return
        done, seconds = batch_idx + 1, time.monotonic() - self._started
        step: Step = {
            "epoch": trainer.current_epoch,
            "step": done,
            "steps": int(trainer.num_training_batches),
            "jets_per_second": round(done * self.batch_size / seconds, 2),
        }
        with write_errors(self.folder):
            self._file.write(json.dumps(step) + "\n")
            self._file.flush()

    def on_train_epoch_end(self, trainer, pl_module):
        self.teardown(trainer, pl_module, "fit")

    def on_exception(self, trainer, pl_module, exception):
        self.teardown(trainer, pl_module, "fit")

    def teardown(self, trainer, pl_module, stage):
        if self._file is not None:
            self._file.close()
            self._file = None
