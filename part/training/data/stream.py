"""The order in which a training sees the jets of its files, only few of which are in memory at a time.

Shapes: J jets of a pool.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from part.errors import PartError
from part.jets.streaming import EntryRange
from part.training.data.ragged import JetSelection, JetTensors, concatenate

BLOCK = 1000  # neighbouring jets that are read together
MAX_BLOCKS = 20  # a compressed cluster of a file is read as one block if it is at most this many times as long
POOL = 150_000  # jets that are shuffled together, about 700 MB
MAX_ROUNDS = 100  # in which jets are taken by weight
_GOLDEN = (5**0.5 - 1) / 2

# A function of the blocks to read, and of those to read next, that returns the jets of the former.
ReadBlocks = Callable[[Sequence[EntryRange], Sequence[EntryRange]], Sequence[JetTensors]]


@dataclass(frozen=True)
class JetStream:
    """An endless, reproducible stream of jets, one pass over all blocks after another.

    A pass takes each block once. The blocks of a file are spaced evenly over the pass, and neighbouring files start far
    from each other; so any stretch of the pass holds all files in proportion, and all classes, even if each file holds
    a single one. Consecutive blocks form a pool of at most `pool` jets, which come in random order.

    Parameters
    ----------
    blocks : sequence of EntryRange
        The ranges of entries that are read together (see `split_into_blocks`).
    read : callable
        The function that reads blocks (see `Decoder`).
    seed : int
        The seed of all random orders.
    pool : int
        Jets that are shuffled together.
    balanced : bool
        Whether a pool yields equally many jets of each of its classes, and as many in total as it holds. For that it
        repeats some jets and omits others, as weaver-core does when it reweights by class.
    sizes : mapping, optional
        How many jets each block contributes to its pool, at least one, by default as many as it has entries. A data
        config may select fewer, or take them by weight (see `part.training.data.sizes`).
    """

    blocks: Sequence[EntryRange]
    read: ReadBlocks
    seed: int = 1
    pool: int = POOL
    balanced: bool = False
    sizes: Mapping[EntryRange, int] | None = None

    def __len__(self) -> int:
        """Return the number of jets in a pass."""
        return sum(map(self.size, self.blocks))

    def size(self, block: EntryRange) -> int:
        """Return how many jets a block contributes to a pass."""
        return len(block) if self.sizes is None else self.sizes[block]

    def jets(self, start: int, count: int) -> Iterator[JetTensors]:
        """Yield the jets [start, start + count) of the stream, a pool at a time."""
        return (selection.jets for selection in self.selections(start, count))

    def selections(self, start: int, count: int) -> Iterator[JetSelection]:
        """Yield the jets [start, start + count) of the stream as selections of their pools, which are not copied."""
        pass_number, skip = divmod(start, len(self))
        for seed, (pool, following) in self._pools(pass_number):
            size = sum(map(self.size, pool))
            if skip >= size:
                skip -= size
                continue
            jets = concatenate(self.read(pool, following))
            selection = JetSelection(jets, self._shuffle(jets, size, seed)[skip : skip + count])
            yield selection
            count -= len(selection)
            skip = 0
            if not count:
                return

    def _shuffle(self, jets: JetTensors, size: int, seed: tuple[int, int]) -> np.ndarray:
        """Return the indices (size,) of a pool's jets in their order."""
        rng = np.random.default_rng((self.seed, 2, *seed))
        if not len(jets):
            raise PartError("Of a whole pool of training jets none is left: none can be used.")
        if jets.weights is not None:
            return accept_by_weight(jets.weights.numpy(), size, rng)
        if not self.balanced:
            order = rng.permutation(len(jets))
            return order if len(order) == size else np.resize(order, size)  # jets without any particle are replaced
        # The numbers of times that two jets of a class occur differ by at most one.
        y = jets.y.numpy()
        classes = rng.permutation(np.unique(y))
        shares = np.array_split(np.arange(size), len(classes))
        indices = [
            np.resize(rng.permutation(np.flatnonzero(y == c)), len(share))
            for c, share in zip(classes, shares, strict=True)
        ]
        return rng.permutation(np.concatenate(indices))

    def _pools(self, first_pass: int) -> Iterator[tuple[tuple[int, int], tuple[list[EntryRange], list[EntryRange]]]]:
        """Yield the pass and number of each pool, its blocks and those of the next, from a pass on."""
        for pass_number in itertools.count(first_pass):
            pools = self._divide(self._block_order(pass_number))
            after = self._divide(self._block_order(pass_number + 1))[:1]
            for number, (pool, following) in enumerate(zip(pools, pools[1:] + after, strict=True)):
                yield (pass_number, number), (pool, following)

    def _block_order(self, pass_number: int) -> list[EntryRange]:
        """Return the blocks in the order of a pass: those of a file at equal distances, at a phase of its own."""
        rng = np.random.default_rng((self.seed, 1, pass_number))
        files: dict[str, list[EntryRange]] = {}
        for block in self.blocks:
            files.setdefault(block.path, []).append(block)
        start = rng.random()
        positions = []
        for file, blocks in enumerate(files.values()):
            phase = (start + file * _GOLDEN) % 1  # multiples of the golden ratio spread evenly for any number of files
            positions += [((i + phase) / len(blocks), blocks[j]) for i, j in enumerate(rng.permutation(len(blocks)))]
        return [block for _, block in sorted(positions, key=lambda pair: pair[0])]

    def _divide(self, blocks: list[EntryRange]) -> list[list[EntryRange]]:
        """Divide the blocks of a pass into pools of similar size."""
        ends = np.cumsum([self.size(block) for block in blocks])
        count = -(-int(ends[-1]) // self.pool)
        pool = np.minimum((ends - 1) * count // ends[-1], count - 1)
        return [[block for block, p in zip(blocks, pool, strict=True) if p == n] for n in np.unique(pool)]


def accept_by_weight(weights: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return the indices (size,) of jets that are taken with the probabilities of their weights (J,), in random order.

    As in weaver-core a jet of weight w is taken in a round with probability w, in all of them if w is 1 or more, and
    there are as many rounds as it takes to have enough. Where these would be very many, jets are drawn one by one.
    """
    probabilities = np.clip(np.nan_to_num(weights.astype(np.float64)), 0, 1)
    if not (total := probabilities.sum()) > 0:
        raise PartError("Of a whole pool of training jets none has a weight above zero.")
    if size > MAX_ROUNDS * total:
        return rng.choice(len(weights), size, p=probabilities / total)
    taken, count = [], 0
    while count < size:
        accepted = rng.permutation(np.flatnonzero(rng.random(len(weights)) < probabilities))
        taken.append(accepted)
        count += len(accepted)
    return rng.permutation(np.concatenate(taken)[:size])


def split_into_blocks(
    ranges: Sequence[EntryRange], size: int = BLOCK, boundaries: Mapping[str, Sequence[int]] | None = None
) -> list[EntryRange]:
    """Split ranges of entries into blocks.

    Parameters
    ----------
    ranges : sequence of EntryRange
        The ranges.
    size : int
        The number of jets in a block, of which the blocks of a file have about equally many, and not more.
    boundaries : mapping, optional
        The entries of each file at which its compressed clusters begin (see `cluster_boundaries`). A cluster is not
        split then, and may be longer than `size`, unless it is longer than MAX_BLOCKS blocks.
    """
    blocks = []
    for entries in ranges:
        cluster_starts = np.array((boundaries or {}).get(entries.path, ()), int)
        inner = cluster_starts[(cluster_starts > entries.start) & (cluster_starts < entries.stop)]
        clusters = np.diff([entries.start, *inner, entries.stop])
        if size < clusters.max() <= MAX_BLOCKS * size and len(cluster_starts):
            edges = [entries.start, *inner, entries.stop]
        else:
            count = -(-len(entries) // size)
            edges = np.linspace(entries.start, entries.stop, count + 1).round().astype(int)
            if len(inner) and clusters.max() <= size:
                nearest = inner[np.abs(inner[:, None] - edges[1:-1]).argmin(axis=0)]
                edges = np.unique([entries.start, *nearest, entries.stop])
        blocks += [EntryRange(entries.path, int(a), int(b)) for a, b in itertools.pairwise(edges)]
    return blocks
