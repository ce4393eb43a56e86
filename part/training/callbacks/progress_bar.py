"""The bar of a run in a terminal."""

import time

from lightning.pytorch.callbacks import TQDMProgressBar


class Bar(TQDMProgressBar):
    """Lightning's bar of an epoch, with jets per second and the time that is left of the whole run."""

    def __init__(self, batch_size: int):
        super().__init__(refresh_rate=10)
        self.batch_size = batch_size
        self.started: tuple[float, int] | None = None

    def on_train_batch_start(self, trainer, task, batch, index):
        if self.started is None:
            self.started = time.monotonic(), trainer.global_step
        super().on_train_batch_start(trainer, task, batch, index)

    def get_metrics(self, trainer, task) -> dict:
        metrics = {name: value for name, value in super().get_metrics(trainer, task).items() if name != "v_num"}
        if self.started is None or trainer.global_step == self.started[1]:
            return metrics
        a_step = (time.monotonic() - self.started[0]) / (trainer.global_step - self.started[1])
        left = (trainer.estimated_stepping_batches - trainer.global_step) * a_step
        return metrics | {"jets/s": f"{self.batch_size / a_step:.0f}", "left": clock(left)}


def clock(seconds: float) -> str:
    """ "3d 04h", "2h 05min", "12min" or "40s" """
    minutes = int(seconds) // 60
    if minutes >= 24 * 60:
        return f"{minutes // 1440}d {minutes // 60 % 24:02d}h"
    if minutes >= 60:
        return f"{minutes // 60}h {minutes % 60:02d}min"
    return f"{minutes}min" if minutes else f"{seconds:.0f}s"
