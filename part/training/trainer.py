"""A training run from plan to checkpoint: `runs/NAME/` holds everything, and `--resume` continues it.

runs/NAME/plan.json          every choice
runs/NAME/last.ckpt          state for an exact resume, written after each epoch
runs/NAME/NAME.safetensors   the model after the last finished epoch, with its card NAME.json
runs/NAME/log/metrics.csv    losses and metrics by step and epoch
runs/NAME/attention/         what one jet looks like to the model after each epoch
"""

import csv
import json
import logging
import os
import sys
import warnings
from dataclasses import fields, replace
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, Logger
from lightning.pytorch.utilities import rank_zero_only

from part.errors import PartError
from part.training.callbacks.attention_snapshots import WatchJet
from part.training.callbacks.checkpointing import SaveModel, WholeCheckpointIO, kept
from part.training.callbacks.progress_bar import Bar
from part.training.data.datamodule import JetData
from part.training.initial_weights import starting_model, teacher_of
from part.training.lightning_module import TaggerTask, calibrate
from part.training.plan import FREE, Plan
from part.training.runs import process

LOG_EVERY = 20  # steps
# Lightning's advertisements, and what it says of its own code.
logging.getLogger("lightning.pytorch.utilities.rank_zero").setLevel(logging.WARNING)
warnings.filterwarnings("ignore", module="lightning")


def train(plan: Plan, resume: bool = False) -> Path:
    """Carry out `plan`; returns the checkpoint's path.

    resume: continue from `last.ckpt` of the same plan; the weights come out as without the interruption.
    Raises PartError, before any work is done, for a plan that cannot be carried out; later for files that are no longer
    what they were, a disk that is full, or a loss that is no number. The last finished epoch is then still there.
    """
    plan = fitted(plan)
    folder = Path(plan.out) / plan.name
    last = _prepare(plan, folder, resume)
    if rank_zero_only.rank == 0:
        process.sign(folder, os.getpid(), sys.orig_argv)
    task, data = make(plan)
    callbacks = [
        ModelCheckpoint(folder, filename="last", enable_version_counter=False, save_on_train_epoch_end=True),
        SaveModel(folder / f"{plan.name}.safetensors", data),
        WatchJet(folder / "attention", data),
        Bar(plan.batch_size),
    ]
    trainer = make_trainer(plan, _loggers(plan, folder, resume), callbacks)
    trainer.fit(task, datamodule=data, ckpt_path=last, weights_only=False)
    return folder / f"{plan.name}.safetensors"


def make(plan: Plan) -> tuple[TaggerTask, JetData]:
    """What a plan trains, and on what. Raises PartError."""
    lightning.seed_everything(plan.seed, verbose=False)
    data = JetData(plan)
    task = TaggerTask(plan, starting_model(plan), teacher_of(plan))
    if plan.calibration_jets:
        calibrate(task.model, data.calibration_batch())
    return task, data


def make_trainer(plan: Plan, loggers: list[Logger] | bool, callbacks: list, **options) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator="auto",
        devices=plan.devices,
        num_nodes=plan.nodes,
        strategy="ddp" if plan.processes > 1 else "auto",
        precision="bf16-mixed" if uses_bf16(plan.precision) else "32-true",
        plugins=[WholeCheckpointIO()],
        max_epochs=plan.epochs,
        gradient_clip_val=plan.clip or None,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        log_every_n_steps=LOG_EVERY,
        logger=loggers,
        callbacks=callbacks,
        enable_model_summary=False,
        **options,
    )


def fitted(plan: Plan) -> Plan:
    """The plan with what it leaves to the machine: beside a GPU there are processors left to decode jets."""
    if plan.workers is not None:
        return plan
    spare = (os.cpu_count() or 1) // plan.devices - 1 if torch.cuda.is_available() else 0
    return replace(plan, workers=max(0, min(spare, 8)))


def _loggers(plan: Plan, folder: Path, resume: bool) -> list[Logger]:
    loggers = [_csv(folder, resume)]
    if plan.tensorboard:
        from lightning.pytorch.loggers import TensorBoardLogger

        try:
            loggers.append(TensorBoardLogger(folder, name="", version="tensorboard"))
        except ModuleNotFoundError:
            raise PartError(
                "There is no TensorBoard here: pip install tensorboard, or leave out --tensorboard."
            ) from None
    return loggers


def _csv(folder: Path, resume: bool) -> CSVLogger:
    """The log of a run; Lightning would begin a resumed one anew, so what there is of finished epochs goes in first."""
    path, rows = folder / "log" / "metrics.csv", []
    if resume and path.exists():
        done = json.loads((folder / f"{folder.name}.json").read_text())["training"]["epochs_done"]
        with path.open(newline="") as file:
            rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file) if int(row["epoch"]) < done]
    logger = CSVLogger(folder, name="", version="log", flush_logs_every_n_steps=LOG_EVERY)
    if rows and rank_zero_only.rank == 0:
        logger.experiment.metrics.extend(rows)
        logger.save()
    return logger


def _prepare(plan: Plan, folder: Path, resume: bool) -> str | None:
    """Write the plan down, or check it against the one being resumed; returns the state to resume from."""
    written, last = folder / "plan.json", folder / "last.ckpt"
    if rank_zero_only.rank > 0:  # a second process of the same run: the first does this
        return str(last) if resume and last.exists() else None
    asked = json.loads(json.dumps(plan.to_dict()))
    if not resume:
        if written.exists():
            raise PartError(f"{folder} holds a run already; use --resume to continue it or another --name.")
        with kept(folder):
            folder.mkdir(parents=True, exist_ok=True)
            written.write_text(json.dumps(asked, indent=2) + "\n")
        return None
    if not written.exists():
        raise PartError(f"{folder} holds no run to resume (no {written.name}).")
    before = {field.name: field.default for field in fields(Plan)} | json.loads(written.read_text())
    if changed := [key for key in asked if key not in FREE and asked[key] != before[key]]:
        raise PartError(f"{folder} was started with another {changed[0]}: {before[changed[0]]!r}.")
    return str(last) if last.exists() else None


def uses_bf16(precision: str) -> bool:
    """Whether "auto", "bf16" or "fp32" means bfloat16 on this machine."""
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
