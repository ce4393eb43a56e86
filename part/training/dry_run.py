"""An estimate of what a training takes here: a few real steps on its first jets are timed, and nothing is written."""

import json
import resource
import time
from dataclasses import replace

import torch
from lightning.pytorch.callbacks import Callback

from part.training.callbacks.progress_bar import format_duration
from part.training.config import TrainingConfig
from part.training.preparation import prepared
from part.training.trainer import build_modules, build_trainer, quiet_lightning, uses_bf16

WARM_UP, STEPS = 1, 2
CODE = {"native": "compiled for this processor", "packed": "kernels for jets without padding", "torch": "torch"}


@quiet_lightning()
def dry_run(config: TrainingConfig) -> str:
    """Return a report on a training: its choices, jets and model, the memory in use and the time it would take here.

    Parameters
    ----------
    config : TrainingConfig
        The choices of the training, which runs for a few steps on one device.

    Raises
    ------
    PartError
        If the training cannot begin.
    """
    config = prepared(config)
    one_device = replace(config, devices=1, nodes=1, epochs=1)
    module, data = build_modules(one_device)
    stopwatch = _Stopwatch()
    limits = {"limit_train_batches": WARM_UP + STEPS, "limit_val_batches": 0, "enable_checkpointing": False}
    trainer = build_trainer(one_device, False, [stopwatch], enable_progress_bar=False, **limits)
    trainer.fit(module, datamodule=data)
    step_seconds = (stopwatch.times[-1] - stopwatch.times[WARM_UP]) / STEPS
    device = module.device
    steps = config.epochs * (data.jets_per_epoch // config.batch_size)
    parameters = sum(p.numel() for p in module.model.parameters())
    total = format_duration(steps * step_seconds / config.world_size)
    lines = {
        "model": f"{config.model}, {parameters:,} parameters, {_inputs(config)}",
        "training jets": f"{data.n_jets:,} in {len(data.train_ranges)} files, of which {data.jets_per_epoch:,} "
        f"are seen in each of {config.epochs} epochs",
        "validation jets": f"{len(data.val_jets):,}",
        "steps": f"{steps:,} of {config.batch_size} jets in micro-batches of {config.micro_batch_size}",
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads",
        "precision": "bf16" if uses_bf16(config.precision) else "fp32",
        "code": CODE[module.backend] + (f": {module.backend_reason}" if module.backend_reason else ""),
        "memory": _memory(device),
        "speed": f"{config.batch_size / step_seconds:.0f} jets/s on one device, measured on {STEPS} steps",
        "time": f"about {total} with {config.world_size} device(s), without validation",
    }
    width = max(map(len, lines))
    report = "\n".join(f"{name:{width}}  {value}" for name, value in lines.items())
    choices = {key: value for key, value in config.to_dict().items() if key != "data_config"}
    return f"{json.dumps(choices, indent=2)}\n{report}"


def _inputs(config: TrainingConfig) -> str:
    dataset, features = config.schema
    if features.config is None:
        return f"{config.features} inputs of {config.dataset}"
    return f"{len(features)} inputs and {len(dataset.labels)} classes of {config.config}"


class _Stopwatch(Callback):
    """A callback that notes the time before each step and at the end."""

    def __init__(self):
        self.times: list[float] = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self._note()

    def on_train_end(self, trainer, pl_module):
        self._note()

    def _note(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.times.append(time.perf_counter())


def _memory(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB on the device at its peak"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB at its peak"
