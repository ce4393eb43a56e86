"""Whether a training has begun."""

from lightning.pytorch.callbacks import Callback


class FirstStep(Callback):
    """A callback that knows whether the first batch has been read, so that files cannot refuse the training any more.

    Attributes
    ----------
    has_begun : bool
    """

    def __init__(self):
        self.has_begun = False

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.has_begun = True
