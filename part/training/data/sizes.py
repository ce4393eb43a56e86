"""How many jets of each block train where a data config selects jets, or takes them by weight."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from part.errors import PartError
from part.jets.config.config import DataConfig
from part.jets.config.reweighting import count_selected
from part.jets.config.weights import parse_weights
from part.jets.streaming import EntryRange

MAX_REPEATS = 10  # of a jet in a pass, at a weight of 1, as in weaver-core


@dataclass(frozen=True)
class BlockSizes:
    """The jets of some blocks.

    Attributes
    ----------
    sizes : dict
        How many jets each block contributes to a pass; blocks that contribute none are left out.
    n_jets : int
        How many different jets are selected.
    """

    sizes: dict[EntryRange, int]
    n_jets: int

    @property
    def share(self) -> float:
        """The jets of a pass, relative to those that are selected; less than 1 where all weights are small."""
        return sum(self.sizes.values()) / self.n_jets


def block_sizes(blocks: Sequence[EntryRange], config: DataConfig | None) -> BlockSizes:
    """Count the jets of blocks.

    As in weaver-core a pass that takes jets by weight has as many jets as are selected, unless some would have to be
    repeated more than MAX_REPEATS times.

    Parameters
    ----------
    blocks : sequence of EntryRange
        The blocks of a file follow each other without gaps.
    config : DataConfig or None
        What selects jets and has their weights; None selects all.

    Raises
    ------
    PartError
        If no jet is selected, or none has a weight.
    """
    weights = None if config is None else parse_weights(config)
    if config is None or not (config.selection or weights):
        return BlockSizes({block: len(block) for block in blocks}, sum(map(len, blocks)))
    counts, sums = [], []
    for path in dict.fromkeys(block.path for block in blocks):
        own = [block for block in blocks if block.path == path]
        edges = np.array([*(block.start for block in own), own[-1].stop])
        for found, new in zip((counts, sums), count_selected(path, config, edges, weights), strict=True):
            found.append(new)
    n_selected, weight = np.concatenate(counts), float(np.concatenate(sums).sum())
    n_jets = int(n_selected.sum())
    if not n_jets:
        raise PartError(f"{config.name}: its selection keeps no jet of {blocks[0].path} and the other files.")
    if not weight:
        raise PartError(f"{config.name}: no jet of {blocks[0].path} and the other files has a weight above zero.")
    share = repeated_share(weight / n_jets)
    sizes = np.diff(np.floor(share * np.cumsum(n_selected) + 1e-9), prepend=0).astype(int)
    return BlockSizes({block: int(size) for block, size in zip(blocks, sizes, strict=True) if size}, n_jets)


def repeated_share(mean_weight: float) -> float:
    """Return how many jets a pass has, relative to those that are selected, given the mean of their weights."""
    return min(1.0, MAX_REPEATS * mean_weight)
