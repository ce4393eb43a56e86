"""A training run from plan to checkpoint: `runs/NAME/` holds everything, and `--resume` continues it.

runs/NAME/plan.json          every choice
runs/NAME/last.ckpt          state for an exact resume, written after each epoch
runs/NAME/NAME.safetensors   the model after the last finished epoch, with its card NAME.json
runs/NAME/log/metrics.csv    losses and metrics by step and epoch
"""

import json
import platform
import time
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_info, rank_zero_only

from part.errors import PartError
from part.models.checkpoint import load_checkpoint, save_checkpoint
from part.training.data import JetData
from part.training.plan import Plan
from part.training.task import TaggerTask, calibrate


def train(plan: Plan, resume: bool = False) -> Path:
    """Carry out `plan`; returns the checkpoint's path.

    resume: continue from `last.ckpt` of the same plan; the weights come out as without the interruption.
    Raises PartError, before any work is done, for a plan that cannot be carried out.
    """
    folder = Path(plan.out) / plan.name
    last = _prepare(plan, folder, resume)
    lightning.seed_everything(plan.seed, verbose=False)
    data = JetData(plan)
    task = TaggerTask(plan)
    if plan.start_from:
        take_weights(task.model, plan.start_from)
    if plan.calibration_jets:
        calibrate(task.model, data.calibration_batch())
    trainer = lightning.Trainer(
        accelerator="auto",
        devices=plan.devices,
        strategy="ddp" if plan.devices > 1 else "auto",
        precision="bf16-mixed" if _uses_bf16(plan.precision) else "32-true",
        max_epochs=plan.epochs,
        gradient_clip_val=plan.clip or None,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        log_every_n_steps=20,
        logger=CSVLogger(folder, name="", version="log"),
        callbacks=[
            ModelCheckpoint(folder, filename="last", enable_version_counter=False, save_on_train_epoch_end=True),
            SaveModel(folder / f"{plan.name}.safetensors", data),
            TQDMProgressBar(refresh_rate=10),
        ],
        enable_model_summary=False,
    )
    trainer.fit(task, datamodule=data, ckpt_path=last, weights_only=False)
    return folder / f"{plan.name}.safetensors"


def take_weights(model: torch.nn.Module, name: str) -> list[str]:
    """Take over the weights of a checkpoint where name and shape agree; returns the names of the others.

    Raises PartError if none fits.
    """
    given, own = load_checkpoint(name).model.state_dict(), model.state_dict()
    fitting = {key: value for key, value in given.items() if key in own and own[key].shape == value.shape}
    if not fitting:
        raise PartError(f"No weights of {name} fit the model that is to start from them.")
    model.load_state_dict(fitting, strict=False)
    fresh = sorted(own.keys() - fitting.keys())
    rank_zero_info(f"Took {len(fitting)} of {len(own)} tensors from {name}; fresh: {', '.join(fresh) or 'none'}.")
    return fresh


class SaveModel(Callback):
    """Writes the model and its card after each epoch, so that it can be looked at while it trains."""

    def __init__(self, path: Path, data: JetData):
        self.path, self.data = path, data
        self.seconds = 0.0

    def on_train_epoch_start(self, trainer, task):
        self.started = time.monotonic()

    def on_train_epoch_end(self, trainer, task):
        self.seconds += time.monotonic() - self.started
        if trainer.is_global_zero:
            dataset, features = task.plan.schema
            save_checkpoint(self.path, task.model, features, dataset, self.card(trainer, task))

    def card(self, trainer, task) -> dict:
        metrics = {k: round(float(v), 5) for k, v in trainer.callback_metrics.items() if k.startswith("val_")}
        epochs = trainer.current_epoch + 1
        return {
            "training": {
                "plan": task.plan.to_dict(),
                "epochs_done": epochs,
                "jets_seen": epochs * self.data.jets_per_epoch,
                "unique_jets": len(self.data.train_jets),
                "files": [path.name for path in self.data.train_files],
                "seconds": round(self.seconds),
                "hardware": _hardware(trainer),
                "torch": torch.__version__,
            },
            "metrics": metrics | {"val_jets": len(self.data.val_jets)},
        }

    def state_dict(self) -> dict:
        return {"seconds": self.seconds}

    def load_state_dict(self, state: dict) -> None:
        self.seconds = state["seconds"]


def _prepare(plan: Plan, folder: Path, resume: bool) -> str | None:
    """Write the plan down, or check it against the one being resumed; returns the state to resume from."""
    written, last = folder / "plan.json", folder / "last.ckpt"
    if rank_zero_only.rank > 0:  # a second process of the same run: the first does this
        return str(last) if resume else None
    asked = json.loads(json.dumps(plan.to_dict()))
    if not resume:
        if written.exists():
            raise PartError(f"{folder} holds a run already; use --resume to continue it or another --name.")
        folder.mkdir(parents=True, exist_ok=True)
        written.write_text(json.dumps(asked, indent=2) + "\n")
        return None
    if not last.exists():
        raise PartError(f"{folder} holds no finished epoch to resume from (no {last.name}).")
    before = json.loads(written.read_text())
    if changed := [key for key in asked if asked[key] != before.get(key)]:
        raise PartError(f"{folder} was started with another {changed[0]}: {before.get(changed[0])!r}.")
    return str(last)


def _uses_bf16(precision: str) -> bool:
    match precision:
        case "bf16":
            return True
        case "fp32":
            return False
        case "auto" if torch.cuda.is_available():
            return torch.cuda.is_bf16_supported(including_emulation=False)
        case "auto":
            return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    raise PartError(f"There is no precision {precision!r}; choose auto, bf16 or fp32.")


def _hardware(trainer) -> str:
    if torch.cuda.is_available():
        return f"{trainer.world_size} x {torch.cuda.get_device_name()}"
    return f"{trainer.world_size} x CPU ({platform.machine()}), {torch.get_num_threads()} thread(s) each"
