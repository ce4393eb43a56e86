"""Files of any size: jets a chunk at a time, and tables that appear whole or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.readers import count_jets, labels, read_jets
from part.jets.schema import Dataset

CHUNK = 8192  # jets, about 30 MB


@dataclass(frozen=True)
class Span:
    """The jets [start, stop) of one file."""

    path: str
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Chunk:
    """Jets in a row, and where they are from."""

    span: Span
    jets: ak.Array

    @property
    def columns(self) -> dict[str, Sequence]:
        """Of a table with a row a jet: the file and the entry in it."""
        return {"file": [self.span.path] * len(self.span), "entry": range(self.span.start, self.span.stop)}

    def labels(self, dataset: Dataset) -> np.ndarray | None:
        """As `readers.labels`, with the file in what it refuses."""
        with self.named():
            return labels(self.jets, dataset)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors about jets, which count from the chunk's first, tell where that is."""
        try:
            yield
        except PartError as error:
            raise PartError(f"{self.span.path}, jets from entry {self.span.start} on: {error}") from None


def find_files(patterns: list[str]) -> list[Path]:
    """Files, folders (all `.root` and `.parquet` in them) and globs -> sorted files. Raises PartError if none."""
    found = []
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            here = [p for p in path.iterdir() if p.suffix in (".root", ".parquet")]
        else:
            here = [path] if path.is_file() else [Path(name) for name in glob(pattern)]
        if not here:
            raise PartError(f"No jets at {pattern}: expected a file, a folder of .root or .parquet files, or a glob.")
        found += here
    return sorted(set(found))


def spans(patterns: Sequence[str], start: int | None = None, stop: int | None = None) -> list[Span]:
    """Where the jets [start, stop) lie, counted through all files in a row. Raises PartError if there are none.

    patterns: as for `find_files`, or URLs; each is sorted within, and they follow each other as given.
    """
    paths = [p for pattern in patterns for p in ([pattern] if "://" in pattern else map(str, find_files([pattern])))]
    first, last = 0 if start is None else start, np.inf if stop is None else stop
    if first < 0 or last <= first:
        raise PartError(f"start {start} and stop {stop}; expected 0 or more, and start to be smaller than stop")
    found, before = [], 0
    for path in dict.fromkeys(paths):
        if before >= last:
            break
        n = count_jets(path)
        low, high = max(first - before, 0), min(last - before, n)
        if low < high:
            found.append(Span(path, int(low), int(high)))
        before += n
    if not found:
        raise PartError(f"start {first} is beyond the last entry; expected less than {before}, the jets of all files")
    return found


def chunks(found: Sequence[Span], size: int | None = None) -> Iterator[Chunk]:
    """The jets of all spans in order, at most `size` (CHUNK) at a time. Raises PartError as `read_jets` does."""
    size = size or CHUNK
    for span in found:
        for start in range(span.start, span.stop, size):
            piece = Span(span.path, start, min(start + size, span.stop))
            yield Chunk(piece, read_jets(span.path, piece.start, piece.stop))


def share(found: Sequence[Span], count: int) -> list[Span]:
    """About `count` jets, from the front of every span in proportion to its length: files often hold one class."""
    ends = np.cumsum([len(span) for span in found])
    upto = np.ceil(ends * min(count / ends[-1], 1.0)).astype(int)
    taken = np.diff(upto, prepend=0)
    return [Span(s.path, s.start, s.start + int(n)) for s, n in zip(found, taken, strict=True) if n]


def locate(found: Sequence[Span], jet: int) -> tuple[str, int]:
    """The file and entry of a jet, counted through all spans from 0."""
    for span in found:
        if jet < len(span):
            return span.path, span.start + jet
        jet -= len(span)
    raise PartError(f"There is no such jet: it is {jet + 1} beyond the last.")
