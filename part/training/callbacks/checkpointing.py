"""What a run leaves on disk, each file whole or as it was before: the state to resume from, the model with its card."""

import os
import platform
import re
import shlex
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.io import TorchCheckpointIO

from part.errors import PartError
from part.io import atomic_write
from part.models.checkpoints.checkpoint import save_checkpoint
from part.training.data.datamodule import JetData
from part.training.initial_weights import load_for
from part.training.plan import Plan, recipe
from part.training.runs.runs import arguments


class WholeCheckpointIO(TorchCheckpointIO):
    """Lightning's state in a file that appears when it is whole."""

    def save_checkpoint(self, checkpoint: dict, path, storage_options=None) -> None:
        path = Path(path)
        with kept(path.parent), atomic_write(path) as partial, partial.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def kept(folder: Path):
    """Says in one sentence that a file could not be written, and what is still there."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch.save has its own for what the system says
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise PartError(
            f"{folder} cannot be written to ({reason}); the checkpoint of the epoch before is as it was. "
            "Make room and go on with --resume."
        ) from None


class SaveModel(Callback):
    """Writes the model and its card after each epoch, so that it can be looked at while it trains."""

    def __init__(self, path: Path, data: JetData):
        self.path, self.data = path, data
        self.seconds, self.before = 0.0, _before(data.plan)

    def on_train_epoch_start(self, trainer, task):
        self.started = time.monotonic()

    def on_train_epoch_end(self, trainer, task):
        self.seconds += time.monotonic() - self.started
        if trainer.is_global_zero:
            dataset, features = task.plan.schema
            with kept(self.path.parent):
                save_checkpoint(self.path, task.model, features, dataset, self.card(trainer, task))

    def card(self, trainer, task) -> dict:
        metrics = {k: round(float(v), 5) for k, v in trainer.callback_metrics.items() if k.startswith("val_")}
        epochs = trainer.current_epoch + 1
        return {
            "training": {
                "plan": task.plan.to_dict(),
                "epochs_done": epochs,
                "jets_seen": epochs * len(trainer.train_dataloader) * task.plan.batch_size,
                "unique_jets": len(self.data.stream),
                "files": summed_up([Path(span.path).name for span in self.data.train_spans]),
                "command": command(task.plan.to_dict()),
                "seconds": round(self.seconds),
                "hardware": _hardware(trainer),
                "torch": torch.__version__,
            }
            | self.before,
            "metrics": metrics | {"val_jets": len(self.data.val_jets)},
        }

    def state_dict(self) -> dict:
        return {"seconds": self.seconds}

    def load_state_dict(self, state: dict) -> None:
        self.seconds = state["seconds"]


def _before(plan: Plan) -> dict:
    """How the weights that a run starts from came about, as far as their card tells, but for names of files."""
    start = plan.start_from or plan.finetune
    told = load_for(plan, start).card.get("training") if start else None
    return {"before": {key: value for key, value in told.items() if key not in ("plan", "files")}} if told else {}


def command(plan: dict) -> str:
    """What trains by this plan again; what is as published is not said."""
    published = recipe(plan["dataset"], plan["model"], bool(plan.get("finetune")))
    usual = {field.name: field.default for field in fields(Plan)} | published
    said = {name: value for name, value in plan.items() if usual[name] != value}
    return shlex.join(["python", "-m", "part", "train", *arguments(said)])


def summed_up(names: Sequence[str]) -> list[str]:
    """Names that differ only in their last number, in one line each: "QCD_seed{1,2,5}.root"."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in names:
        head, number, tail = re.fullmatch(r"(.*?)(\d*)(\D*)", name).groups()
        found.setdefault((head, tail), []).append(number)
    return [
        head + (numbers[0] if len(numbers) == 1 else f"{{{','.join(numbers)}}}") + tail
        for (head, tail), numbers in found.items()
    ]


def _hardware(trainer) -> str:
    if torch.cuda.is_available():
        return f"{trainer.world_size} x {torch.cuda.get_device_name()}"
    return f"{trainer.world_size} x CPU ({platform.machine()}), {torch.get_num_threads()} thread(s) each"
