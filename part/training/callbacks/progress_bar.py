"""The progress bar of a run in a terminal."""

import time

from lightning.pytorch.callbacks import TQDMProgressBar


class ProgressBar(TQDMProgressBar):
    """Lightning's bar of an epoch, with jets per second and the time left until the end of the run.

    Parameters
    ----------
    batch_size : int
        Jets in a step, over all devices.
    """

    def __init__(self, batch_size: int):
        super().__init__(refresh_rate=10)
        self.batch_size = batch_size
        self.started: tuple[float, int] | None = None  # the time, and the number of steps done by then

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if self.started is None:
            self.started = time.monotonic(), trainer.global_step
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)

    def get_metrics(self, trainer, pl_module) -> dict[str, int | str | float | dict[str, float]]:
        items = super().get_metrics(trainer, pl_module).items()
        metrics = {name: value for name, value in items if name != "v_num"}
        if self.started is None or trainer.global_step == self.started[1]:
            return metrics
        step_seconds = (time.monotonic() - self.started[0]) / (trainer.global_step - self.started[1])
        left = (trainer.estimated_stepping_batches - trainer.global_step) * step_seconds
        return metrics | {"jets/s": f"{self.batch_size / step_seconds:.0f}", "left": format_duration(left)}


def format_duration(seconds: float) -> str:
    """Return a duration as in "3d 04h", "2h 05min", "12min" or "40s"."""
    minutes = int(seconds) // 60
    if minutes >= 24 * 60:
        return f"{minutes // 1440}d {minutes // 60 % 24:02d}h"
    if minutes >= 60:
        return f"{minutes // 60}h {minutes % 60:02d}min"
    return f"{minutes}min" if minutes else f"{seconds:.0f}s"
