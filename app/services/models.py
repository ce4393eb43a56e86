"""Models, figures and exports: one of the app's ways into the library.

Caches are keyed by content: hashes of jets and of weights.
What is cached is shared by all sessions and never changed. One worker thread runs the models, so that users
take turns; one thread suffices for single jets and does not stall beside other work.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import awkward as ak
import numpy as np
import streamlit as st
import torch

import part
from app.services.files import ROOT, FileRefused, JetFile, runs_folder
from app.services.jets import jets_at, named, sample
from part import export, figures
from part.benchmarking.timing import of_one, one_pass
from part.errors import PartError
from part.figures import Constituents, Scene, View
from part.inference.tagger import Tagger
from part.jets import select
from part.jets.schema import MAX_CONSTITUENTS
from part.models.checkpoints.cards import native_only
from part.models.checkpoints.checkpoint import SHIPPED, checkpoints_in, shipped
from part.models.numerics.precision import multiplies_bf16, split_precision
from part.training.runs import runs

BadInput = (PartError, FileRefused)  # what the user can mend; every other error is ours
LATENCY_PASSES = 3
THREADS = int(os.environ.get("PARTSCOPE_THREADS", "1"))
torch.set_num_threads(THREADS)  # else loading a model, hundreds of small copies, waits for a second thread at each
FIRST_MODEL = "part-full"


@st.cache_resource(max_entries=1, show_spinner=False)
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "models", initializer=torch.set_num_threads, initargs=(THREADS,))


def run(function, *args):
    """Run on the models' thread, behind whatever others asked for before."""
    return _worker().submit(function, *args).result()


@st.cache_resource(max_entries=1, show_spinner=False)
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "ahead")


def ahead(function: Callable, *args) -> Future:
    """Do in the background what may be asked for next, to find it cached; its errors do not matter."""
    return _helper().submit(function, *args)


def _checkpoints() -> dict[str, Path]:
    """Names -> files: those that ship, then those in PARTSCOPE_CHECKPOINTS, then those of training runs."""
    folder = os.environ.get("PARTSCOPE_CHECKPOINTS")
    theirs = checkpoints_in(Path(folder)) if folder and Path(folder).is_dir() else {}
    ours = checkpoints_in(SHIPPED)
    return ours | {name: path for name, path in theirs.items() if name not in ours} | runs.checkpoints(runs_folder())


def model_names() -> list[str]:
    """All on offer, then those that run in bfloat16; the one that is shown unless another is asked for comes first."""
    known = _checkpoints()
    names = sorted(known, key=lambda name: name != FIRST_MODEL)
    return names + [f"{name}@bf16" for name in names if multiplies_bf16() or not native_only(known[name])]


def tagger(name: str, file: JetFile) -> Tagger:
    """A model on offer; of weights for two classes the jets tell which they are. Raises BadInput."""
    path, precision = _checkpoint(name)
    status, dataset = path.stat(), sample(file).dataset
    return _tagger(f"{path}@{precision}", status.st_mtime_ns, status.st_size, dataset.name if dataset else None)


def _checkpoint(name: str) -> tuple[Path, str]:
    """File and precision of a model on offer. Raises BadInput."""
    stem, precision = split_precision(name)
    path = _checkpoints().get(stem)
    if path is None:
        raise PartError(f"There is no model {name[:100]}; choose one of {', '.join(_checkpoints())}.")
    return path, precision


def weights_name(name: str) -> str:
    """What the library and the commands call a model on offer. Raises BadInput."""
    path, _ = _checkpoint(name)
    stem, _ = split_precision(name)
    return name if stem in shipped() else _below_root(path) + name.removeprefix(stem)


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
    jet = jets_at(_file, [entry])
    with named(_file):
        trace = run(_tagger.trace, jet).jet(0)
        return figures.scene(_tagger, jet, trace, _constituents(sha256, entry, _file), name=name)


@st.cache_resource(max_entries=24, show_spinner=False)
def _constituents(sha256: str, entry: int, _file: JetFile) -> Constituents:
    return figures.constituents(select(jets_at(_file, [entry]))[0])


def latency(file: JetFile, entry: int, model: str) -> float:
    """Seconds that `predict` takes for one jet of about this length: the median of three, measured once."""
    chosen, jet = tagger(model, file), jets_at(file, [entry])
    length = min(len(jet[0]["part_px"]), MAX_CONSTITUENTS)
    return _latency(chosen.identity, length // 16, jet, chosen)


@st.cache_resource(max_entries=128, show_spinner=False)
def _latency(weights: str, length: int, _jet: ak.Array, _tagger: Tagger) -> float:
    def timed() -> float:
        return of_one(partial(one_pass, partial(_tagger.predict, _jet), _tagger.device), LATENCY_PASSES).median

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
            known[missing] = run(chosen.predict, jets_at(file, missing)).argmax(axis=1)
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
    chosen, jet = tagger(model, file), jets_at(file, [entry])
    jets = shown if file.uploaded else _below_root(file.path)
    with named(file):
        origin = export.origin(chosen, weights_name(model), jets, entry, view, jets_sha256=file.sha256, name=model)
        made = run(export.make, chosen, jet, origin, bounds)
    return export.bundle(made) if kind == "zip" else export.render(made, kind)


def _below_root(path: Path) -> str:
    """As one would write it in the project's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
