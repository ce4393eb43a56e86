"""The jets of files: read a chunk at a time and cached by the content of their file."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import awkward as ak
import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from part.errors import PartError
from part.jets.labels import detect_dataset, labels
from part.jets.preprocessing import add_derived_fields
from part.jets.readers import count_jets, read_jets
from part.jets.schema import DATASETS, MAX_CONSTITUENTS, Dataset

CHUNK = 4096  # jets read at a time
MAX_BROWSED = 100_000  # jets of a file that can be chosen
# The branches that choosing a jet needs.
BRANCHES = {"jet_pt", "label"} | {label for dataset in DATASETS.values() for label in dataset.labels}


@dataclass(frozen=True, eq=False)
class Sample:
    """Jet-level quantities of a file, for its first MAX_BROWSED jets.

    Attributes
    ----------
    dataset : Dataset or None
        The benchmark whose labels the jets carry.
    pt : np.ndarray
        (J,) in GeV.
    n : np.ndarray
        (J,) number of constituents.
    truth : np.ndarray or None
        (J,) class indices.
    total : int
        The number of jets in the file.
    """

    dataset: Dataset | None
    pt: np.ndarray
    n: np.ndarray
    truth: np.ndarray | None
    total: int

    def __len__(self) -> int:
        return len(self.pt)

    def truth_for(self, dataset: Dataset) -> np.ndarray | None:
        """Return the class indices (J,) if they are those of a dataset's classes."""
        return self.truth if self.dataset == dataset else None


@cached(max_entries=16, spinner="Reading the file …")
def load_sample(file: JetFile) -> Sample:
    """Return the jet-level quantities of a file. Raises PartError if it cannot be read."""
    with error_context(file):
        total = count_jets(file.path)
        pt, n, truth = [], [], []
        for start in range(0, min(total, MAX_BROWSED), CHUNK):
            jets = read_jets(file.path, start, min(start + CHUNK, MAX_BROWSED), BRANCHES)
            dataset = detect_dataset(jets)
            pt.append(ak.to_numpy(jets["jet_pt"] if "jet_pt" in jets.fields else add_derived_fields(jets)["jet_pt"]))
            n.append(ak.to_numpy(ak.num(jets["part_px"])))
            truth.append(None if dataset is None else labels(jets, dataset))
    all_truth = np.concatenate(truth) if all(t is not None for t in truth) else None
    return Sample(dataset, np.concatenate(pt), np.concatenate(n), all_truth, total)


@cached(max_entries=8)
def _chunk(file: JetFile, index: int) -> ak.Array:
    """Return the jets from entry `index` * CHUNK on."""
    with error_context(file):
        return read_jets(file.path, index * CHUNK, (index + 1) * CHUNK)


def jets_at(file: JetFile, entries: list[int]) -> ak.Array:
    """Return the jets of these entries, in this order."""
    return ak.concatenate([_chunk(file, e // CHUNK)[e % CHUNK : e % CHUNK + 1] for e in entries])


def batches(file: JetFile, entries: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, ak.Array]]:
    """Yield positions among the entries and the jets there, at most `size` at a time; similar lengths share a batch."""
    lengths = load_sample(file).n[entries]
    for index in np.unique(entries // CHUNK):
        rows = np.flatnonzero(entries // CHUNK == index)
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        jets = _chunk(file, int(index))
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            yield batch, jets[entries[batch] % CHUNK]


def n_shown(sample: Sample, entry: int) -> int:
    """Return the number of a jet's constituents that models take and pages show."""
    return min(int(sample.n[entry]), MAX_CONSTITUENTS)


@contextmanager
def error_context(file: JetFile) -> Generator[None]:
    """Make errors name the file as the user knows it, instead of its location on the server."""
    try:
        yield
    except PartError as error:
        raise PartError(str(error).replace(str(file.path), file.name)) from None
