"""The training of a dictionary as a Lightning module, and the callback that writes it.

Shapes: P tokens of a batch, D channels, M features.
"""

import time
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from part.analysis.dictionary.autoencoder import SparseDictionary, losses
from part.analysis.dictionary.files import save_dictionary
from part.analysis.dictionary.place import Place, transformer
from part.errors import PartError
from part.jets.features import JetBatch
from part.training.callbacks.checkpointing import write_errors
from part.training.data.datamodule import JetDataModule
from part.training.dictionary.config import DictionaryConfig
from part.training.optimizer import Ranger, hold_then_decay
from part.training.provenance import hardware, summarise_names

CALIBRATED_TOGETHER = 32  # jets


class DictionaryModule(lightning.LightningModule):
    """A dictionary that learns to write the activations of a frozen model.

    Parameters
    ----------
    config : DictionaryConfig

    Raises
    ------
    PartError
        If the model has no such place, and during the training if the loss is NaN or infinite.
    """

    idle: Tensor

    def __init__(self, config: DictionaryConfig):
        super().__init__()
        self.config, self.place = config, Place(config.layer, config.head)
        model = transformer(config.checkpoint.model, config.model)
        self._source = [model]  # a list hides it from Lightning, which would save and train it
        width = self.place.width(model.config, config.model)
        self.dictionary = SparseDictionary(width, config.features, config.active)
        self.register_buffer("idle", torch.zeros(config.features, dtype=torch.int64))  # tokens since a feature's last
        self._validation: list[tuple[float, float, int, Tensor]] = []

    def calibrate(self, batch: JetBatch) -> None:
        """Take mean and scale of the activations from some jets."""
        parts = zip(*(t.split(CALIBRATED_TOGETHER) for t in (batch.x, batch.v, batch.mask)), strict=True)
        values = [self.place.of_batch(self._source[0], x, v, mask)[mask] for x, v, mask in parts]
        self.dictionary.calibrate(torch.cat(values))

    def on_fit_start(self) -> None:
        self._source[0].to(self.device)

    def _activations(self, batch: list[JetBatch]) -> Tensor:
        """Return the activations (P, D) of the real particles of a batch."""
        micro = (self.place.of_batch(self._source[0], m.x, m.v, m.mask)[m.mask] for m in batch)
        return torch.cat(list(micro))

    def training_step(self, batch: list[JetBatch], batch_idx: int) -> Tensor:
        x = self._activations(batch)
        config, dead = self.config, self.idle >= self.config.dead_after
        unexplained, auxiliary, active = losses(self.dictionary, x, dead, config.auxiliary)
        loss = unexplained + config.auxiliary_weight * auxiliary
        if not torch.isfinite(loss):
            raise PartError(
                f"The loss is {float(loss)} at step {self.global_step}; the dictionary of the last finished epoch is "
                "unchanged. A lower --lr may help."
            )
        self.idle.copy_(torch.where(active, 0, self.idle + len(x)))
        self.log("train_loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=1)
        return loss

    def validation_step(self, batch: list[JetBatch], batch_idx: int) -> None:
        x = self._activations(batch)
        weights = self.dictionary.encode(x)
        error = (x - self.dictionary.decode(weights)).square().sum()
        spread = (x - self.dictionary.mean).square().sum()
        self._validation.append((float(error), float(spread), len(x), (weights > 0).sum(0).cpu()))

    def on_validation_epoch_end(self) -> None:
        errors, spreads, tokens, counts = zip(*self._validation, strict=True)
        self._validation.clear()
        count = torch.stack(counts).sum(0)
        metrics = {
            "val_explained": 1 - sum(errors) / sum(spreads),
            "val_active": float(count.sum()) / sum(tokens),
            "val_unused": float((count == 0).sum()),
        }
        self.log_dict(metrics, prog_bar=True)

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = Ranger(self.dictionary.parameters(), lr=self.config.lr, eps=1e-8)  # rare features have small slopes
        steps, hold = self.trainer.estimated_stepping_batches, self.config.lr_hold_fraction
        schedule = LambdaLR(optimizer, lambda step: hold_then_decay(step / steps, hold))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class DictionaryWriter(Callback):
    """A callback that writes the dictionary and its card after each epoch.

    Parameters
    ----------
    path : Path
        The `.safetensors` to write; the card is written beside it.
    data : JetDataModule
        The jets of the run.

    Raises
    ------
    PartError
        If the files cannot be written.
    """

    def __init__(self, path: Path, data: JetDataModule):
        self.path, self.data, self.seconds = path, data, 0.0

    def on_train_epoch_start(self, trainer, pl_module):
        self.started = time.monotonic()

    def on_train_epoch_end(self, trainer, pl_module):
        self.seconds += time.monotonic() - self.started
        config: DictionaryConfig = pl_module.config
        model = config.checkpoint
        with write_errors(self.path.parent):
            card = self.card(trainer, config)
            save_dictionary(self.path, pl_module.dictionary, pl_module.place, model.path.stem, model.sha256, card)

    def card(self, trainer, config: DictionaryConfig) -> dict[str, Any]:
        """Return the sections of the card on the training and on its metrics."""
        metrics = {k: round(float(v), 5) for k, v in trainer.callback_metrics.items() if k.startswith("val_")}
        epochs = trainer.current_epoch + 1
        choices = {k: v for k, v in config.to_dict().items() if k not in ("train", "val", "out")}
        training = {
            "plan": choices,
            "epochs_done": epochs,
            "jets_seen": epochs * len(trainer.train_dataloader) * config.batch_size,
            "unique_jets": self.data.n_jets,
            "files": summarise_names([Path(entries.path).name for entries in self.data.train_ranges]),
            "seconds": round(self.seconds),
            "hardware": hardware(trainer),
            "torch": torch.__version__,
        }
        return {"training": training, "metrics": metrics | {"val_jets": len(self.data.val_jets)}}

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds = state_dict["seconds"]
