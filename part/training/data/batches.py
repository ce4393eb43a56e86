"""Batches whose jets are padded little: a batch is a list of micro-batches, each as long as its longest jet.

Shapes: J jets.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from part.jets.features import JetBatch
from part.training.data.ragged import Drawn, join
from part.training.data.stream import JetStream

WINDOW = 16  # batches
T = TypeVar("T")


@dataclass(frozen=True)
class Batches:
    """`count` jets of a stream from jet `start` on, as lists of micro-batches, each list one optimizer step.

    The jets of WINDOW batches are sorted by length, cut into micro-batches, and those are dealt out to batches of
    `batch_size` jets (see `deal`). Each of `ranks` processes takes its share of every batch; which jets are in a batch
    depends on nothing but stream, start and sizes.
    """

    stream: JetStream
    start: int
    count: int
    batch_size: int
    micro_batch: int
    rank: int = 0
    ranks: int = 1

    def __len__(self) -> int:
        return self.count // self.batch_size

    def __iter__(self) -> Iterator[list[JetBatch]]:
        return ahead(self._batches())

    def _batches(self) -> Iterator[list[JetBatch]]:
        for number, window in enumerate(self._windows()):
            rng = np.random.default_rng((self.stream.seed, 3, self.start, number))
            whole = self.micro_batch * self.ranks == self.batch_size  # a process gets its share in one piece
            size = self.batch_size if whole else self.micro_batch
            batches = deal(window.lengths, self.batch_size, size, rng)
            for batch in batches:
                yield [window.batch(jets) for jets in share(batch, self.rank, self.ranks)]

    def _windows(self) -> Iterator[Drawn]:
        """WINDOW batches of jets at a time, at the end fewer."""
        left, parts = len(self) * self.batch_size, []
        for drawn in self.stream.draw(self.start, left):
            while sum(map(len, parts)) + len(drawn) >= (size := min(WINDOW * self.batch_size, left)) > 0:
                missing = size - sum(map(len, parts))
                yield join([*parts, drawn[:missing]])
                parts, drawn = [], drawn[missing:]
                left -= size
            if len(drawn):
                parts.append(drawn)


def deal(lengths: np.ndarray, batch_size: int, micro_batch: int, rng: np.random.Generator) -> list[list[np.ndarray]]:
    """Jets of some lengths (J,) -> batches of micro-batches of jet numbers; J is a multiple of both sizes.

    A batch has one micro-batch from each part of the jets sorted by length, so that it holds short and long ones as all
    do: what a BatchNorm sees of it must not depend on where its jets are sorted to. Micro-batches as large as a batch
    are therefore not sorted at all.
    """
    parts = batch_size // micro_batch
    order = rng.permutation(len(lengths))
    if parts > 1:
        order = order[np.argsort(lengths[order], kind="stable")]
    by_part = order.reshape(parts, -1, micro_batch)  # (part, batch, jet)
    shuffled = [part[rng.permutation(len(part))] for part in by_part]
    return [list(batch) for batch in zip(*shuffled, strict=True)]


def share(batch: list[np.ndarray], rank: int, ranks: int) -> list[np.ndarray]:
    """The micro-batches of one process: as many as the others', and all in all about as long. One alone is cut up."""
    if len(batch) == 1:
        return [np.split(batch[0], ranks)[rank]]
    turn = np.arange(len(batch)) % (2 * ranks)
    return [micro for micro, t in zip(batch, np.minimum(turn, 2 * ranks - 1 - turn), strict=True) if t == rank]


def ahead(items: Iterator[T], depth: int = 4) -> Iterator[T]:
    """The same items, made by a thread while earlier ones are used; its errors are raised here."""
    end = object()
    thread = ThreadPoolExecutor(1, "batches")
    try:
        coming = deque(thread.submit(next, items, end) for _ in range(depth))
        while (item := coming.popleft().result()) is not end:
            coming.append(thread.submit(next, items, end))
            yield item
    finally:
        thread.shutdown(cancel_futures=True)
