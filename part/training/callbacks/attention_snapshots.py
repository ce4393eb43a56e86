"""The attention of one jet while a model trains: `attention/epoch_NNN.npz`, before the first epoch and after each.

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
from part.training.callbacks.checkpointing import write_errors
from part.training.data.datamodule import JetDataModule
from part.training.data.ragged import JetTensors
from part.training.runs.snapshots import snapshot_path

ARRAYS = ("pattern", "class_pattern", "mixing")  # of the trace, stored as float16: a weight of 1e-4 keeps four digits


class AttentionSnapshots(Callback):
    """A callback that writes the attention of one validation jet of median length; nothing for models without it.

    Each file holds pattern float16 (L, H, N, N), or (L, H, N, K) and mixing (L, K, N) over slots; class_pattern
    float16 (L_class, H, 1 + N) where the model has class blocks; probabilities float32 (C,); and the jet: momenta
    float32 (N, 4) with px, py, pz, E in GeV, truth (its class index), jet (its index among the validation jets), and
    kind int8 (N,), the index of each token's collection, where a data config has several. Without four-momenta, which
    place the tokens, no file is written.

    A snapshot draws no random numbers and leaves the model unchanged, so it has no effect on the training. A resumed
    run keeps the files of the epochs before.

    Parameters
    ----------
    folder : Path
        The folder of the files.
    data : JetDataModule
        The jets of the run.

    Raises
    ------
    PartError
        If a file cannot be written.
    """

    def __init__(self, folder: Path, data: JetDataModule):
        self.folder, self.data = folder, data

    def on_train_start(self, trainer, pl_module):
        """Write the snapshot before the first step, or a missing one when a run is resumed."""
        if not snapshot_path(self.folder, trainer.current_epoch).exists():
            self._write(trainer, pl_module, trainer.current_epoch)

    def on_train_epoch_end(self, trainer, pl_module):
        self._write(trainer, pl_module, trainer.current_epoch + 1)

    def _write(self, trainer, pl_module, epoch: int) -> None:
        if not trainer.is_global_zero or not pl_module.model.config.layers:
            return
        features = pl_module.config.schema[1]
        if features.config is not None and not features.has_vectors:
            return
        jet = median_jet(self.data.val_jets)
        batch = self.data.val_jets.batch(torch.tensor([jet]))
        trace = _trace_in_eval_mode(pl_module.model, batch.to(pl_module.device))
        arrays = {name: getattr(trace, name).astype(np.float16) for name in ARRAYS if trace.has(name)}
        arrays |= {"probabilities": trace.probabilities, "momenta": batch.v[0].numpy()}
        arrays |= {"truth": np.int64(batch.y[0]), "jet": np.int64(jet)}
        if collections := len(features.widths):
            arrays["kind"] = batch.x[0, :, -collections:].argmax(-1).numpy().astype(np.int8)
        path = snapshot_path(self.folder, epoch)
        with write_errors(self.folder.parent), atomic_write(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **arrays)


def median_jet(jets: JetTensors) -> int:
    """Return the index of the first jet of median length; of an even number of jets, the longer middle one counts."""
    lengths = jets.lengths
    return int(np.flatnonzero(lengths == np.sort(lengths)[len(lengths) // 2])[0])


def _trace_in_eval_mode(model: nn.Module, batch: JetBatch) -> Trace:
    """Trace a jet, and restore the mode of each module afterwards: fixed norms stay in evaluation during training."""
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        return trace_model(model, batch.x, batch.v, batch.mask).jet(0)
    finally:
        for module, mode in training.items():
            module.training = mode
