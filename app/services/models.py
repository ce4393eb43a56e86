"""Models on offer, the thread that runs them, and what they predict.

One thread runs all models, so that visitors take turns; one thread suffices for single jets and does not stall beside
other work.
"""

import os
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.services.caching import cached
from app.services.files import ROOT, JetFile, runs_folder
from app.services.jets import error_context, jets_at, load_sample
from app.services.uploads import training_folder
from part.errors import PartError, UndecidedError
from part.inference.assumptions import CHOICES, choices
from part.inference.capabilities import lacks
from part.inference.loading import load_model
from part.inference.tagger import Tagger
from part.models.backends.native.compile import ready_libraries
from part.models.checkpoints.catalogue import BUNDLED, bundled_names, checkpoints_in, list_checkpoints
from part.models.checkpoints.training_files import trainings_in
from part.models.numerics.precision import parse_model_name
from part.training.runs.folder import run_checkpoints

FIRST_MODEL = "part-full"
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


def end_threads() -> None:
    """Drop what is queued and wait for what runs, before a process ends that no thread inside torch may outlive."""
    for executor in (_prefetch_thread(), _model_thread()):
        executor.shutdown(wait=True, cancel_futures=True)


def list_again() -> None:
    """Let the next question for the models on offer look at the folders again, as each opening of a page does."""
    _list_checkpoints.cache_clear()


def _checkpoints() -> dict[str, Path]:
    """Return files and folders of trainings by name: shipped checkpoints, those in PARTSCOPE_CHECKPOINTS, and runs."""
    half_second = int(2 * time.monotonic())
    return _list_checkpoints(os.environ.get("PARTSCOPE_CHECKPOINTS"), runs_folder(), half_second)[0]


def left_out() -> dict[str, str]:
    """Return what is in PARTSCOPE_CHECKPOINTS and cannot be on offer, each with its reason."""
    half_second = int(2 * time.monotonic())
    return _list_checkpoints(os.environ.get("PARTSCOPE_CHECKPOINTS"), runs_folder(), half_second)[1]


@lru_cache(maxsize=4)  # a page asks for them a dozen times
def _list_checkpoints(folder: str | None, runs: Path, _half_second: int) -> tuple[dict[str, Path], dict[str, str]]:
    configured, left_out = list_checkpoints(Path(folder)) if folder else ({}, {})
    configured |= trainings_in(Path(folder)) if folder else {}
    shipped = checkpoints_in(BUNDLED)
    others = {name: path for name, path in configured.items() if name not in shipped}
    return shipped | others | run_checkpoints(runs), left_out


def model_names() -> list[str]:
    """Return all models on offer, the default first, and then the same in bfloat16."""
    names = sorted(_checkpoints(), key=lambda name: name != FIRST_MODEL)
    return names + [f"{name}@bf16" for name in names]


def split_options(name: str) -> tuple[str, dict[str, Any]]:
    """Split "training[KEYWORD=VALUE]@bf16" into "training@bf16" and what the user chose of it.

    Only keywords that can be tried both ways count; a name with any other one is not split.
    """
    stem, _ = parse_model_name(name)
    match = re.fullmatch(r"(.+)\[([^\[\]]+)\]", stem)
    pairs = dict(pair.split("=", 1) for pair in match[2].split(",") if "=" in pair) if match else {}
    chosen = {
        keyword: value for keyword, text in pairs.items() for value in CHOICES.get(keyword, ()) if str(value) == text
    }
    if match is None or len(chosen) != len(match[2].split(",")):
        return name, {}
    return match[1] + name.removeprefix(stem), chosen


def join_options(name: str, options: Mapping[str, Any]) -> str:
    """Return the inverse of `split_options`."""
    if not options:
        return name
    stem, _ = parse_model_name(name)
    return f"{stem}[{','.join(f'{key}={value}' for key, value in options.items())}]{name.removeprefix(stem)}"


