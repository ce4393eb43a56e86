"""Jets of files of any size, a chunk at a time.

Shapes: J jets of a chunk.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.ahead import read_ahead
from part.jets.finding import find_files
from part.jets.labels import labels
from part.jets.readers import count_jets, read_jets
from part.jets.schema import ENTRY, Dataset, FeatureSet
from part.jets.usable import leave_out_unusable

if TYPE_CHECKING:
    from part.jets.config.config import DataConfig

CHUNK = 8192  # jets, about 30 MB


@dataclass(frozen=True)
class EntryRange:
    """The entries [start, stop) of one file, of which a data config may select some.

    Attributes
    ----------
    path : str
        The file.
    start, stop : int
    config : DataConfig or None
        How the file is read; None for files with JetClass's names, of which all jets are taken.
    features : tuple of FeatureSet
        The inputs of the models that take the jets; jets that some of them cannot take are left out.
    strict : bool
        Whether a jet that cannot be used is an error, instead of being left out and counted.
    """

    path: str
    start: int
    stop: int
    config: "DataConfig | None" = None
    features: tuple[FeatureSet, ...] = ()
    strict: bool = False

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Chunk:
    """The jets of consecutive entries of one file, and the entries that they come from."""

    entries: EntryRange
    jets: ak.Array

    @property
    def columns(self) -> dict[str, Sequence]:
        """The file and the entry of each jet, as columns of a table with one row for each jet."""
        if ENTRY in self.jets.fields:
            return {"file": [self.entries.path] * len(self.jets), ENTRY: self.jets[ENTRY].to_numpy()}
        return {"file": [self.entries.path] * len(self.entries), ENTRY: range(self.entries.start, self.entries.stop)}

    def labels(self, dataset: Dataset) -> np.ndarray | None:
        """Return the class indices (J,) as `part.jets.labels` does, with the file in the errors."""
        with self.error_context():
            return labels(self.jets, dataset)

    def numbers(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return columns (J,) by name as `part.jets.columns.read_column` reads them. Raises PartError."""
        if not names:
            return {}
        from part.jets.columns import columns_of_jets  # loads torch, and few need it

        entries = self.entries
        return columns_of_jets(self.jets, names, entries.path, entries.start, entries.stop, entries.config)

    @contextmanager
    def error_context(self) -> Generator[None, None, None]:
        """Add the file and the first entry to errors, which count jets from the first of the chunk."""
        try:
            yield
        except PartError as error:
            raise PartError(f"{self.entries.path}, jets from entry {self.entries.start} on: {error}") from None


def entry_ranges(
    patterns: Sequence[str],
    start: int | None = None,
    stop: int | None = None,
    config: "DataConfig | None" = None,
    features: Sequence[FeatureSet] = (),
    strict: bool = False,
) -> list[EntryRange]:
    """Locate the entries [start, stop), counted through all files in turn.

    Parameters
    ----------
    patterns : sequence of str
        See `find_files`; URLs are allowed too. The files of one pattern are sorted; patterns keep their order.
    start, stop : int, optional
        By default all. `stop` may lie beyond the last entry.
    config : DataConfig, optional
        How the files are read: `Tagger.data_config` of the model that takes the jets.
    features : sequence of FeatureSet
        `Tagger.features` of each model that takes the jets. Jets with a value that one of them cannot take are left
        out and counted.
    strict : bool
        Whether the first jet that cannot be used is an error instead.

    Returns
    -------
    list of EntryRange
        One for each file that holds some of the entries.

    Raises
    ------
    PartError
        If a pattern matches nothing, a file cannot be opened, or the range holds no jets.
    """
    paths = [p for pattern in patterns for p in ([pattern] if "://" in pattern else map(str, find_files([pattern])))]
    first, last = 0 if start is None else start, np.inf if stop is None else stop
    if first < 0 or last <= first:
        raise PartError(f"start {first} and stop {stop}; expected 0 or more, and start to be smaller than stop")
    ranges, before = [], 0
    for path in dict.fromkeys(paths):
        if before >= last:
            break
        n = count_jets(path, config)
        low, high = max(first - before, 0), min(last - before, n)
        if low < high:
            ranges.append(EntryRange(path, int(low), int(high), config, tuple(features), strict))
        before += n
    if config is not None and not config.is_standardised:  # once for all files, so that their inputs mean the same
        from part.jets.config.standardise import standardised  # takes time to import, and few need it

        config = standardised(config, [found.path for found in ranges])
        ranges = [replace(found, config=config) for found in ranges]
    if not ranges:
        raise PartError(f"start {first} is beyond the last entry; expected less than {before}, the jets of all files")
    return ranges


def chunks(ranges: Sequence[EntryRange], size: int | None = None) -> Iterator[Chunk]:
    """Read the jets of all ranges in order, a chunk at a time, the next one in a thread while this one is used.

    Parameters
    ----------
    ranges : sequence of EntryRange
    size : int, optional
        The largest number of jets in a chunk, 8192 by default.

    Yields
    ------
    Chunk
        A chunk never spans two files. One of which no jet is left is left out.

    Raises
    ------
    PartError
        See `read_jets`.
    """
    yield from read_ahead(_read(split_ranges(ranges, size or CHUNK)))


def _read(pieces: Sequence[EntryRange]) -> Iterator[Chunk]:
    for piece in pieces:
        jets = read_jets(piece.path, piece.start, piece.stop, config=piece.config, strict=piece.strict)
        if not piece.strict:
            jets = leave_out_unusable(jets, piece.features, piece.path, piece.start)
        if len(jets):
            yield Chunk(piece, jets)


def split_ranges(ranges: Sequence[EntryRange], size: int) -> list[EntryRange]:
    """Split ranges into pieces of at most `size` entries, in order."""
    return [
        replace(entries, start=start, stop=min(start + size, entries.stop))
        for entries in ranges
        for start in range(entries.start, entries.stop, size)
    ]


def proportional_subset(ranges: Sequence[EntryRange], count: int) -> list[EntryRange]:
    """Select jets from the front of every range in proportion to its length, since a file often holds one class.

    Parameters
    ----------
    ranges : sequence of EntryRange
    count : int
        About how many jets; all of them if there are fewer.

    Returns
    -------
    list of EntryRange
        Ranges that would be empty are left out.
    """
    ends = np.cumsum([len(entries) for entries in ranges])
    selected_ends = np.ceil(ends * min(count / ends[-1], 1.0)).astype(int)
    sizes = np.diff(selected_ends, prepend=0)
    return [replace(r, stop=r.start + int(n)) for r, n in zip(ranges, sizes, strict=True) if n]


def locate(ranges: Sequence[EntryRange], jet: int) -> tuple[str, int]:
    """Return the file and the entry of a jet, which is counted through all ranges from 0.

    Raises
    ------
    PartError
        If `jet` is beyond the last one.
    """
    for entries in ranges:
        if jet < len(entries):
            return entries.path, entries.start + jet
        jet -= len(entries)
    raise PartError(f"There is no such jet: it is {jet + 1} beyond the last.")
