"""Batches with little padding: a batch is a list of micro-batches of jets of similar length.

Shapes: J jets.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from part.jets.features import JetBatch
from part.training.data.ragged import JetSelection, join_selections
from part.training.data.stream import JetStream

WINDOW = 16  # batches whose jets are sorted by length together
T = TypeVar("T")


@dataclass(frozen=True)
class Batches:
    """An iterable over the batches of an epoch; each batch is a list of micro-batches and one optimizer step.

    The jets of WINDOW batches are sorted by length and divided into micro-batches, which are distributed over the
    batches (see `make_micro_batches`). Each process gets a part of every batch. Which jets are in a batch depends on
    the stream, `start` and the sizes alone.

    Parameters
    ----------
    stream : JetStream
        The jets.
    start, count : int
        The position in the stream at which the epoch begins, and the number of its jets.
    batch_size, micro_batch : int
        Jets in a batch, over all processes, and in a micro-batch.
    rank, world_size : int
        The number of this process, from 0, and of all processes.
    """

    stream: JetStream
    start: int
    count: int
    batch_size: int
    micro_batch: int
    rank: int = 0
    world_size: int = 1

    def __len__(self) -> int:
        return self.count // self.batch_size

    def __iter__(self) -> Iterator[list[JetBatch]]:
        return prefetch(self._batches())

    def _batches(self) -> Iterator[list[JetBatch]]:
        for number, window in enumerate(self._windows()):
            rng = np.random.default_rng((self.stream.seed, 3, self.start, number))
            undivided = self.micro_batch * self.world_size == self.batch_size  # a process gets one micro-batch of each
            size = self.batch_size if undivided else self.micro_batch
            for batch in make_micro_batches(window.lengths, self.batch_size, size, rng):
                yield [window.batch(jets) for jets in assign_to_rank(batch, self.rank, self.world_size)]

    def _windows(self) -> Iterator[JetSelection]:
        """Yield the jets of WINDOW batches at a time; the last window may be shorter."""
        left, pending = len(self) * self.batch_size, []
        for selection in self.stream.selections(self.start, left):
            while sum(map(len, pending)) + len(selection) >= (size := min(WINDOW * self.batch_size, left)) > 0:
                missing = size - sum(map(len, pending))
                yield join_selections([*pending, selection[:missing]])
                pending, selection = [], selection[missing:]
                left -= size
            if len(selection):
                pending.append(selection)


def make_micro_batches(
    lengths: np.ndarray, batch_size: int, micro_batch: int, rng: np.random.Generator
) -> list[list[np.ndarray]]:
    """Divide jets into batches of micro-batches of similar length.

    The jets sorted by length are divided into as many strata as a batch has micro-batches, and each batch gets one
    micro-batch of every stratum. So all batches have the same distribution of lengths, and the statistics that a
    BatchNorm takes from them do not depend on the sorting. Micro-batches as large as a batch are not sorted at all.

    Parameters
    ----------
    lengths : ndarray
        The number of constituents (J,) of each jet.
    batch_size, micro_batch : int
        Sizes, of which J is a multiple.
    rng : Generator
        The source of random numbers.

    Returns
    -------
    list of list of ndarray
        The indices of the jets, by batch and micro-batch.
    """
    n_strata = batch_size // micro_batch
    order = rng.permutation(len(lengths))
    if n_strata > 1:
        order = order[np.argsort(lengths[order], kind="stable")]
    strata = order.reshape(n_strata, -1, micro_batch)  # (stratum, batch, jet)
    shuffled = [stratum[rng.permutation(len(stratum))] for stratum in strata]
    return [list(batch) for batch in zip(*shuffled, strict=True)]


def assign_to_rank(batch: list[np.ndarray], rank: int, world_size: int) -> list[np.ndarray]:
    """Return the micro-batches of one process; all have equally many, of similar total length.

    A single micro-batch is divided among the processes.
    """
    if len(batch) == 1:
        return [np.split(batch[0], world_size)[rank]]
    turn = np.arange(len(batch)) % (2 * world_size)  # ranks take turns there and back, as lengths grow along the batch
    ranks = np.minimum(turn, 2 * world_size - 1 - turn)
    return [micro for micro, owner in zip(batch, ranks, strict=True) if owner == rank]


def prefetch(items: Iterator[T], depth: int = 4) -> Iterator[T]:
    """Yield the same items, of which a thread makes up to `depth` in advance; its errors are raised here."""
    end = object()
    thread = ThreadPoolExecutor(1, "batches")
    try:
        futures = deque(thread.submit(next, items, end) for _ in range(depth))
        while (item := futures.popleft().result()) is not end:
            futures.append(thread.submit(next, items, end))
            yield item
    finally:
        thread.shutdown(cancel_futures=True)
