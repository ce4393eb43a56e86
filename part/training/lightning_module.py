"""The training of a tagger as Lightning sees it: loss, metrics, schedule.

Shapes: B jets of a batch, C classes.
"""

from pathlib import Path

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.analysis.statistics.metrics import accuracy, macro_auc
from part.errors import PartError
from part.jets.features import JetBatch
from part.models.attention import set_backend
from part.models.backends.native.learn import learn, untrainable
from part.models.numerics.precision import multiplies_bf16
from part.training.data.augmentation import reflected
from part.training.micro_batches import logits_of
from part.training.optimizer import Ranger
from part.training.plan import Plan


class TaggerTask(lightning.LightningModule):
    """Cross entropy of a model on batches that come as lists of micro-batches.

    BatchNorm statistics are those of each whole batch, or, if the plan has calibration jets, fixed before the first
    step (`calibrate`): then a jet's gradient does not depend on which jets share its batch, and training equals
    evaluation. teacher: a model whose probabilities are `plan.soft` of what is to be learned.
    """

    def __init__(self, plan: Plan, model: nn.Module, teacher: nn.Module | None = None):
        super().__init__()
        self.plan, self.model, self.lr = plan, model, plan.lr
        self._teacher = [teacher] if teacher else []  # in a list, so that it is no part of what is saved and trained
        if not torch.cuda.is_available() and not model.config.dropout:
            # torch's fused CPU kernel has no gradient for a bias and falls back to a path slower than ours.
            set_backend(model, "explicit")
        if plan.packed:
            check_packed(model)
        self.torch_because: str | None = "the training has not begun"
        self.seen: list[tuple[Tensor, Tensor]] = []

    def on_fit_start(self) -> None:
        self.torch_because = untrainable(self.model) if self.device.type == "cpu" else "compiled code is for CPUs"
        for teacher in self._teacher:
            teacher.to(self.device)

    def on_train_batch_start(self, batch, index):
        # Dropout depends on seed and step alone, so that a resumed run draws the same.
        torch.manual_seed(hash((self.plan.seed, self.global_step, self.global_rank)) % 2**63)

    def training_step(self, batch: list[JetBatch], index: int) -> Tensor:
        if self.plan.reflect:
            batch = [reflected(micro, self.plan.schema[1]) for micro in batch]
        targets, least = self._targets(batch)
        if self.torch_because is None:
            loss = learn(self.model, batch, targets, self.trainer.precision == "bf16-mixed" and multiplies_bf16())
        else:
            loss = F.cross_entropy(torch.cat(logits_of(self.model, batch, self.plan.packed)).float(), targets)
        loss = loss - least
        self._refuse_infinite(loss, batch)
        self.log("train_loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=1, sync_dist=True)
        return loss

    def _targets(self, batch: list[JetBatch]) -> tuple[Tensor, Tensor | float]:
        """Probabilities (B, C) to learn, and what of their cross entropy none can learn away: beside the labels' comes
        the Kullback-Leibler divergence from the teacher, `plan.soft` of the loss."""
        labels = F.one_hot(torch.cat([micro.y for micro in batch]), self.model.config.classes).float()
        if not self.plan.distill:
            return labels, 0.0
        with torch.no_grad():
            if self._teacher:
                taught = torch.cat([self._teacher[0](m.x, m.v, m.mask) for m in batch]).float().softmax(-1)
            else:
                taught = torch.cat([m.taught for m in batch])
        return torch.lerp(labels, taught, self.plan.soft), self.plan.soft * torch.special.entr(taught).sum(-1).mean()

    def _refuse_infinite(self, loss: Tensor, batch: list[JetBatch]) -> None:
        """Stop in all processes if the loss of any is no number, before it reaches the weights."""
        finite = torch.isfinite(loss.detach()).float()
        if self.trainer.strategy.reduce(finite, reduce_op="min"):
            return
        path = Path(self.plan.out) / self.plan.name / f"refused_step{self.global_step}_rank{self.global_rank}.pt"
        torch.save([{"x": m.x.cpu(), "v": m.v.cpu(), "mask": m.mask.cpu(), "y": m.y.cpu()} for m in batch], path)
        raise PartError(
            f"The loss is {float(loss)} at step {self.global_step}. Its batch is in {path}; the checkpoint of the last "
            "finished epoch is as it was. A lower --lr or --precision fp32 may help."
        )

    def validation_step(self, batch: list[JetBatch], index: int) -> None:
        for micro in batch:
            logits = self.model(micro.x, micro.v, micro.mask).float()
            self.seen.append((logits.cpu(), micro.y.cpu()))

    def on_validation_epoch_end(self) -> None:
        logits, labels = (torch.cat(parts) for parts in zip(*self.seen, strict=True))
        self.seen.clear()
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

    def configure_optimizers(self):
        optimizer = Ranger(self._parameter_groups(), lr=self.lr)
        steps = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: flat_then_decay(step / steps, self.plan.flat)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _parameter_groups(self) -> list[dict]:
        """Weight decay for matrices and kernels only: scales, offsets and the class token go free."""
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for name, parameter in self.model.named_parameters():
            free = parameter.ndim < 2 or name == "class_token"
            groups.setdefault((free, name.startswith("head.")), []).append(parameter)
        return [
            {
                "params": parameters,
                "weight_decay": 0.0 if free else self.plan.weight_decay,
                "lr": self.lr * (self.plan.head_lr if of_head else 1.0),
            }
            for (free, of_head), parameters in groups.items()
        ]


def check_packed(model: nn.Module) -> None:
    """Raises PartError where nothing can be trained on packed tokens."""
    if not torch.cuda.is_available():
        raise PartError("A training with --packed needs a GPU, and there is none here.")
    from part.models.backends.packed import unsupported

    if reason := unsupported(model):
        raise PartError(reason)
    if model.config.dropout:
        raise PartError("The packed kernels know no dropout; train with --dropout 0.")


def flat_then_decay(progress: float, flat: float) -> float:
    """The learning rate's factor after a share `progress` of the run: 1 until `flat`, then down to 0.01."""
    return 1.0 if progress <= flat else 0.01 ** min(1.0, (progress - flat) / (1 - flat))


@torch.no_grad()
def calibrate(model: nn.Module, batch: JetBatch) -> None:
    """Set all BatchNorm statistics to those of the real particles and pairs of one large batch, and hold them."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d)]
    was_training = model.training
    model.eval()
    for norm in norms:
        norm.train()
        norm.momentum = None  # a plain average over the one batch
        norm.reset_running_stats()
    model(batch.x, batch.v, batch.mask)
    model.train(was_training)
    for norm in norms:
        norm.eval()
