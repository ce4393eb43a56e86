"""Jets of files of any size, a chunk at a time.

Shapes: J jets of a chunk.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.ahead import read_ahead
from part.jets.formats.opening import SUFFIXES
from part.jets.labels import labels
from part.jets.readers import count_jets, read_jets
from part.jets.schema import ENTRY, Dataset

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
    """

    path: str
    start: int
    stop: int
    config: "DataConfig | None" = None

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


def find_files(patterns: Sequence[str]) -> list[Path]:
    """Find files of jets.

    Parameters
    ----------
    patterns : sequence of str
        Files, folders (of which all files of jets are taken, by their suffixes) and globs. Each may end in ":NAME",
        the tree to read of ROOT files.

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
        matches = _matches(pattern)
        if not matches and ":" in pattern:
            place, _, tree = pattern.rpartition(":")
            matches = [_with_tree(path, tree, Path(place).is_file()) for path in _matches(place)] if tree else []
        if not matches:
            expected = f"a file, a folder of {', '.join(SUFFIXES)} files, or a glob"
            raise PartError(f"No jets at {pattern}: expected {expected}.")
        files += matches
    return sorted(set(files))


def _matches(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_dir():
        return [p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    return [path] if path.is_file() else [Path(name) for name in glob(pattern)]


def _with_tree(path: Path, tree: str, is_alone: bool) -> Path:
    """Return the path that names a tree; files of other formats than ROOT, among those of a folder, have none."""
    return Path(f"{path}:{tree}") if is_alone or path.suffix.lower() not in SUFFIXES[1:] else path


def entry_ranges(
    patterns: Sequence[str], start: int | None = None, stop: int | None = None, config: "DataConfig | None" = None
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
            ranges.append(EntryRange(path, int(low), int(high), config))
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
        A chunk never spans two files. One of which a data config selects no jet is left out.

    Raises
    ------
    PartError
        See `read_jets`.
    """
    yield from read_ahead(_read(split_ranges(ranges, size or CHUNK)))


def _read(pieces: Sequence[EntryRange]) -> Iterator[Chunk]:
    for piece in pieces:
        jets = read_jets(piece.path, piece.start, piece.stop, config=piece.config)
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
