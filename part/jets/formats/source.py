"""The interface between a file format and the reader."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import awkward as ak
import numpy as np

Column = ak.Array | np.ndarray
Read = Callable[[Sequence[str], int, int], dict[str, Column]]


@dataclass(frozen=True)
class Source:
    """An open file.

    Attributes
    ----------
    n_jets : int
        How many jets it holds.
    branches : tuple of str
        The names of its branches.
    read : callable
        `read(names, start, stop)` returns one column for each name, with one item for each jet of [start, stop).
    cluster_boundaries : tuple of int
        Entries between which jets are compressed together, from 0 to `n_jets`: to read a few of them takes as long as
        to read all. Empty where the format does not say.
    """

    n_jets: int
    branches: tuple[str, ...]
    read: Read
    cluster_boundaries: tuple[int, ...] = ()
