"""Quantization-aware training: a trained model is trained briefly with the rounding of int8 that it will have."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.attention import set_backend
from part.models.numerics.quantize import convert_qat, prepare_qat
from part.training.data.batches import Batches
from part.training.data.stream import JetStream
from part.training.optimizer import hold_then_decay

BATCH, MICRO_BATCH = 64, 32  # jets in a step, and jets that are padded together


def train_int8(
    model: nn.Module,
    jets: JetStream,
    steps: int = 300,
    lr: float = 1e-5,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Make a trained model int8, in place, after some steps of Adam on the cross entropy with int8 rounding.

    BatchNorm statistics are unchanged, and there is no dropout.

    Parameters
    ----------
    model : nn.Module
        The trained model.
    jets : JetStream
        Jets with labels.
    steps : int
        The number of optimizer steps.
    lr : float
        The first learning rate, which decays exponentially to 1 % of it.
    report : callable
        Called after each step with its number, from 1, and its loss.

    Raises
    ------
    PartError
        If there are no steps, or if the learning rate is not above 0.
    """
    if steps < 1 or lr <= 0:
        raise PartError(f"{steps} steps at a learning rate of {lr} train nothing; expected both to be above zero.")
    prepare_qat(model)
    model.eval().requires_grad_(True)
    set_backend(model, "explicit")  # on a CPU this is the faster backend with gradients
    optimizer = torch.optim.Adam(model.parameters(), lr)
    for step, batch in enumerate(Batches(jets, 0, steps * BATCH, BATCH, MICRO_BATCH)):
        for group in optimizer.param_groups:
            group["lr"] = lr * hold_then_decay(step / steps, 0.0)
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
