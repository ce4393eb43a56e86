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
        How many entries it holds.
    branches : tuple of str
        The names of its branches, in any of the ways in which `read` knows them.
    read : callable
        `read(names, start, stop)` returns one column for each name, with one item for each entry of [start, stop):
        numbers of any type, lists or arrays of them.
    cluster_boundaries : tuple of int
        Entries between which jets are compressed together, from 0 to `n_jets`: to read a few of them takes as long as
        to read all. Empty where the format does not say.
    flat : callable
        `flat()` returns the branches that hold one number for each entry, which nothing needs to be read for.
    remark : str
        A sentence on what was chosen or assumed without having been asked for, "" if nothing was.
    alternative : str
        What else would make jets of a file of this format, for the error where branches are missing.
    """

    n_jets: int
    branches: tuple[str, ...]
    read: Read
    cluster_boundaries: tuple[int, ...] = ()
    alternative: str = ""
    flat: Callable[[], tuple[str, ...]] = tuple
    remark: str = ""