def is_offered(name: str) -> bool:
    """Return whether a model is on offer, whatever the user chose of what its weights do not tell."""
    return split_options(name)[0] in model_names()


def load_tagger(name: str, file: JetFile) -> Tagger:
    """Return a model on offer.

    Weights for two classes do not say which; then the labels of the jets decide. Raises PartError.
    """
    base, options = split_options(name)
    tagger = load_assumed(base, file)
    if not options:
        return tagger
    if told := sorted(set(options) - set(choices(tagger))):
        raise PartError(f"{base} says its {told[0]} itself; there is nothing to choose.")
    path, precision = _checkpoint(base)
    dataset = tagger.dataset.name if tagger.dataset.feature_sets else None  # None of classes of its own
    return _load(f"{path}@{precision}", _version(path), dataset, tuple(options.items()))


def load_assumed(name: str, file: JetFile) -> Tagger:
    """Return a model on offer as it is read without any choice of the user's. Raises PartError."""
    path, precision = _checkpoint(split_options(name)[0])
    try:
        return _load(f"{path}@{precision}", _version(path), None, ())
    except UndecidedError as error:
        dataset = load_sample(replace(file, config=None, dataset=None)).dataset
        try:
            return _load(f"{path}@{precision}", _version(path), dataset.name if dataset else None, ())
        except PartError:
            raise PartError(f"{error.sentence}; choose jets with labels of one of them, which decide it.") from None


def _version(path: Path) -> tuple:
    """Return when a file, or the files of a folder, changed last, their size, and what compiled code there is."""
    states = [inner.stat() for inner in (path.iterdir() if path.is_dir() else [path])]
    times, sizes = [state.st_mtime_ns for state in states], [state.st_size for state in states]
    return max(times), sum(sizes), _ready_libraries(int(2 * time.monotonic()))


@lru_cache(maxsize=1)  # a page loads its models a dozen times, and finding the compiler takes a while
def _ready_libraries(_half_second: int) -> tuple[str, ...]:
    return ready_libraries()


@cached(max_entries=24)  # as many as ship, of some 20 MB each, so that visitors do not displace each other's
def _load(path: str, version: tuple, dataset: str | None, options: tuple[tuple[str, Any], ...]) -> Tagger:
    return load_model(path, dataset=dataset, options=dict(options) or None)


def read_by(name: str, file: JetFile) -> JetFile:
    """Return a file as a model on offer reads it. Raises PartError."""
    return file.for_model(load_tagger(name, file))


def _checkpoint(name: str) -> tuple[Path, str]:
    """Return file or folder, and precision, of a model on offer. Raises PartError."""
    stem, precision = parse_model_name(name)
    checkpoints = _checkpoints()
    if stem not in checkpoints and (uploaded := training_folder(stem)):
        return uploaded, precision
    if stem not in checkpoints:
        raise PartError(f"There is no model {name[:100]}; choose one of {', '.join(checkpoints)}.")
    return checkpoints[stem], precision


def checkpoint_path(name: str) -> Path:
    """Return the file or folder of a model on offer. Raises PartError."""
    return _checkpoint(name)[0]


def command_line_name(name: str) -> str:
    """Return what the library and the commands call a model on offer. Raises PartError."""
    name, _ = split_options(name)
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


@cached(max_entries=16)
def _predicted_classes(file: JetFile, model: Tagger, n: int) -> np.ndarray:
    return np.full(n, -1)  # a growing table of predictions, -1 where there is none yet; entries are only ever filled in


def predicted_classes(file: JetFile, entries: list[int], model: Tagger) -> np.ndarray:
    """Return the class indices that a model predicts for jets of a file; each jet is classified once."""
    file = file.for_model(model)
    table = _predicted_classes(file, model, len(load_sample(file)))
    missing = [entry for entry in entries if table[entry] < 0]
    if missing:
        with error_context(file):
            table[missing] = run_on_model_thread(model.predict, jets_at(file, missing)).argmax(axis=1)
    return table[entries]
