"""The learning-rate range test (arXiv:1506.01186), by Lightning."""

from dataclasses import dataclass

from lightning.pytorch.tuner import Tuner

from part.training.plan import Plan
from part.training.trainer import fitted, make, make_trainer


@dataclass(frozen=True)
class RangeTest:
    """Losses, smoothed, while the learning rate grew; steepest: the rate at which the loss fell fastest, or None."""

    rates: list[float]
    losses: list[float]
    steepest: float | None


def lr_find(plan: Plan, lowest: float, highest: float, steps: int) -> RangeTest:
    """Train a plan's model for some steps, each with a higher learning rate, and throw it away. Raises PartError."""
    plan = fitted(plan)
    task, data = make(plan)
    trainer = make_trainer(plan, False, [], enable_progress_bar=False, enable_checkpointing=False)
    found = Tuner(trainer).lr_find(
        task, datamodule=data, min_lr=lowest, max_lr=highest, num_training=steps, update_attr=False
    )
    return RangeTest(found.results["lr"], found.results["loss"], found.suggestion())
