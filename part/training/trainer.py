"""Training runs: `train` runs a TrainingConfig and leaves a checkpoint.

The folder of a run, OUT/NAME, holds

plan.json          the choices of the run, the content of its data config among them
NAME.auto.yaml     the data config with all that was computed for it, as weaver-core reads it
process.json       the process that trains, or trained last
last.ckpt          the state of the training after the last finished epoch, from which --resume continues
NAME.safetensors   the model after that epoch, with its card NAME.json
epochs/            with keep_epochs, the model after each epoch, NAME_epoch_001.safetensors and so on
log/metrics.csv    losses and metrics by step and epoch
log/steps.jsonl    the steps of the present epoch
log/output.txt     the output, if `runs.control` started the run
attention/         the attention of one jet before the first epoch and after each
"""

import csv
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, Logger
from lightning.pytorch.utilities import rank_zero_only

from part.errors import PartError
from part.training.callbacks.attention_snapshots import AttentionSnapshots
from part.training.callbacks.checkpointing import AtomicCheckpointIO, CheckpointWriter
from part.training.callbacks.first_step import FirstStep
from part.training.callbacks.progress_bar import ProgressBar
from part.training.callbacks.step_log import StepLog
from part.training.choices import RunChoices
from part.training.config import DEFAULTS, KEYS, TrainingConfig
from part.training.data.datamodule import JetDataModule
from part.training.data_config import write_automatic
from part.training.initial_weights import initial_model, load_teacher
from part.training.lightning_module import TaggerModule, calibrate_batchnorm
from part.training.preparation import prepared, with_stored_content
from part.training.run_files import check_folder, is_run, remove, write_plan
from part.training.runs import process

LOG_EVERY = 20  # steps
DEFAULT_CHOICES = {KEYS[name]: default for name, default in DEFAULTS.items()}


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Hide Lightning's advertisements, and its warnings, which concern its own code; also usable as a decorator."""
    logging.getLogger("lightning.pytorch.utilities.rank_zero").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        yield


@quiet_lightning()
def train(config: TrainingConfig, resume: bool = False) -> Path:
    """Train a model.

    Parameters
    ----------
    config : TrainingConfig
        The choices of the run.
    resume : bool
        Whether to continue from the `last.ckpt` of a run with the same choices, except for those in RESUMABLE. The
        weights at the end equal those of an uninterrupted run.

    Returns
    -------
    Path
        The checkpoint.

    Raises
    ------
    PartError
        Before the training begins, if the choices do not fit each other, the files or the run that is resumed; nothing
        is written then. During the training, if a file has changed, the disk is full or the loss is NaN or infinite;
        the checkpoint of the last finished epoch remains.
    """
    folder = Path(config.out) / config.name
    given = with_stored_content(config, folder) if resume else config
    last = check_folder(given, DEFAULT_CHOICES, folder, resume)
    config = prepared(given)
    module, data = build_modules(config)
    checkpoint = folder / f"{config.name}.safetensors"

    def write_data_config() -> None:
        if config.data_config and given.data_config:
            write_automatic(folder / f"{config.name}.auto.yaml", config.data_config, given.data_config)

    callbacks = [CheckpointWriter(checkpoint, data), AttentionSnapshots(folder / "attention", data)]
    fit(config, module, data, callbacks, last, resume, write_data_config)
    return checkpoint


