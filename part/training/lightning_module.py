"""The training of a tagger as a Lightning module: its loss, its validation metrics and its optimizer.

Shapes: B jets of a batch, C classes.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from part.analysis.statistics.metrics import accuracy, macro_auc
from part.errors import PartError
from part.jets.features import JetBatch
from part.models.attention import set_backend
from part.models.backends.limits import unsupported_reason
from part.models.backends.native.gradients import loss_and_gradients, untrainable_reason
from part.models.numerics.precision import cpu_supports_bf16
from part.training.config import TrainingConfig
from part.training.data.augmentation import check_reflectable, reflect_at_random
from part.training.micro_batches import forward_micro_batches
from part.training.optimizer import Ranger, hold_then_decay, parameter_groups


class TaggerModule(lightning.LightningModule):
    """A tagger that trains by cross entropy on batches that are lists of micro-batches.

    BatchNorms take their statistics from each whole batch, unless calibration jets fixed them before the first step
    (see `calibrate_batchnorm`): then a jet's gradient does not depend on the other jets of its batch, and the model
    computes the same in training as in evaluation.

    Parameters
    ----------
    config : TrainingConfig
        The choices of the run.
    model : nn.Module
        The model to train.
    teacher : nn.Module, optional
        The model whose probabilities have the weight `config.distill_weight` in the targets.

    Raises
    ------
    PartError
        If `config.packed` and the kernels for packed jets cannot train the model here, or if `config.reflect` and it
        is not known how the inputs change; and, during the training, if the loss is NaN or infinite.

    Attributes
    ----------
    backend, backend_reason : str
        What computes the gradients, "native", "packed" or "torch", and in a sentence why it is not a faster one.
    """

    def __init__(self, config: TrainingConfig, model: nn.Module, teacher: nn.Module | None = None):
        super().__init__()
        self.config, self.model, self.lr = config, model, config.lr
        self._teacher = [teacher] if teacher else []  # a list hides it from Lightning, which would save and train it
        if not torch.cuda.is_available() and not model.config.dropout:
            # torch's fused CPU kernel has no gradient for a bias and falls back to a path slower than ours.
            set_backend(model, "explicit")
        if config.packed and (reason := untrainable_packed_reason(model, "cuda")):
            raise PartError(f"--packed: {reason}")
        if config.reflect:
            check_reflectable(config.schema[1])
        self.backend, self.backend_reason = "torch", "The training has not begun."
        self.validation_outputs: list[tuple[Tensor, Tensor]] = []

    def on_fit_start(self) -> None:
        if self.device.type == "cpu":
            fast, reason = "native", untrainable_reason(self.model)
        else:
            fast, reason = "packed", untrainable_packed_reason(self.model, self.device.type)
        self.backend, self.backend_reason = ("torch", reason) if reason else (fast, "")
        for teacher in self._teacher:
            teacher.to(self.device)

    def on_train_batch_start(self, batch: list[JetBatch], batch_idx: int) -> None:
        # Dropout depends on nothing but seed and step, so that a resumed run draws the same numbers.
        torch.manual_seed(hash((self.config.seed, self.global_step, self.global_rank)) % 2**63)

    def training_step(self, batch: list[JetBatch], batch_idx: int) -> Tensor:
        if self.config.reflect:
            batch = [reflect_at_random(micro, self.config.schema[1]) for micro in batch]
        targets, teacher_entropy = self._targets(batch)
        if self.backend == "native":
            bf16 = self.trainer.precision == "bf16-mixed" and cpu_supports_bf16()
            loss = loss_and_gradients(self.model, batch, targets, bf16)
        else:
            logits = torch.cat(forward_micro_batches(self.model, batch, self.backend == "packed"))
            loss = F.cross_entropy(logits.float(), targets)
        loss = loss - teacher_entropy
        self._check_finite(loss, batch)
        self.log("train_loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=1, sync_dist=True)
        return loss

    def _targets(self, batch: list[JetBatch]) -> tuple[Tensor, Tensor | float]:
        """Return the target probabilities (B, C), and the part of the cross entropy that is due to the teacher alone.

        Without that part, the mean entropy of its probabilities, the teacher contributes the Kullback-Leibler
        divergence of the model from it, which is 0 for a model that agrees.
        """
        labels = F.one_hot(torch.cat([micro.y for micro in batch]), self.model.config.classes).float()
        if not self.config.distill:
            return labels, 0.0
        with torch.no_grad():
            if self._teacher:
                logits = torch.cat([self._teacher[0](micro.x, micro.v, micro.mask) for micro in batch])
                probabilities = logits.float().softmax(-1)
            else:
                probabilities = torch.cat([micro.teacher_probabilities for micro in batch])
        weight = self.config.distill_weight
        entropy = torch.special.entr(probabilities).sum(-1).mean()
        return torch.lerp(labels, probabilities, weight), weight * entropy

    def _check_finite(self, loss: Tensor, batch: list[JetBatch]) -> None:
        """Stop all processes if the loss of any is NaN or infinite, before it reaches the weights."""
        finite = torch.isfinite(loss.detach()).float()
        if self.trainer.strategy.reduce(finite, reduce_op="min"):
            return
        path = Path(self.config.out) / self.config.name / f"refused_step{self.global_step}_rank{self.global_rank}.pt"
        torch.save([{"x": m.x.cpu(), "v": m.v.cpu(), "mask": m.mask.cpu(), "y": m.y.cpu()} for m in batch], path)
        raise PartError(
            f"The loss is {float(loss)} at step {self.global_step}. Its batch is in {path}; the checkpoint of the last "
            "finished epoch is unchanged. A lower --lr or --precision fp32 may help."
        )

    def validation_step(self, batch: list[JetBatch], batch_idx: int) -> None:
        for micro in batch:
            logits = self.model(micro.x, micro.v, micro.mask).float()
            self.validation_outputs.append((logits.cpu(), micro.y.cpu()))

    def on_validation_epoch_end(self) -> None:
        logits, labels = (torch.cat(parts) for parts in zip(*self.validation_outputs, strict=True))
        self.validation_outputs.clear()
        if self.trainer.world_size > 1:
            logits, labels = (self.all_gather(t).flatten(0, 1).cpu() for t in (logits, labels))
        if self.trainer.sanity_checking:
            return
        probabilities, labels = logits.softmax(-1).numpy(), labels.numpy()
        metrics = {
            "val_loss": float(F.cross_entropy(logits, torch.from_numpy(labels))),
            "val_accuracy": accuracy(probabilities, labels),
            "val_auc": macro_auc(probabilities, labels) if len(np.unique(labels)) > 1 else float("nan"),
        }
        self.log_dict(metrics, prog_bar=True, rank_zero_only=True)

    def configure_optimizers(self) -> dict[str, Any]:
        groups = parameter_groups(self.model, self.lr, self.config.weight_decay, self.config.head_lr_factor)
        optimizer = Ranger(groups, lr=self.lr)
        steps, hold = self.trainer.estimated_stepping_batches, self.config.lr_hold_fraction
        schedule = LambdaLR(optimizer, lambda step: hold_then_decay(step / steps, hold))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def untrainable_packed_reason(model: nn.Module, device_type: str) -> str | None:
    """Return in a sentence why the kernels for jets without padding cannot train a model here, or None if they can."""
    if device_type != "cuda" or not torch.cuda.is_available():
        return "The kernels for jets without padding need an NVIDIA GPU, and the training has none."
    if find_spec("triton") is None:
        return "The kernels for jets without padding need Triton, which is not installed."
    if model.config.dropout:
        return "The kernels for jets without padding have no dropout; --dropout 0 leaves it out."
    return unsupported_reason(model, "packed")


@torch.no_grad()
def calibrate_batchnorm(model: nn.Module, batch: JetBatch) -> None:
    """Fix the statistics of all BatchNorms at those of the real particles and pairs of one large batch.

    Parameters
    ----------
    model : nn.Module
        The model; its BatchNorms are in evaluation mode afterwards, the rest in the mode in which it was.
    batch : JetBatch
        Jets with padding, which does not count.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d)]
    was_training = model.training
    model.eval()
    for norm in norms:
        norm.train()
        norm.momentum = None  # averages over the one batch
        norm.reset_running_stats()
    model(batch.x, batch.v, batch.mask)
    model.train(was_training)
    for norm in norms:
        norm.eval()
