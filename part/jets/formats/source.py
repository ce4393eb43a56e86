"""What every kind of file looks like to the reader."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import awkward as ak
import numpy as np

Column = ak.Array | np.ndarray


@dataclass(frozen=True)
class Source:
    """An open file: how many jets it holds, its branches, and how to read some of them.

    `read(names, start, stop)` returns a dict of arrays with one item per jet of [start, stop).
    `edges`: jets between two of them are compressed together, so that reading a few of them costs as much as all.
    """

    n_jets: int
    branches: tuple[str, ...]
    read: Callable[[Sequence[str], int, int], dict[str, Column]]
    edges: tuple[int, ...] = ()
