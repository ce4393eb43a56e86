"""What one jet looks like to a model while it trains: `runs/NAME/attention/epoch_NNN.npz`, before the first epoch (000)
and after each.

Shapes: L layers, H heads, N particles of the jet, K slots, C classes.
"""

from pathlib import Path

import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

from part.inference.trace import Trace, trace_model
from part.io import atomic_write
from part.jets.features import JetBatch
from part.training.callbacks.checkpointing import kept
from part.training.data.datamodule import JetData
from part.training.data.ragged import PackedJets

KEPT = ("pattern", "class_pattern", "mixing")  # of a trace, in half precision, which holds 1e-4 to four digits


class WatchJet(Callback):
    """Writes the attention of one validation jet of median length; of a model without attention nothing.

    Each file holds pattern float16 (L, H, N, N), or (L, H, N, K) and mixing (L, K, N) over slots; class_pattern
    float16 (L_class, H, 1 + N) where the model has one; probabilities float32 (C,); and what the jet is: momenta
    float32 (N, 4) px, py, pz, E in GeV, truth (its class index), jet (its number among the validation jets).
    Files of epochs before a resume stay. It takes no random numbers, and the model is left as it was. A file that
    cannot be written raises PartError.
    """

    def __init__(self, folder: Path, data: JetData):
        self.folder, self.data = folder, data

    def on_train_start(self, trainer, task):
        """Before any step, and on a resume in case that the epoch's file is missing."""
        if not self._path(trainer.current_epoch).exists():
            self._write(trainer, task, trainer.current_epoch)

    def on_train_epoch_end(self, trainer, task):
        self._write(trainer, task, trainer.current_epoch + 1)

    def _path(self, epoch: int) -> Path:
        return self.folder / f"epoch_{epoch:03d}.npz"

    def _write(self, trainer, task, epoch: int) -> None:
        if not trainer.is_global_zero or not task.model.config.layers:
            return
        jet = median_jet(self.data.val_jets)
        batch = self.data.val_jets.batch(torch.tensor([jet]))
        trace = _look(task.model, batch.to(task.device))
        arrays = {name: getattr(trace, name).astype(np.float16) for name in KEPT if trace.has(name)}
        arrays |= {"probabilities": trace.probabilities, "momenta": batch.v[0].numpy()}
        arrays |= {"truth": np.int64(batch.y[0]), "jet": np.int64(jet)}
        with kept(self.folder.parent), atomic_write(self._path(epoch)) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **arrays)


def median_jet(jets: PackedJets) -> int:
    """The first jet whose length is the median, or the next longer one there is."""
    lengths = jets.lengths
    return int(np.flatnonzero(lengths == np.sort(lengths)[len(lengths) // 2])[0])


def _look(model: nn.Module, batch: JetBatch) -> Trace:
    """As in evaluation; then each module trains on as it did, for some norms are held while the model trains."""
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        return trace_model(model, batch.x, batch.v, batch.mask).jet(0)
    finally:
        for module, mode in training.items():
            module.training = mode
