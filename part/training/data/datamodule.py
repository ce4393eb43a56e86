"""The jets of a run as a Lightning data module: a stream of training jets, and validation jets in memory."""

from collections.abc import Sequence
from dataclasses import replace

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader

from part.errors import PartError
from part.jets.features import JetBatch
from part.jets.readers import cluster_boundaries
from part.jets.schema import Dataset, FeatureSet
from part.jets.streaming import EntryRange, entry_ranges
from part.training.choices import RunChoices
from part.training.data.batches import Batches
from part.training.data.decode import Decoder
from part.training.data.ragged import JetTensors, concatenate, read_tensors
from part.training.data.sizes import block_sizes, repeated_share
from part.training.data.stream import POOL, JetStream, accept_by_weight, split_into_blocks
from part.training.data.teacher_scores import TeacherScores

N_TRIED = 100  # jets that are read before a training begins
SAMPLE_BLOCK = 100  # neighbouring jets of a file that are taken together where not all jets are


def load_tensors(
    ranges: Sequence[EntryRange], features: FeatureSet, dataset: Dataset, limit: int | None = None, seed: int = 1
) -> JetTensors:
    """Read labelled jets for validation into memory.

    Parameters
    ----------
    ranges : sequence of EntryRange
        Where the jets are.
    features : FeatureSet
        Their inputs. As in weaver-core a data config selects these jets, and takes them by weight, as for training.
    dataset : Dataset
        Their classes.
    limit : int, optional
        Read about this many jets, in blocks that are spread evenly over the files.
    seed : int
        The seed of what weights decide.

    Raises
    ------
    PartError
        If a file cannot be read, or if its jets have no labels.
    """
    if limit is not None and limit < sum(map(len, ranges)):
        blocks = split_into_blocks(ranges, min(SAMPLE_BLOCK, max(1, limit // len(ranges))))
        selected = block_sizes(blocks, None if features.config is None else features.config.with_options(weights=None))
        blocks = [block for block in blocks if block in selected.sizes]
        count = min(len(blocks), max(1, round(limit / selected.n_jets * len(blocks))))
        chosen = np.linspace(0, len(blocks) - 1, count).round().astype(int)
        ranges = [blocks[i] for i in np.unique(chosen)]
    jets = concatenate([read_tensors(entries, features, dataset, is_training=False) for entries in ranges])
    if not len(jets):
        raise PartError(f"{features.name} selects no jets for validation from {ranges[0].path} and the other files.")
    if jets.weights is None:
        return jets
    weights = jets.weights.numpy()
    size = max(1, int(len(jets) * repeated_share(np.clip(np.nan_to_num(weights), 0, 1).mean())))
    return jets.take(accept_by_weight(weights, size, np.random.default_rng((seed, 4))))


def _find_ranges(patterns: Sequence[str], features: FeatureSet) -> list[EntryRange]:
    """Return the entries of files; how to read them is known to whoever reads, and need not be in each range."""
    return [replace(entries, config=None) for entries in entry_ranges(patterns, config=features.config)]


class JetDataModule(lightning.LightningDataModule):
    """The training jets of a run as a stream, and its validation jets in memory.

    Parameters
    ----------
    config : RunChoices
        The choices of the run.

    Raises
    ------
    PartError
        If files are missing or hold no labels, if a file is to train and to validate, or if an epoch is shorter than
        a batch.
    """

    def __init__(self, config: RunChoices):
        super().__init__()
        self.config = config
        dataset, features = config.schema
        self.train_ranges = _find_ranges(config.train, features)
        teacher_scores = TeacherScores(config.distill, dataset) if config.distills_from_table else None
        self.decoder = Decoder(features, dataset, config.workers or 0, config.memory * 1e9, teacher_scores)
        boundaries = {r.path: cluster_boundaries(r.path, features.config) for r in self.train_ranges}
        blocks = split_into_blocks(self.train_ranges, boundaries=boundaries)
        counted = block_sizes(blocks, features.config)
        self.n_jets = counted.n_jets
        pool = max(1, int(POOL * counted.share))  # of all jets that a pool takes some of, these are in memory
        self.stream = JetStream(list(counted.sizes), self.decoder, config.seed, pool, config.balanced, counted.sizes)
        val_ranges = _find_ranges(config.val, features)
        if both := {entries.path for entries in self.train_ranges} & {entries.path for entries in val_ranges}:
            raise PartError(f"{min(both)} is among the training files and among those for validation.")
        first = self.stream.blocks[0]  # some jets tell before the training whether inputs and labels are there
        stop = min(first.start + N_TRIED, first.stop) if features.config is None else first.stop
        tried = EntryRange(first.path, first.start, stop)
        if not len(read_tensors(tried, features, dataset)) and features.config is None:
            read_tensors(replace(tried, strict=True), features, dataset)  # says what is wrong
        self.val_jets = load_tensors(val_ranges, features, dataset, config.val_jets, config.seed)
        self.jets_per_epoch = config.jets_per_epoch or len(self.stream) // config.batch_size * config.batch_size
        if self.jets_per_epoch < config.batch_size:
            raise PartError(f"An epoch of {self.jets_per_epoch} jets is less than one batch of {config.batch_size}.")

    def calibration_batch(self) -> JetBatch:
        """Return the first jets of the stream, `config.calibration_jets` of them, as one batch."""
        jets = concatenate(list(self.stream.jets(0, self.config.calibration_jets)))
        return jets.batch(torch.arange(len(jets)))

    def train_dataloader(self) -> Batches:
        return Batches(
            self.stream,
            self.trainer.current_epoch * self.jets_per_epoch,
            self.jets_per_epoch,
            self.config.batch_size,
            self.config.micro_batch_size,
            self.trainer.global_rank,
            self.trainer.world_size,
        )

    def val_dataloader(self) -> DataLoader:
        # Every process gets equally many jets, because the results are gathered in one tensor.
        order = np.argsort(self.val_jets.lengths, kind="stable")
        order = order[: len(order) // self.trainer.world_size * self.trainer.world_size]
        own = order[self.trainer.global_rank :: self.trainer.world_size]
        chunks = np.split(own, np.arange(256, len(own), 256))
        return DataLoader(chunks, batch_size=None, collate_fn=self._collate)

    def _collate(self, jets: np.ndarray) -> list[JetBatch]:
        return [self.val_jets.batch(torch.as_tensor(jets))]

    def transfer_batch_to_device(
        self, batch: list[JetBatch], device: torch.device, dataloader_idx: int
    ) -> list[JetBatch]:
        return [micro.to(device) for micro in batch]

    def teardown(self, stage: str) -> None:
        self.decoder.close()
