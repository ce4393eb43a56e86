"""The jets of files: read a chunk at a time and cached by the content of their file.

A model that was trained with a data config reads a file in its own way, and may leave out some of its entries. Jets
keep their entries' numbers all the same. Shapes: J entries of a file.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import awkward as ak
import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from part.errors import PartError
from part.jets.config.config import DataConfig
from part.jets.config.reading import read_prepared
from part.jets.config.standardise import standardised
from part.jets.datasets import DATASETS
from part.jets.features import multiplicities
from part.jets.labels import UNKNOWN, detect_dataset, labels
from part.jets.notices import gathered
from part.jets.preprocessing import add_derived_fields
from part.jets.readers import count_jets, read_jets
from part.jets.schema import ENTRY, MAX_CONSTITUENTS, Dataset

CHUNK = 4096  # jets read at a time
MAX_BROWSED = 100_000  # jets of a file that can be chosen
# The branches that choosing a jet needs.
BRANCHES = {"jet_pt", "label"} | {label for dataset in DATASETS.values() for label in dataset.labels}


@dataclass(frozen=True, eq=False)
class Sample:
    """Jet-level quantities of a file, for its first MAX_BROWSED entries.

    Attributes
    ----------
    dataset : Dataset or None
        The classes that the labels count.
    pt : np.ndarray
        (J,) in GeV, NaN where it is not known.
    n : np.ndarray
        (J,) number of constituents, or of all tokens that a data config makes.
    truth : np.ndarray or None
        (J,) class indices, -1 for jets of no class.
    total : int
        The number of entries in the file.
    kept : np.ndarray
        (J,) bool, which entries are jets that can be used; the selection of a data config may leave out others.
    notes : tuple of str
        What was assumed in reading the file, and what was left out.
    """

    dataset: Dataset | None
    pt: np.ndarray
    n: np.ndarray
    truth: np.ndarray | None
    total: int
    kept: np.ndarray
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pt)

    @property
    def n_kept(self) -> int:
        return int(self.kept.sum())

    def truth_for(self, dataset: Dataset) -> np.ndarray | None:
        """Return the class indices (J,) if they are those of a dataset's classes."""
        return self.truth if self.dataset == dataset else None


@cached(max_entries=16, spinner="Reading the file …")
def load_sample(file: JetFile) -> Sample:
    """Return the jet-level quantities of a file. Raises PartError if it cannot be read."""
    notes: list[str] = []
    with error_context(file), gathered(notes.append):
        config = data_config(file)
        sample = _prepared_sample(file, config) if config else _plain_sample(file)
    return replace(sample, notes=(*sample.notes, *map(file.conceal, notes)))


def _count(file: JetFile, config: DataConfig | None = None) -> int:
    """Return the number of jets in a file. Raises PartError if there are none."""
    total = count_jets(file.path, config)
    if not total:
        raise PartError(f"{file.name} holds no jets; expected at least one.")
    return total


def _plain_sample(file: JetFile) -> Sample:
    total = _count(file)
    size = min(total, MAX_BROWSED)
    pt, n, truth, kept = np.full(size, np.nan), np.zeros(size, np.int64), np.full(size, UNKNOWN), np.zeros(size, bool)
    dataset, has_truth = None, True
    for start in range(0, size, CHUNK):
        jets = read_jets(file.path, start, min(start + CHUNK, size), BRANCHES, strict=False)
        if not len(jets):
            continue
        entries = _entries(jets, start)
        kept[entries], n[entries] = True, ak.to_numpy(ak.num(jets["part_px"]))
        pt[entries] = ak.to_numpy(jets["jet_pt"] if "jet_pt" in jets.fields else add_derived_fields(jets)["jet_pt"])
        if (dataset := detect_dataset(jets)) is None:
            has_truth = False
        else:
            truth[entries] = labels(jets, dataset)
    if not kept.any():
        read_jets(file.path, 0, 1, BRANCHES)  # says what is wrong with the first
    return Sample(dataset, pt, n, truth if has_truth else None, total, kept)


def _entries(jets: ak.Array, start: int) -> np.ndarray:
    """Return the entries of jets that were read from entry `start` on, of which some may be left out."""
    return ak.to_numpy(jets[ENTRY]) if ENTRY in jets.fields else start + np.arange(len(jets))


