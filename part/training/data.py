"""Jets in memory for training, and the order in which they are seen.

Shapes: J jets, P constituents of all jets, B jets of a batch, N particles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from torch.utils.data import Dataset as TorchDataset

from part.errors import PartError
from part.jets.features import JetBatch, make_batch
from part.jets.readers import read_jets
from part.jets.schema import Dataset, FeatureSet
from part.streaming import find_files
from part.training.plan import Plan


@dataclass(frozen=True)
class PackedJets(TorchDataset):
    """Jets without padding: x (P, F), v (P, 4), first (J + 1,) offsets into them, y (J,) class indices.

    Indexed with a list of arrays of jet numbers it gives a list of JetBatch, each padded to its own longest jet.
    """

    x: Tensor
    v: Tensor
    first: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    @property
    def lengths(self) -> np.ndarray:
        return self.first.diff().numpy()

    def __getitem__(self, batches: list[np.ndarray]) -> list[JetBatch]:
        return [self.batch(torch.from_numpy(jets)) for jets in batches]

    def batch(self, jets: Tensor) -> JetBatch:
        """The given jets (B,), wrapped around to the longest of them."""
        lengths = (self.first[jets + 1] - self.first[jets])[:, None]
        slots = torch.arange(int(lengths.max()))
        index = self.first[jets][:, None] + slots % lengths
        dropped = torch.zeros(len(jets), dtype=torch.int64)
        return JetBatch(self.x[index], self.v[index], slots < lengths, self.y[jets], dropped)


def load_packed(
    paths: list[Path], features: FeatureSet, dataset: Dataset, limit: int | None = None, seed: int = 0
) -> PackedJets:
    """Read labelled jets of all files; with a limit, that many of them drawn at random. Raises PartError."""
    x, v, lengths, y = [], [], [], []
    for path in paths:
        batch = make_batch(read_jets(path), features, dataset)
        if batch.y is None:
            raise PartError(f"{path} has no labels; training needs {', '.join(dataset.labels)}.")
        x.append(batch.x[batch.mask])
        v.append(batch.v[batch.mask])
        lengths.append(batch.mask.sum(1))
        y.append(batch.y)
    packed = _pack(torch.cat(x), torch.cat(v), torch.cat(lengths), torch.cat(y))
    if limit is None or limit >= len(packed):
        return packed
    chosen = np.sort(np.random.default_rng(seed).permutation(len(packed))[:limit])
    batch = packed.batch(torch.from_numpy(chosen))
    return _pack(batch.x[batch.mask], batch.v[batch.mask], batch.mask.sum(1), batch.y)


def _pack(x: Tensor, v: Tensor, lengths: Tensor, y: Tensor) -> PackedJets:
    return PackedJets(x, v, torch.cat((torch.zeros(1, dtype=torch.int64), lengths.cumsum(0))), y)


@dataclass(frozen=True)
class LengthSampler(Sampler):
    """Batches whose jets are padded little: lists of index arrays, for PackedJets.

    A pool of `pool` batches of random jets is sorted by length, cut into micro-batches, and the micro-batches
    are dealt out at random to batches of `batch_size` jets. One list is one optimizer step; each of `ranks`
    processes takes its share of every batch. The order depends on seed and epoch alone.
    """

    lengths: np.ndarray
    batch_size: int
    micro_batch: int
    jets_per_epoch: int
    seed: int
    epoch: int = 0
    rank: int = 0
    ranks: int = 1
    pool: int = 16

    def __len__(self) -> int:
        return self.jets_per_epoch // self.batch_size

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        jets = _passes(len(self.lengths), self.epoch * self.jets_per_epoch, self.jets_per_epoch, self.seed)
        steps = len(self)
        for start in range(0, steps, self.pool):
            batches = min(self.pool, steps - start)
            pool = jets[start * self.batch_size : (start + batches) * self.batch_size]
            pool = pool[np.argsort(self.lengths[pool], kind="stable")]
            micro = np.split(pool, np.arange(self.micro_batch, len(pool), self.micro_batch))
            for row in np.sort(rng.permutation(len(micro)).reshape(batches, -1)):
                yield [micro[i] for i in row[_owners(len(row), self.ranks) == self.rank]]


def _owners(count: int, ranks: int) -> np.ndarray:
    """Which rank takes each of `count` micro-batches sorted by length: there and back, so that all get like work."""
    turn = np.arange(count) % (2 * ranks)
    return np.minimum(turn, 2 * ranks - 1 - turn)


def _passes(jets: int, start: int, count: int, seed: int) -> np.ndarray:
    """Numbers start to start + count of an endless stream of jets: shuffled passes, each jet once in a pass."""
    first, last = start // jets, (start + count - 1) // jets
    stream = np.concatenate([np.random.default_rng((seed, 1, p)).permutation(jets) for p in range(first, last + 1)])
    offset = start - first * jets
    return stream[offset : offset + count]


class JetData(lightning.LightningDataModule):
    """The training and validation jets of a plan, read once and kept in memory without padding."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan = plan
        dataset, features = plan.schema
        self.train_files = find_files(list(plan.train))
        self.train_jets = load_packed(self.train_files, features, dataset)
        self.val_jets = load_packed(find_files(list(plan.val)), features, dataset, plan.val_jets, plan.seed)
        self.jets_per_epoch = plan.jets_per_epoch or len(self.train_jets) // plan.batch_size * plan.batch_size
        if self.jets_per_epoch < plan.batch_size:
            raise PartError(f"An epoch of {self.jets_per_epoch} jets is less than one batch of {plan.batch_size}.")

    def calibration_batch(self) -> JetBatch:
        """Random training jets, the same in every process."""
        chosen = np.random.default_rng(self.plan.seed).permutation(len(self.train_jets))
        return self.train_jets.batch(torch.from_numpy(chosen[: self.plan.calibration_jets]))

    def train_dataloader(self) -> DataLoader:
        sampler = LengthSampler(
            self.train_jets.lengths,
            self.plan.batch_size,
            self.plan.micro_batch,
            self.jets_per_epoch,
            self.plan.seed,
            epoch=self.trainer.current_epoch,
            rank=self.trainer.global_rank,
            ranks=self.trainer.world_size,
        )
        return DataLoader(self.train_jets, sampler=sampler, batch_size=None)

    def val_dataloader(self) -> DataLoader:
        # Every process gets as many jets, so that the results can be gathered.
        order = np.argsort(self.val_jets.lengths, kind="stable")
        order = order[: len(order) // self.trainer.world_size * self.trainer.world_size]
        mine = order[self.trainer.global_rank :: self.trainer.world_size]
        batches = [[chunk] for chunk in np.split(mine, np.arange(256, len(mine), 256))]
        return DataLoader(self.val_jets, sampler=batches, batch_size=None)
