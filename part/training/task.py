"""The training of a tagger as Lightning sees it: loss, metrics, schedule.

Shapes: B jets of a batch, C classes.
"""

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.analysis.metrics import accuracy, macro_auc
from part.jets.features import JetBatch
from part.models.attention import set_backend
from part.models.build import build
from part.training.plan import Plan
from part.training.ranger import Ranger


class TaggerTask(lightning.LightningModule):
    """Cross entropy of a model on batches that come as lists of micro-batches.

    BatchNorm statistics are fixed before the first step (`calibrate`), so that a jet's gradient does not
    depend on which jets share its micro-batch, and training equals evaluation; or, if the plan has no calibration
    jets, they are those of each whole batch.
    """

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan = plan
        self.model = build(plan.config)
        if not torch.cuda.is_available() and not plan.config.dropout:
            # torch's fused CPU kernel has no gradient for a bias and falls back to a path slower than ours.
            set_backend(self.model, "explicit")
        self.seen: list[tuple[Tensor, Tensor]] = []

    def transfer_batch_to_device(self, batch, device, dataloader_idx):
        return [micro.to(device) for micro in batch]

    def on_train_batch_start(self, batch, index):
        # Dropout depends on seed and step alone, so that a resumed run draws the same.
        torch.manual_seed(hash((self.plan.seed, self.global_step, self.global_rank)) % 2**63)

    def training_step(self, batch: list[JetBatch], index: int) -> Tensor:
        losses = [F.cross_entropy(self.model(m.x, m.v, m.mask).float(), m.y, reduction="sum") for m in batch]
        loss = torch.stack(losses).sum() / sum(len(micro) for micro in batch)
        self.log("train_loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=1, sync_dist=True)
        return loss

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
        optimizer = Ranger(self._parameter_groups(), lr=self.plan.lr)
        steps = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: flat_then_decay(step / steps, self.plan.flat)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _parameter_groups(self) -> list[dict]:
        """Weight decay for matrices and kernels only: scales, offsets and the class token go free."""
        named = list(self.model.named_parameters())
        matrices = [p for name, p in named if p.ndim >= 2 and name != "class_token"]
        others = [p for name, p in named if p.ndim < 2 or name == "class_token"]
        return [
            {"params": matrices, "weight_decay": self.plan.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]


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
