"""The jets of files: read a chunk at a time, kept by the content of their file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import awkward as ak
import numpy as np
import streamlit as st

import part
from app.services.files import JetFile
from part.errors import PartError
from part.jets import complete, count_jets, detect_dataset, labels
from part.jets.schema import DATASETS, Dataset

CHUNK = 4096  # jets read at a time
MAX_BROWSED = 100_000  # jets of a file that can be chosen
NEEDED = {"jet_pt", "label"} | {label for dataset in DATASETS.values() for label in dataset.labels}  # for that choice


@dataclass(frozen=True, eq=False)
class Sample:
    """What the choice of a jet needs to know of a file: arrays over its jets (J,); pT in GeV.

    truth: class indices or None; total: jets in the file, of which the first MAX_BROWSED are here.
    """

    dataset: Dataset | None
    pt: np.ndarray
    n: np.ndarray
    truth: np.ndarray | None
    total: int

    def __len__(self) -> int:
        return len(self.pt)


def sample(file: JetFile) -> Sample:
    """Jet-level numbers of a file. Raises BadInput."""
    return _sample(file.sha256, file)


@st.cache_resource(max_entries=16, show_spinner="Reading the file …")
def _sample(sha256: str, _file: JetFile) -> Sample:
    with named(_file):
        total = count_jets(_file.path)
        pt, n, truth = [], [], []
        for start in range(0, min(total, MAX_BROWSED), CHUNK):
            jets = part.read_jets(_file.path, start, min(start + CHUNK, MAX_BROWSED), NEEDED)
            dataset = detect_dataset(jets)
            pt.append(ak.to_numpy(jets["jet_pt"] if "jet_pt" in jets.fields else complete(jets)["jet_pt"]))
            n.append(ak.to_numpy(ak.num(jets["part_px"])))
            truth.append(None if dataset is None else labels(jets, dataset))
    known = np.concatenate(truth) if all(t is not None for t in truth) else None
    return Sample(dataset, np.concatenate(pt), np.concatenate(n), known, total)


@st.cache_resource(max_entries=8, show_spinner=False)
def chunk(sha256: str, index: int, _file: JetFile) -> ak.Array:
    """The jets from entry `index` * CHUNK on; sha256: the file's."""
    with named(_file):
        return part.read_jets(_file.path, index * CHUNK, (index + 1) * CHUNK)


def jets_at(file: JetFile, entries: list[int]) -> ak.Array:
    return ak.concatenate([chunk(file.sha256, e // CHUNK, file)[e % CHUNK : e % CHUNK + 1] for e in entries])


def blocks(file: JetFile, entries: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, ak.Array]]:
    """Places among the entries, and the jets there, `size` at a time: those of like length together."""
    lengths = sample(file).n[entries]
    for index in np.unique(entries // CHUNK):
        rows = np.flatnonzero(entries // CHUNK == index)
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        jets = chunk(file.sha256, int(index), file)
        for at in range(0, len(rows), size):
            some = rows[at : at + size]
            yield some, jets[entries[some] % CHUNK]


@contextmanager
def named(file: JetFile) -> Iterator[None]:
    """Errors tell the name that the user knows, not where the file lies."""
    try:
        yield
    except PartError as error:
        raise PartError(str(error).replace(str(file.path), file.name)) from None
