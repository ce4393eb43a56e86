"""Models on offer, the thread that runs them, and what they predict.

One thread runs all models, so that visitors take turns; one thread suffices for single jets and does not stall beside
other work.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch

from app.services.caching import cached
from app.services.files import ROOT, JetFile, runs_folder
from app.services.jets import error_context, jets_at, load_sample
from part.benchmarking.timing import time_call, time_one
from part.errors import PartError
from part.inference.capabilities import lacks
from part.inference.loading import load_model
from part.inference.tagger import Tagger
from part.jets.schema import MAX_CONSTITUENTS
from part.models.checkpoints.cards import native_only
from part.models.checkpoints.catalogue import BUNDLED, bundled_names, checkpoints_in
from part.models.numerics.precision import cpu_supports_bf16, parse_model_name
from part.training.runs.folder import run_checkpoints

FIRST_MODEL = "part-full"
LATENCY_PASSES = 3
LENGTH_BIN = 16  # constituents: jets whose lengths differ by less share a latency
THREADS = int(os.environ.get("PARTSCOPE_THREADS", "1"))
torch.set_num_threads(THREADS)  # else loading a model, hundreds of small copies, waits for a second thread at each


@cached(max_entries=1)
def _model_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "models", initializer=torch.set_num_threads, initargs=(THREADS,))


def run_on_model_thread(function: Callable, *args):
    """Call a function on the models' thread, after the calls queued before it, and return its result."""
    return _model_thread().submit(function, *args).result()


@cached(max_entries=1)
def _prefetch_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "prefetch")


def prefetch(function: Callable, *args) -> Future:
    """Compute in the background what may be needed next, so that it is cached by then; errors do not matter."""
    return _prefetch_thread().submit(function, *args)


def _checkpoints() -> dict[str, Path]:
    """Return files by name: shipped checkpoints, then those in PARTSCOPE_CHECKPOINTS, then those of training runs."""
    folder = os.environ.get("PARTSCOPE_CHECKPOINTS")
    configured = checkpoints_in(Path(folder)) if folder and Path(folder).is_dir() else {}
    shipped = checkpoints_in(BUNDLED)
    others = {name: path for name, path in configured.items() if name not in shipped}
    return shipped | others | run_checkpoints(runs_folder())


def model_names() -> list[str]:
    """Return all models on offer, the default first, and then those that can run in bfloat16."""
    checkpoints = _checkpoints()
    names = sorted(checkpoints, key=lambda name: name != FIRST_MODEL)
    return names + [f"{name}@bf16" for name in names if cpu_supports_bf16() or not native_only(checkpoints[name])]


def load_tagger(name: str, file: JetFile) -> Tagger:
    """Return a model on offer.

    Weights for two classes do not say which; then the labels of the jets decide. Raises PartError.
    """
    path, precision = _checkpoint(name)
    status, dataset = path.stat(), load_sample(file).dataset
    return _load(f"{path}@{precision}", status.st_mtime_ns, status.st_size, dataset.name if dataset else None)


@cached(max_entries=8)
def _load(path: str, modified: int, size: int, dataset: str | None) -> Tagger:
    try:
        return load_model(path, dataset=dataset)
    except PartError:
        return load_model(path)


def _checkpoint(name: str) -> tuple[Path, str]:
    """Return file and precision of a model on offer. Raises PartError."""
    stem, precision = parse_model_name(name)
    checkpoints = _checkpoints()
    if stem not in checkpoints:
        raise PartError(f"There is no model {name[:100]}; choose one of {', '.join(checkpoints)}.")
    return checkpoints[stem], precision


def command_line_name(name: str) -> str:
    """Return what the library and the commands call a model on offer. Raises PartError."""
    path, _ = _checkpoint(name)
    stem, _ = parse_model_name(name)
    return name if stem in bundled_names() else relative_to_root(path) + name.removeprefix(stem)


def relative_to_root(path: Path) -> str:
    """Return a path as one would type it in the project's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def missing_capability(model: Tagger, *capabilities: str) -> str | None:
    """Return a sentence on the first capability that a model lacks, see `part.inference.capabilities`, or None."""
    reasons = (lacks(model.config, capability) for capability in capabilities)
    reason = next(filter(None, reasons), None)
    return reason and f"{reason[0].upper()}{reason[1:]}."


def latency_key(model: Tagger, n: int) -> tuple[str, int]:
    """Return what the latency of a model depends on, for a jet of n constituents."""
    return model.cache_key, min(n, MAX_CONSTITUENTS) // LENGTH_BIN


def latency(file: JetFile, entry: int, model: Tagger) -> float:
    """Return the seconds that `predict` takes for one jet of about this length: the median of three, measured once."""
    jet = jets_at(file, [entry])
    return _latency(model, latency_key(model, len(jet[0]["part_px"]))[1], jet)


@cached(max_entries=128)
def _latency(model: Tagger, length_bin: int, _jet) -> float:
    call = partial(time_call, partial(model.predict, _jet), model.device)
    return run_on_model_thread(time_one, call, LATENCY_PASSES).median


@cached(max_entries=16)
def _predicted_classes(file: JetFile, model: Tagger, n: int) -> np.ndarray:
    return np.full(n, -1)  # a growing table of predictions, -1 where there is none yet; entries are only ever filled in


def predicted_classes(file: JetFile, entries: list[int], model: Tagger) -> np.ndarray:
    """Return the class indices that a model predicts for jets of a file; each jet is classified once."""
    table = _predicted_classes(file, model, len(load_sample(file)))
    missing = [entry for entry in entries if table[entry] < 0]
    if missing:
        with error_context(file):
            table[missing] = run_on_model_thread(model.predict, jets_at(file, missing)).argmax(axis=1)
    return table[entries]