def fit(
    config: RunChoices,
    module: lightning.LightningModule,
    data: JetDataModule,
    callbacks: list[Callback],
    last: str | None,
    resume: bool,
    write_more: Callable[[], None] = lambda: None,
) -> None:
    """Train a module on the jets of a run, in the run's folder.

    Parameters
    ----------
    config : RunChoices
        The choices of the run.
    module, data : LightningModule and JetDataModule
        What is trained, and its jets.
    callbacks : list of Callback
        What is done beside training, logging and keeping the state to resume from.
    last : str or None
        The state to continue from, as `check_folder` returns it.
    resume : bool
        Whether the run is continued.
    write_more : callable
        Writes what a new run keeps beside its choices.

    Raises
    ------
    PartError
        As `train` does.
    """
    folder, first_step = Path(config.out) / config.name, FirstStep()
    callbacks = [
        first_step,
        ModelCheckpoint(folder, filename="last", enable_version_counter=False, save_on_train_epoch_end=True),
        *callbacks,
        StepLog(folder, config.batch_size),
        ProgressBar(config.batch_size),
    ]
    trainer = build_trainer(config, _loggers(config, folder, resume), callbacks)
    # Everything above can refuse the choices or the files, and so can the first jets; a refused run must not occupy
    # its name.
    before = sorted(folder.rglob("*"))
    try:
        if rank_zero_only.rank == 0:
            if not resume:
                write_plan(config, folder)
                write_more()
            process.write_pidfile(folder, os.getpid(), sys.orig_argv)
        trainer.fit(module, datamodule=data, ckpt_path=last, weights_only=False)
    except PartError:
        if not (resume or first_step.has_begun or is_run(before)) and rank_zero_only.rank == 0:
            remove(folder, before)
        raise


def build_modules(config: TrainingConfig) -> tuple[TaggerModule, JetDataModule]:
    """Return the Lightning modules of a run, the model with its initial weights and the jets. Raises PartError."""
    lightning.seed_everything(config.seed, verbose=False)
    data = JetDataModule(config)
    module = TaggerModule(config, initial_model(config), load_teacher(config))
    if config.calibration_jets:
        calibrate_batchnorm(module.model, data.calibration_batch())
    return module, data


def build_trainer(
    config: RunChoices, loggers: list[Logger] | bool, callbacks: list[Callback], **options: Any
) -> lightning.Trainer:
    """Return Lightning's trainer for a run; `options` are further arguments of it."""
    return lightning.Trainer(
        accelerator="auto",
        devices=config.devices,
        num_nodes=config.nodes,
        strategy="ddp" if config.world_size > 1 else "auto",
        precision="bf16-mixed" if uses_bf16(config.precision) else "32-true",
        plugins=[AtomicCheckpointIO()],
        max_epochs=config.epochs,
        gradient_clip_val=config.grad_clip_norm or None,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        log_every_n_steps=LOG_EVERY,
        logger=loggers,
        callbacks=callbacks,
        enable_model_summary=False,
        **options,
    )


def _loggers(config: RunChoices, folder: Path, resume: bool) -> list[Logger]:
    loggers: list[Logger] = [_csv_logger(folder, resume)]
    if config.tensorboard:
        from lightning.pytorch.loggers import TensorBoardLogger

        try:
            loggers.append(TensorBoardLogger(folder, name="", version="tensorboard"))
        except ModuleNotFoundError:
            raise PartError(
                "TensorBoard is not installed: pip install tensorboard, or leave out --tensorboard."
            ) from None
    return loggers


def _csv_logger(folder: Path, resume: bool) -> CSVLogger:
    """Return the logger of a run, with the rows of all finished epochs: Lightning would start a resumed log anew."""
    path, rows, card = folder / "log" / "metrics.csv", [], folder / f"{folder.name}.json"
    if resume and path.exists() and (folder / "last.ckpt").exists():
        # Where the disk was full there may be the first epoch's state, but neither its weights nor their card.
        done = json.loads(card.read_text())["training"]["epochs_done"] if card.exists() else 1
        with path.open(newline="") as file:
            rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file) if int(row["epoch"]) < done]
    logger = CSVLogger(folder, name="", version="log", flush_logs_every_n_steps=LOG_EVERY)
    if rows and rank_zero_only.rank == 0:
        logger.experiment.metrics.extend(rows)
        logger.save()
    return logger


def uses_bf16(precision: str) -> bool:
    """Return whether a precision, "auto", "bf16" or "fp32", means bfloat16 on this machine."""
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
