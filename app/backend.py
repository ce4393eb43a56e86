"""The app's way into the library, with `comparing`. Caches are keyed by content: hashes of jets and of weights.

What is cached is shared by all sessions and never changed. One worker thread runs the models, so that users
take turns; one thread suffices for single jets and does not stall beside other work.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import awkward as ak
import numpy as np
import streamlit as st
import torch

import part
from app.files import ROOT, FileRefused, JetFile, runs_folder
from part import export, figures
from part.errors import PartError
from part.figures import Constituents, Scene, View
from part.jets import complete, count_jets, detect_dataset, labels, select
from part.jets.schema import MAX_CONSTITUENTS, Dataset
from part.models.cards import native_only
from part.models.checkpoint import SHIPPED, checkpoints_in, shipped
from part.models.precision import split_precision
from part.tagger import Tagger
from part.training import runs

BadInput = (PartError, FileRefused)  # what the user can mend; every other error is ours
CHUNK = 4096  # jets read at a time
MAX_BROWSED = 100_000  # jets of a file that can be chosen
LATENCY_PASSES = 3
FIRST_MODEL = "part-full"


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


@st.cache_resource(max_entries=1, show_spinner=False)
def _worker() -> ThreadPoolExecutor:
    threads = int(os.environ.get("PARTSCOPE_THREADS", "1"))
    return ThreadPoolExecutor(1, "models", initializer=torch.set_num_threads, initargs=(threads,))


def run(function, *args):
    """Run on the models' thread, behind whatever others asked for before."""
    return _worker().submit(function, *args).result()


@st.cache_resource(max_entries=1, show_spinner=False)
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "ahead")


def ahead(function: Callable, *args) -> Future:
    """Do in the background what may be asked for next, to find it cached; its errors do not matter."""
    return _helper().submit(function, *args)


def sample(file: JetFile) -> Sample:
    """Jet-level numbers of a file. Raises BadInput."""
    return _sample(file.sha256, file)


@st.cache_resource(max_entries=16, show_spinner="Reading the file …")
def _sample(sha256: str, _file: JetFile) -> Sample:
    with named(_file):
        total = count_jets(_file.path)
        pt, n, truth = [], [], []
        for start in range(0, min(total, MAX_BROWSED), CHUNK):
            jets = part.read_jets(_file.path, start, min(start + CHUNK, MAX_BROWSED))
            dataset = detect_dataset(jets)
            pt.append(ak.to_numpy(complete(jets)["jet_pt"]))
            n.append(ak.to_numpy(ak.num(jets["part_px"])))
            truth.append(None if dataset is None else labels(jets, dataset))
    known = np.concatenate(truth) if all(t is not None for t in truth) else None
    return Sample(dataset, np.concatenate(pt), np.concatenate(n), known, total)


@st.cache_resource(max_entries=8, show_spinner=False)
def chunk(sha256: str, index: int, _file: JetFile) -> ak.Array:
    """The jets from entry `index` * CHUNK on; sha256: the file's."""
    with named(_file):
        return part.read_jets(_file.path, index * CHUNK, (index + 1) * CHUNK)


def _jets(file: JetFile, entries: list[int]) -> ak.Array:
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


def _checkpoints() -> dict[str, Path]:
    """Names -> files: those that ship, then those in PARTSCOPE_CHECKPOINTS, then those of training runs."""
    folder = os.environ.get("PARTSCOPE_CHECKPOINTS")
    theirs = checkpoints_in(Path(folder)) if folder and Path(folder).is_dir() else {}
    ours = checkpoints_in(SHIPPED)
    return ours | {name: path for name, path in theirs.items() if name not in ours} | runs.checkpoints(runs_folder())


def model_names() -> list[str]:
    """All on offer, then all of them in bfloat16; the one that is shown unless another is asked for comes first."""
    known = _checkpoints()
    names = sorted(known, key=lambda name: name != FIRST_MODEL)
    return names + [f"{name}@bf16" for name in names if not native_only(known[name])]


