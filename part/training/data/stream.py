"""The order in which a training sees jets, of files of any size, with few of them in memory at a time.

Shapes: J jets of a pool.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from part.jets.streaming import Span
from part.training.data.ragged import Drawn, PackedJets, concatenate

BLOCK = 1000  # neighbouring jets that are read together
LONGEST = 20  # times as many are read together where a file is compressed so
POOL = 150_000  # jets that are shuffled together: some 700 MB
_GOLDEN = (5**0.5 - 1) / 2

# Blocks, and those that are wanted next -> the jets of each.
Read = Callable[[Sequence[Span], Sequence[Span]], Sequence[PackedJets]]


@dataclass(frozen=True)
class JetStream:
    """Jets without end, pass after pass through `blocks`, and the same from every position on whenever it is asked.

    A pass takes each block once, in an order in which those of a file lie evenly apart and files that follow each
    other lie far apart; so any stretch of it holds all files, and of files that hold one class each all classes, in
    proportion. Blocks in a row, `pool` jets or fewer, make a pool, whose jets come in random order.

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
        """The jets start to start + count of the stream, some at a time."""
        return (drawn.jets for drawn in self.draw(start, count))

    def draw(self, start: int, count: int) -> Iterator[Drawn]:
        """The same, not copied from their pools."""
        passed, skip = divmod(start, len(self))
        for number, (pool, following) in self._pools(passed):
            size = sum(map(len, pool))
            if skip >= size:
                skip -= size
                continue
            jets = concatenate(self.read(pool, following))
            drawn = Drawn(jets, self._shuffled(jets.y.numpy(), number)[skip : skip + count])
            yield drawn
            count -= len(drawn)
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
        """Into pools of equal size, about."""
        after = np.cumsum([len(block) for block in blocks])
        count = -(-int(after[-1]) // self.pool)
        pool = np.minimum((after - 1) * count // after[-1], count - 1)
        return [[block for block, p in zip(blocks, pool, strict=True) if p == n] for n in np.unique(pool)]


def cut(spans: Sequence[Span], size: int = BLOCK, edges: Mapping[str, Sequence[int]] | None = None) -> list[Span]:
    """The same stretches in blocks of `size` jets or a few less, all of a file about as long.

    edges: of files, where they had better be cut (see `compressed_together`). What lies between two is then not cut,
    unless it is far longer than `size`.
    """
    blocks = []
    for span in spans:
        given = np.array((edges or {}).get(span.path, ()), int)
        inner = given[(given > span.start) & (given < span.stop)]
        stretches = np.diff([span.start, *inner, span.stop])
        if size < stretches.max() <= LONGEST * size and len(given):
            edges_here = [span.start, *inner, span.stop]
        else:
            count = -(-len(span) // size)
            edges_here = np.linspace(span.start, span.stop, count + 1).round().astype(int)
            if len(inner) and stretches.max() <= size:
                nearest = inner[np.abs(inner[:, None] - edges_here[1:-1]).argmin(axis=0)]
                edges_here = np.unique([span.start, *nearest, span.stop])
        blocks += [Span(span.path, int(a), int(b)) for a, b in itertools.pairwise(edges_here)]
    return blocks
