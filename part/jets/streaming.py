"""Jets of files of any size, a chunk at a time.

Shapes: J jets of a chunk.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.labels import labels
from part.jets.readers import count_jets, read_jets
from part.jets.schema import Dataset

CHUNK = 8192  # jets, about 30 MB


@dataclass(frozen=True)
class EntryRange:
    """The jets [start, stop) of one file."""

    path: str
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive jets of one file, and the entries that they come from."""

    entries: EntryRange
    jets: ak.Array

    @property
    def columns(self) -> dict[str, Sequence]:
        """The file and the entry of each jet, as columns of a table with one row for each jet."""
        return {"file": [self.entries.path] * len(self.entries), "entry": range(self.entries.start, self.entries.stop)}

    def labels(self, dataset: Dataset) -> np.ndarray | None:
        """Return the class indices (J,) as `part.jets.labels` does, with the file in the errors."""
        with self.error_context():
            return labels(self.jets, dataset)

    @contextmanager
    def error_context(self) -> Generator[None, None, None]:
        """Add the file and the first entry to errors, which count jets from the first of the chunk."""
        try:
            yield
        except PartError as error:
            raise PartError(f"{self.entries.path}, jets from entry {self.entries.start} on: {error}") from None


def find_files(patterns: Sequence[str]) -> list[Path]:
    """Find files of jets.

    Parameters
    ----------
    patterns : sequence of str
        Files, folders (of which all `.root` and `.parquet` files are taken) and globs.

    Returns
    -------
    list of Path
        Sorted, each file once.

    Raises
    ------
    PartError
        If a pattern matches nothing.
    """
    files: list[Path] = []
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            matches = [p for p in path.iterdir() if p.suffix in (".root", ".parquet")]
        else:
            matches = [path] if path.is_file() else [Path(name) for name in glob(pattern)]
        if not matches:
            raise PartError(f"No jets at {pattern}: expected a file, a folder of .root or .parquet files, or a glob.")
        files += matches
    return sorted(set(files))


def entry_ranges(patterns: Sequence[str], start: int | None = None, stop: int | None = None) -> list[EntryRange]:
    """Locate the jets [start, stop), counted through all files in turn.

    Parameters
    ----------
    patterns : sequence of str
        See `find_files`; URLs are allowed too. The files of one pattern are sorted; patterns keep their order.
    start, stop : int, optional
        By default all jets. `stop` may lie beyond the last jet.

    Returns
    -------
    list of EntryRange
        One for each file that holds some of the jets.

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
        n = count_jets(path)
        low, high = max(first - before, 0), min(last - before, n)
        if low < high:
            ranges.append(EntryRange(path, int(low), int(high)))
        before += n
    if not ranges:
        raise PartError(f"start {first} is beyond the last entry; expected less than {before}, the jets of all files")
    return ranges


def chunks(ranges: Sequence[EntryRange], size: int | None = None) -> Iterator[Chunk]:
    """Read the jets of all ranges in order, a chunk at a time.

    Parameters
    ----------
    ranges : sequence of EntryRange
    size : int, optional
        The largest number of jets in a chunk, 8192 by default.

    Yields
    ------
    Chunk
        A chunk never spans two files.

    Raises
    ------
    PartError
        See `read_jets`.
    """
    size = size or CHUNK
    for entries in ranges:
        for start in range(entries.start, entries.stop, size):
            block = EntryRange(entries.path, start, min(start + size, entries.stop))
            yield Chunk(block, read_jets(block.path, block.start, block.stop))


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
    return [EntryRange(r.path, r.start, r.start + int(n)) for r, n in zip(ranges, sizes, strict=True) if n]


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