def tagger(name: str, file: JetFile) -> Tagger:
    """A model on offer; of weights for two classes the jets tell which they are. Raises BadInput."""
    stem, precision = split_precision(name)
    path = _checkpoints().get(stem)
    if path is None:
        raise PartError(f"There is no model {name[:100]}; choose one of {', '.join(_checkpoints())}.")
    status, dataset = path.stat(), sample(file).dataset
    return _tagger(f"{path}@{precision}", status.st_mtime_ns, status.st_size, dataset.name if dataset else None)


@st.cache_resource(max_entries=8, show_spinner=False)
def _tagger(path: str, modified: int, size: int, dataset: str | None) -> Tagger:
    try:
        return part.load_model(path, dataset=dataset)
    except PartError:
        return part.load_model(path)


def scene_of(file: JetFile, entry: int, model: str) -> Scene:
    """A jet as a model saw it. Raises BadInput, for instance when the jets lack what the model needs."""
    chosen = tagger(model, file)
    return _scene(file.sha256, entry, chosen.identity, model, file, chosen)


@st.cache_resource(max_entries=24, show_spinner=False)
def _scene(sha256: str, entry: int, weights: str, name: str, _file: JetFile, _tagger: Tagger) -> Scene:
    jet = _jets(_file, [entry])
    with named(_file):
        trace = run(_tagger.trace, jet).jet(0)
        return figures.scene(_tagger, jet, trace, _constituents(sha256, entry, _file), name=name)


@st.cache_resource(max_entries=24, show_spinner=False)
def _constituents(sha256: str, entry: int, _file: JetFile) -> Constituents:
    return figures.constituents(select(_jets(_file, [entry]))[0])


def latency(file: JetFile, entry: int, model: str) -> float:
    """Seconds that `predict` takes for one jet of about this length: the median of three, measured once."""
    chosen, jet = tagger(model, file), _jets(file, [entry])
    length = min(len(jet[0]["part_px"]), MAX_CONSTITUENTS)
    return _latency(chosen.identity, length // 16, jet, chosen)


@st.cache_resource(max_entries=128, show_spinner=False)
def _latency(weights: str, length: int, _jet: ak.Array, _tagger: Tagger) -> float:
    def timed() -> float:
        times = []
        for _ in range(LATENCY_PASSES):
            start = time.perf_counter()
            _tagger.predict(_jet)
            times.append(time.perf_counter() - start)
        return float(np.median(times))

    return run(timed)


@st.cache_data(max_entries=48, show_spinner=False)
def mosaic_pixels(key: str, bounds: tuple[float, float] | None, theme: str, _scene: Scene, _view: View) -> bytes:
    """The mosaic for the canvas; `key` tells jet, model and view apart by content."""
    return figures.mosaic_bytes(figures.figure_data(_scene, _view, bounds), theme, key)


@st.cache_resource(max_entries=16, show_spinner=False)
def _known_classes(sha256: str, weights: str, n: int) -> np.ndarray:
    return np.full(n, -1)  # a growing table of what was predicted; entries are only ever filled in


def predicted(file: JetFile, entries: list[int], model: str) -> np.ndarray:
    """Class indices that a model gives to jets of a file; each jet is classified once."""
    chosen, n = tagger(model, file), len(sample(file))
    known = _known_classes(file.sha256, chosen.identity, n)
    missing = [entry for entry in entries if known[entry] < 0]
    if missing:
        with named(file):
            known[missing] = run(chosen.predict, _jets(file, missing)).argmax(axis=1)
    return known[entries]


def render_export(
    file: JetFile,
    shown: str,
    entry: int,
    model: str,
    view: View,
    bounds: tuple[float, float] | None,
    kind: str,
) -> bytes:
    """One exported file of a figure; kind is one of `export.FORMATS` or "zip" for all of them.

    shown: the jets' file as the user knows it, for an upload its own name. bounds: the page's limits.
    """
    chosen, jet = tagger(model, file), _jets(file, [entry])
    stem, _ = split_precision(model)
    weights = model if stem in shipped() else _below_root(chosen.path) + model.removeprefix(stem)
    jets = shown if file.uploaded else _below_root(file.path)
    with named(file):
        origin = export.origin(chosen, weights, jets, entry, view, jets_sha256=file.sha256, name=model)
        made = run(export.make, chosen, jet, origin, bounds)
    return export.bundle(made) if kind == "zip" else export.render(made, kind)


def _below_root(path: Path) -> str:
    """As one would write it in the project's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
