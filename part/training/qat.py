"""Quantization-aware training: a trained model learns, for a short while, to live with int8."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.attention import set_backend
from part.models.numerics.quantize import convert_qat, prepare_qat
from part.training.data.batches import Batches
from part.training.data.stream import JetStream
from part.training.lightning_module import flat_then_decay

BATCH, MICRO_BATCH = 64, 32  # jets a step, and of them padded together


def train_int8(
    model: nn.Module,
    jets: JetStream,
    steps: int = 300,
    lr: float = 1e-5,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Make a trained `model` int8 in place after `steps` of Adam on cross entropy, under the rounding to come.

    BatchNorm statistics stay as they are and nothing is dropped out. lr: at first; it decays to 1 % of it. report:
    called with each step, from 1, and its loss. Raises PartError.
    """
    if steps < 1 or lr <= 0:
        raise PartError(f"{steps} steps at a learning rate of {lr} train nothing; expected both to be above zero.")
    prepare_qat(model)
    model.eval().requires_grad_(True)
    set_backend(model, "explicit")  # on a CPU the faster one where there are gradients
    optimizer = torch.optim.Adam(model.parameters(), lr)
    for step, batch in enumerate(Batches(jets, 0, steps * BATCH, BATCH, MICRO_BATCH)):
        for group in optimizer.param_groups:
            group["lr"] = lr * flat_then_decay(step / steps, 0.0)
        optimizer.zero_grad()
        total = 0.0
        for micro in batch:
            loss = F.cross_entropy(model(micro.x, micro.v, micro.mask), micro.y, reduction="sum") / BATCH
            loss.backward()
            total += loss.item()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        report(step + 1, total)
    convert_qat(model.requires_grad_(False))
    set_backend(model, "fused")
