"""What a plan would take: a few real steps on the first jets, timed; nothing is written."""

import json
import resource
import time
from dataclasses import replace

import torch
from lightning.pytorch.callbacks import Callback

from part.training.callbacks.progress_bar import clock
from part.training.plan import Plan
from part.training.trainer import fitted, make, make_trainer, uses_bf16

WARM_UP, STEPS = 1, 2


def dry_run(plan: Plan) -> str:
    """The plan, its jets, its model, memory in use and the time it would take here. Raises PartError."""
    plan = fitted(plan)
    alone = replace(plan, devices=1, nodes=1, epochs=1)
    task, data = make(alone)
    watch = _Stopwatch()
    limits = {"limit_train_batches": WARM_UP + STEPS, "limit_val_batches": 0, "enable_checkpointing": False}
    trainer = make_trainer(alone, False, [watch], enable_progress_bar=False, **limits)
    trainer.fit(task, datamodule=data)
    a_step = (watch.at[-1] - watch.at[WARM_UP]) / STEPS
    device = task.device
    steps = plan.epochs * (data.jets_per_epoch // plan.batch_size)
    parameters = sum(p.numel() for p in task.model.parameters())
    lines = {
        "model": f"{plan.model}, {parameters:,} parameters, {plan.features} inputs of {plan.dataset}",
        "training jets": f"{len(data.stream):,} in {len(data.train_spans)} files, of which {data.jets_per_epoch:,} "
        f"are seen in each of {plan.epochs} epochs",
        "validation jets": f"{len(data.val_jets):,}",
        "steps": f"{steps:,} of {plan.batch_size} jets in micro-batches of {plan.micro}",
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads",
        "precision": "bf16" if uses_bf16(plan.precision) else "fp32",
        "code": f"torch: {task.torch_because}" if task.torch_because else "compiled for this processor",
        "memory": _memory(device),
        "speed": f"{plan.batch_size / a_step:.0f} jets/s on one device, measured on {STEPS} steps",
        "time": f"about {clock(steps * a_step / plan.processes)} with {plan.processes} device(s), without validation",
    }
    width = max(map(len, lines))
    told = "\n".join(f"{name:{width}}  {value}" for name, value in lines.items())
    return f"{json.dumps(plan.to_dict(), indent=2)}\n{told}"


class _Stopwatch(Callback):
    def __init__(self):
        self.at: list[float] = []

    def on_train_batch_start(self, trainer, task, batch, index):
        self._note()

    def on_train_end(self, trainer, task):
        self._note()

    def _note(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.at.append(time.perf_counter())


def _memory(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB on the device at its peak"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB at its peak"
