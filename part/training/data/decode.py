"""Blocks of jets from their files, decoded ahead by worker processes, and kept where memory allows."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import torch

from part.errors import PartError
from part.jets.schema import Dataset, FeatureSet
from part.jets.streaming import Span
from part.training.data.ragged import PackedJets, read_packed
from part.training.data.teacher_scores import Taught


class Decoder:
    """Reads blocks for a JetStream. workers: processes that decode, 0 for none but this one.

    memory: bytes of decoded blocks that are kept for the next pass; what is beyond is decoded again each time.
    taught: what a teacher says of the jets.
    """

    def __init__(
        self,
        features: FeatureSet,
        dataset: Dataset,
        workers: int = 0,
        memory: float = 4e9,
        taught: Taught | None = None,
    ):
        self.features, self.dataset, self.workers, self.taught = features, dataset, workers, taught
        self._room, self._kept = memory, {}
        self._coming: dict[Span, Future] = {}
        self._processes: ProcessPoolExecutor | None = None

    def __call__(self, blocks: Sequence[Span], following: Sequence[Span] = ()) -> list[PackedJets]:
        """The jets of some blocks; the workers go on with the following ones. Raises PartError."""
        if self.workers:
            for block in (*blocks, *following):
                self._ask(block)
        return [self._one(block) for block in blocks]

    def close(self) -> None:
        if self._processes is not None:
            self._processes.shutdown(cancel_futures=True)
            self._processes = None
            self._coming.clear()

    def _ask(self, block: Span) -> None:
        if block in self._kept or block in self._coming:
            return
        if self._processes is None:
            # Forked children would inherit the locks of torch's threads.
            spawn = multiprocessing.get_context("spawn")
            self._processes = ProcessPoolExecutor(self.workers, spawn, torch.set_num_threads, (1,))
        self._coming[block] = self._processes.submit(_decode, block, self.features, self.dataset)

    def _one(self, block: Span) -> PackedJets:
        if block in self._kept:
            return self._kept[block]
        if block in self._coming:
            try:
                jets = PackedJets(*map(torch.from_numpy, self._coming.pop(block).result()))
            except BrokenProcessPool:
                raise PartError(
                    f"A process that reads jets was killed at {block.path}, perhaps for want of memory; "
                    "try fewer --workers or less --memory."
                ) from None
        else:
            jets = read_packed(block, self.features, self.dataset)
        if self.taught:
            jets = replace(jets, taught=torch.from_numpy(self.taught.of(block)))
        if jets.nbytes <= self._room:
            self._room -= jets.nbytes
            self._kept[block] = jets
        return jets


def _decode(block: Span, features: FeatureSet, dataset: Dataset):
    """In a worker. Arrays, since tensors would travel through file descriptors, of which there are few."""
    jets = read_packed(block, features, dataset)
    return tuple(tensor.numpy() for tensor in (jets.x, jets.v, jets.first, jets.y))
