"""The order in which a training sees jets, of files of any size, with few of them in memory at a time.

Shapes: J jets of a pool.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from part.streaming import Span
from part.training.packed import PackedJets, concatenate

BLOCK = 1000  # neighbouring jets that are read together
POOL = 20_000  # jets that are shuffled together: some 80 MB
_GOLDEN = (5**0.5 - 1) / 2

# Blocks, and those that are wanted next -> the jets of each.
Read = Callable[[Sequence[Span], Sequence[Span]], Sequence[PackedJets]]


@dataclass(frozen=True)
class JetStream:
    """Jets without end, pass after pass through `blocks`, and the same from every position on whenever it is asked.

    A pass takes each block once, in an order in which those of a file lie evenly apart and files that follow each
    other lie far apart; so any stretch of it holds all files, and of files that hold one class each all classes, in
    proportion. Blocks in a row, `pool` jets or a few more, make a pool, whose jets come in random order.

    balanced: a pool gives as many jets of each class that it has, some of them repeatedly and others not at all, and
    altogether as many as it holds; as weaver-core's reweighting by class does.
    read: see `decode.Decoder`.
    """

    blocks: Sequence[Span]
    read: Read
    seed: int = 1
    pool: int = POOL
    balanced: bool = False

    def __len__(self) -> int:
        """Jets of a pass."""
        return sum(map(len, self.blocks))

    def jets(self, start: int, count: int) -> Iterator[PackedJets]:
        """The jets start to start + count of the stream, a pool or the rest of one at a time."""
        passed, skip = divmod(start, len(self))
        for number, (pool, following) in self._pools(passed):
            size = sum(map(len, pool))
            if skip >= size:
                skip -= size
                continue
            jets = concatenate(self.read(pool, following))
            taken = self._shuffled(jets.y.numpy(), number)[skip : skip + count]
            yield jets.take(taken)
            count -= len(taken)
            skip = 0
            if not count:
                return

    def _shuffled(self, y: np.ndarray, number: tuple[int, int]) -> np.ndarray:
        """Numbers (J,) of a pool's jets as they come, by their classes (J,)."""
        rng = np.random.default_rng((self.seed, 2, *number))
        if not self.balanced:
            return rng.permutation(len(y))
        # Each jet as often as any other of its class, or once more.
        classes = rng.permutation(np.unique(y))
        shares = np.array_split(np.arange(len(y)), len(classes))
        drawn = [
            np.resize(rng.permutation(np.flatnonzero(y == c)), len(share))
            for c, share in zip(classes, shares, strict=True)
        ]
        return rng.permutation(np.concatenate(drawn))

    def _pools(self, passed: int) -> Iterator[tuple[tuple[int, int], tuple[list[Span], list[Span]]]]:
        """From the first of a pass on: (pass, number in it), and the blocks of it and of the next."""
        while True:
            pools = self._cut(self._order(passed))
            after = self._cut(self._order(passed + 1))[:1]
            for number, (pool, following) in enumerate(zip(pools, pools[1:] + after, strict=True)):
                yield (passed, number), (pool, following)
            passed += 1

    def _order(self, passed: int) -> list[Span]:
        rng = np.random.default_rng((self.seed, 1, passed))
        files: dict[str, list[Span]] = {}
        for block in self.blocks:
            files.setdefault(block.path, []).append(block)
        start = rng.random()
        placed = []
        for file, blocks in enumerate(files.values()):
            phase = (start + file * _GOLDEN) % 1
            placed += [((i + phase) / len(blocks), blocks[j]) for i, j in enumerate(rng.permutation(len(blocks)))]
        return [block for _, block in sorted(placed, key=lambda pair: pair[0])]

    def _cut(self, blocks: list[Span]) -> list[list[Span]]:
        before = np.cumsum([0, *map(len, blocks)])[:-1]
        edges = np.flatnonzero(np.diff(before // self.pool)) + 1
        return [list(part) for part in np.split(np.array(blocks, object), edges)]


def cut(spans: Sequence[Span], size: int = BLOCK) -> list[Span]:
    """The same stretches in blocks of `size` jets or a few less, all of a file about as long."""
    blocks = []
    for span in spans:
        count = -(-len(span) // size)
        edges = np.linspace(span.start, span.stop, count + 1).round().astype(int)
        blocks += [Span(span.path, int(a), int(b)) for a, b in itertools.pairwise(edges)]
    return blocks