def _prepared_sample(file: JetFile, config: DataConfig) -> Sample:
    total = _count(file, config)
    size = min(total, MAX_BROWSED)
    pt, n, truth, kept = np.full(size, np.nan), np.zeros(size, np.int64), np.full(size, UNKNOWN), np.zeros(size, bool)
    has_truth = False
    for start in range(0, size, CHUNK):
        jets = read_prepared(str(file.path), config, start, min(start + CHUNK, size), with_partons=False, strict=False)
        entries = ak.to_numpy(jets[ENTRY])
        kept[entries], n[entries] = True, multiplicities(jets)
        if "jet_pt" in jets.fields:
            pt[entries] = ak.to_numpy(jets["jet_pt"])
        if file.dataset and (own := labels(jets, file.dataset)) is not None:
            has_truth, truth[entries] = True, own
    if not kept.any():
        raise PartError(f"{config.name} selects none of the {total} jets of {file.name}.")
    truth[truth >= (len(file.dataset.labels) if file.dataset else 0)] = UNKNOWN
    return Sample(file.dataset, pt, n, truth if has_truth else None, total, kept, config.notes)


@cached(max_entries=16)
def data_config(file: JetFile) -> DataConfig | None:
    """Return the data config that a file is read by, with its standardisation; None for JetClass's names."""
    return file.config and standardised(file.config, [str(file.path)])


@cached(max_entries=8)
def _chunk(file: JetFile, index: int) -> ak.Array:
    """Return the jets from entry `index` * CHUNK on."""
    start, stop = index * CHUNK, (index + 1) * CHUNK
    with error_context(file), gathered(lambda _: None):  # load_sample keeps what there is to say
        config = data_config(file)
        return (
            read_prepared(str(file.path), config, start, stop, strict=False)
            if config
            else _read_plain(file, start, stop)
        )


def _read_plain(file: JetFile, start: int, stop: int) -> ak.Array:
    return read_jets(file.path, start, stop, strict=False)


def _jets_of_chunk(file: JetFile, index: int, entries: np.ndarray) -> ak.Array:
    """Return the jets of some entries of a chunk. Raises PartError for an entry that is left out."""
    jets = _chunk(file, index)
    kept = _entries(jets, index * CHUNK)
    rows = np.searchsorted(kept, entries)
    is_kept = np.append(kept, -1)[rows] == entries
    if not is_kept.all():
        raise PartError(left_out(file, int(entries[~is_kept][0])))
    return _take(jets, rows)


def _take(jets: ak.Array, rows: np.ndarray) -> ak.Array:
    """Return some rows; one of them as a slice, so that what reads it finds plain buffers and copies nothing."""
    return jets[rows[0] : rows[0] + 1] if len(rows) == 1 else jets[rows]


def left_out(file: JetFile, entry: int) -> str:
    """Return the sentence on an entry that cannot be used, or that the data config of a file leaves out."""
    if file.config is None:
        return f"Jet {entry} cannot be used. {_reason(file, entry)}."
    why = f" ({file.config.test_selection})" if 0 < len(file.config.test_selection) <= 80 else ""
    return f"Jet {entry} of {file.name} is left out by the selection of the data config {file.config.name}{why}."


@cached(max_entries=64)
def _reason(file: JetFile, entry: int) -> str:
    """Return why an entry cannot be used."""
    try:
        with gathered(lambda _: None):
            read_jets(file.path, entry, entry + 1)
    except PartError as error:
        return file.conceal(str(error))
    return f"{file.name} has changed meanwhile"


def jets_at(file: JetFile, entries: list[int]) -> ak.Array:
    """Return the jets of these entries, in this order. Raises PartError for an entry that is left out."""
    one_by_one = [_jets_of_chunk(file, e // CHUNK, np.array([e])) for e in entries]
    return one_by_one[0] if len(one_by_one) == 1 else ak.concatenate(one_by_one)


def kept_entries(file: JetFile, entries: np.ndarray) -> np.ndarray:
    """Return those of some entries that are jets, as this file is read."""
    return entries[load_sample(file).kept[entries]]


def batches(file: JetFile, entries: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, ak.Array]]:
    """Yield positions among the entries and the jets there, at most `size` at a time.

    Similar lengths share a batch, and batches come in an arbitrary order, so that the first ones are a fair sample.
    """
    lengths = load_sample(file).n[entries]
    for index in np.unique(entries // CHUNK):
        rows = np.flatnonzero(entries // CHUNK == index)
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        for start in np.random.default_rng(0).permutation(np.arange(0, len(rows), size)):
            batch = rows[start : start + size]
            jets = _jets_of_chunk(file, int(index), entries[batch])
            yield batch, jets if ENTRY in jets.fields else ak.with_field(jets, entries[batch], ENTRY)


def n_shown(file: JetFile, entry: int) -> int:
    """Return the number of a jet's constituents that models take and pages show."""
    n = int(load_sample(file).n[entry])
    return n if file.config else min(n, MAX_CONSTITUENTS)


@contextmanager
def error_context(file: JetFile) -> Generator[None]:
    """Make errors name the file as the user knows it, instead of its location on the server."""
    try:
        yield
    except PartError as error:
        raise PartError(file.conceal(str(error))) from None
