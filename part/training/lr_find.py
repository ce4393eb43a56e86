"""The learning-rate range test (arXiv:1506.01186), which Lightning runs."""

from dataclasses import dataclass

from lightning.pytorch.tuner import Tuner

from part.training.config import TrainingConfig
from part.training.preparation import prepared
from part.training.trainer import build_modules, build_trainer, quiet_lightning


@dataclass(frozen=True)
class RangeTest:
    """The result of a range test.

    Parameters
    ----------
    rates, losses : list of float
        The learning rate of each step, and the smoothed loss after it.
    steepest : float or None
        The learning rate at which the loss fell fastest; None if it fell nowhere.
    """

    rates: list[float]
    losses: list[float]
    steepest: float | None


@quiet_lightning()
def find_learning_rate(config: TrainingConfig, lowest: float, highest: float, steps: int) -> RangeTest:
    """Train a new model for some steps with a growing learning rate, and discard it.

    Parameters
    ----------
    config : TrainingConfig
        The choices of the training.
    lowest, highest : float
        The first and the last learning rate; those between grow exponentially.
    steps : int
        The number of optimizer steps.

    Raises
    ------
    PartError
        If the training cannot begin.
    """
    config = prepared(config)
    module, data = build_modules(config)
    trainer = build_trainer(config, False, [], enable_progress_bar=False, enable_checkpointing=False)
    finder = Tuner(trainer).lr_find(
        module, datamodule=data, min_lr=lowest, max_lr=highest, num_training=steps, update_attr=False
    )
    assert finder is not None, "only Lightning's fast_dev_run skips the test"
    return RangeTest(finder.results["lr"], finder.results["loss"], finder.suggestion())
