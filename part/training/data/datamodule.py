"""The jets of a plan: a stream to train on, and some in memory to validate on."""

from collections.abc import Sequence

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader

from part.errors import PartError
from part.jets.features import JetBatch
from part.jets.readers import compressed_together
from part.jets.schema import Dataset, FeatureSet
from part.jets.streaming import Span, spans
from part.training.data.batches import Batches
from part.training.data.decode import Decoder
from part.training.data.ragged import PackedJets, concatenate, read_packed
from part.training.plan import Plan
from part.training.data.stream import JetStream, cut
from part.training.data.teacher_scores import Taught

PIECE = 100  # neighbouring jets of a file that are validated on


def load_packed(found: Sequence[Span], features: FeatureSet, dataset: Dataset, limit: int | None = None) -> PackedJets:
    """Labelled jets into memory; with a limit about that many, in pieces evenly spread over the files.

    Raises PartError.
    """
    total = sum(map(len, found))
    if limit is not None and limit < total:
        pieces = cut(found, min(PIECE, max(1, limit // len(found))))
        wanted = np.linspace(0, len(pieces) - 1, max(1, round(limit / total * len(pieces)))).round().astype(int)
        found = [pieces[i] for i in np.unique(wanted)]
    return concatenate([read_packed(span, features, dataset) for span in found])


class JetData(lightning.LightningDataModule):
    """A plan's training jets as a stream, and its validation jets."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan = plan
        dataset, features = plan.schema
        self.train_spans = spans(plan.train)
        taught = Taught(plan.distill, dataset) if plan.taught_by_table else None
        self.decoder = Decoder(features, dataset, plan.workers, plan.memory * 1e9, taught)
        edges = {span.path: compressed_together(span.path) for span in self.train_spans}
        blocks = cut(self.train_spans, edges=edges)
        self.stream = JetStream(blocks, self.decoder, plan.seed, balanced=plan.balanced)
        val_spans = spans(plan.val)
        if both := {span.path for span in self.train_spans} & {span.path for span in val_spans}:
            raise PartError(f"{min(both)} is among the training files and among those for validation.")
        self.val_jets = load_packed(val_spans, features, dataset, plan.val_jets)
        self.jets_per_epoch = plan.jets_per_epoch or len(self.stream) // plan.batch_size * plan.batch_size
        if self.jets_per_epoch < plan.batch_size:
            raise PartError(f"An epoch of {self.jets_per_epoch} jets is less than one batch of {plan.batch_size}.")

    def calibration_batch(self) -> JetBatch:
        """The first jets of the stream."""
        jets = concatenate(list(self.stream.jets(0, self.plan.calibration_jets)))
        return jets.batch(torch.arange(len(jets)))

    def train_dataloader(self) -> Batches:
        return Batches(
            self.stream,
            self.trainer.current_epoch * self.jets_per_epoch,
            self.jets_per_epoch,
            self.plan.batch_size,
            self.plan.micro,
            self.trainer.global_rank,
            self.trainer.world_size,
        )

    def val_dataloader(self) -> DataLoader:
        # Every process gets as many jets, so that the results can be gathered.
        order = np.argsort(self.val_jets.lengths, kind="stable")
        order = order[: len(order) // self.trainer.world_size * self.trainer.world_size]
        mine = order[self.trainer.global_rank :: self.trainer.world_size]
        chunks = np.split(mine, np.arange(256, len(mine), 256))
        return DataLoader(chunks, batch_size=None, collate_fn=self._collate)

    def _collate(self, jets: np.ndarray) -> list[JetBatch]:
        return [self.val_jets.batch(torch.as_tensor(jets))]

    def transfer_batch_to_device(self, batch: list[JetBatch], device: torch.device, index: int) -> list[JetBatch]:
        return [micro.to(device) for micro in batch]

    def teardown(self, stage: str) -> None:
        self.decoder.close()
