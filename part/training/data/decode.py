"""The decoding of blocks of jets: worker processes read them in advance, and memory keeps as many as fit."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import numpy as np
import torch

from part.errors import PartError
from part.jets.schema import Dataset, FeatureSet
from part.jets.streaming import EntryRange
from part.training.data.ragged import JetTensors, read_tensors
from part.training.data.teacher_scores import TeacherScores


class Decoder:
    """A reader of the blocks of a JetStream.

    Parameters
    ----------
    features : FeatureSet
        The inputs of the jets.
    dataset : Dataset
        The classes of the jets.
    workers : int
        Processes that decode; with 0 this process decodes.
    memory : float
        Bytes of decoded blocks that are kept for the next pass; all others are decoded again in each pass.
    teacher_scores : TeacherScores, optional
        The probabilities of a teacher for the jets.
    """

    def __init__(
        self,
        features: FeatureSet,
        dataset: Dataset,
        workers: int = 0,
        memory: float = 4e9,
        teacher_scores: TeacherScores | None = None,
    ):
        self.features, self.dataset, self.workers, self.teacher_scores = features, dataset, workers, teacher_scores
        self._free_bytes = memory
        self._cache: dict[EntryRange, JetTensors] = {}
        self._pending: dict[EntryRange, Future[dict[str, np.ndarray]]] = {}
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, blocks: Sequence[EntryRange], following: Sequence[EntryRange] = ()) -> list[JetTensors]:
        """Return the jets of some blocks, while the workers continue with the blocks that follow. Raises PartError."""
        if self.workers:
            for block in (*blocks, *following):
                self._submit(block)
        return [self._jets(block) for block in blocks]

    def close(self) -> None:
        """End the worker processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
            self._pending.clear()

    def _submit(self, block: EntryRange) -> None:
        if block in self._cache or block in self._pending:
            return
        if self._pool is None:
            # Forked processes would inherit the locks of torch's threads.
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, spawn, torch.set_num_threads, (1,))
        self._pending[block] = self._pool.submit(_decode, block, self.features, self.dataset)

    def _jets(self, block: EntryRange) -> JetTensors:
        if block in self._cache:
            return self._cache[block]
        if block in self._pending:
            try:
                arrays = self._pending.pop(block).result()
                jets = JetTensors(**{name: torch.from_numpy(array) for name, array in arrays.items()})
            except BrokenProcessPool:
                raise PartError(
                    f"A process that reads jets was killed at {block.path}, perhaps because memory ran out; "
                    "try fewer --workers or less --memory."
                ) from None
        else:
            jets = read_tensors(block, self.features, self.dataset)
        if self.teacher_scores:
            entries = None if jets.entries is None else jets.entries.numpy()
            scores = self.teacher_scores.probabilities(block, entries)
            jets = replace(jets, teacher_probabilities=torch.from_numpy(scores))
        if jets.nbytes <= self._free_bytes:
            self._free_bytes -= jets.nbytes
            self._cache[block] = jets
        return jets


def _decode(block: EntryRange, features: FeatureSet, dataset: Dataset) -> dict[str, np.ndarray]:
    """Read a block in a worker, as arrays: tensors would use up file descriptors on their way between processes."""
    jets = read_tensors(block, features, dataset)
    return {name: tensor.numpy() for name, tensor in vars(jets).items() if tensor is not None}
