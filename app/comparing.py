"""Comparisons of models in the background; beside `backend` the app's only way into the library.

A comparison is a thread that hands the models' thread a few jets at a time, so that others get their turns.
Finished ones are kept, by the content of file and weights and by the entries.
"""

import hashlib
import io
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from app.backend import CHUNK, chunk, named, run, sample, tagger
from app.files import JetFile
from part import compare
from part.analysis.comparison import AttentionChange
from part.compare import Comparison, text
from part.figures.screen import comparison as draw
from part.performance.cost import BATCH, Cost, cost
from part.tagger import Tagger

__all__ = ["AttentionChange", "Comparison", "Tagger", "draw", "text"]
FEWEST = compare.FEWEST
BLOCK = 64  # jets a model takes in one turn
KEPT = 16  # comparisons
TRACE_WORK, TIMING_WORK = 4, 150  # about how many predictions a traced jet, and timing a model, are worth


class Cancelled(Exception):
    """Somebody did not want to wait for it."""


class Job:
    """A comparison: its thread writes, pages read. `result` and `error` are None until it ends."""

    def __init__(self, work: int):
        self.stage, self.result, self.error = "Waiting for the models", None, None
        self._work, self._done, self._stop = work, 0, threading.Event()

    @property
    def share(self) -> float:
        return min(self._done / self._work, 1.0)

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    @property
    def running(self) -> bool:
        return self.result is None and self.error is None and not self.cancelled

    def cancel(self) -> None:
        self._stop.set()

    def step(self, stage: str, done: int) -> None:
        """Tell what is being done, and how much work was. Raises Cancelled."""
        if self.cancelled:
            raise Cancelled
        self.stage, self._done = stage, done


def models_of(names: tuple[str, ...], file: JetFile) -> dict[str, Tagger]:
    """The models by name, if they can be compared. Raises BadInput."""
    models = {name: tagger(name, file) for name in names}
    compare.check_comparable(models)
    return models


def find(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Job | None:
    """The comparison of these models on these jets, if anyone has asked for it."""
    job = _jobs().get(_key(file, entries, models))
    return None if job is None or job.cancelled else job


def start(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Job:
    """Begin a comparison, or find the one that is under way."""
    jobs, key = _jobs(), _key(file, entries, models)
    with _lock():
        job = jobs.get(key)
        if job is None or job.cancelled or job.error:
            traced = min(len(entries), compare.ATTENTION_JETS)
            job = Job(len(models) * (len(entries) + TIMING_WORK + TRACE_WORK * traced))
            jobs[key] = job
            threading.Thread(target=_work, args=(job, file, entries, models), daemon=True).start()
        jobs.move_to_end(key)
        for old in [k for k, j in jobs.items() if not j.running][: max(0, len(jobs) - KEPT)]:
            del jobs[old]
    return job


@st.cache_resource(max_entries=1, show_spinner=False)
def _jobs() -> OrderedDict[tuple, Job]:
    return OrderedDict()


@st.cache_resource(max_entries=1, show_spinner=False)
def _lock() -> threading.Lock:
    return threading.Lock()


def _key(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> tuple:
    return file.sha256, _digest(entries), tuple((name, model.identity) for name, model in models.items())


def _digest(entries: np.ndarray) -> str:
    return hashlib.sha256(entries.astype("<i8").tobytes()).hexdigest()


def _work(job: Job, file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> None:
    try:
        with named(file):
            job.result = _compare(job, file, entries, models)
    except Cancelled:
        return
    except Exception as error:  # the page tells it
        job.error = error


def _compare(job: Job, file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Comparison:
    known, about, done = sample(file), (file.sha256, _digest(entries)), 0
    scores, costs = [], []
    for name, model in models.items():
        told = partial(_tell_jets, job, name, done, len(entries))
        scores.append(_scores(*about, model.identity, file, entries, model, told))
        done += len(entries)
        job.step(f"{name}: time and memory", done)
        costs.append(_cost(*about, model.identity, file, entries, model))
        done += TIMING_WORK
    attention = compare.AttentionChanges(models, run)
    some = np.unique(np.linspace(0, len(entries) - 1, compare.ATTENTION_JETS).astype(int))
    for rows, jets in _blocks(file, entries[some], compare.TRACED) if attention.wanted else ():
        job.step(f"Attention on {len(some)} jets", done)
        attention.add(jets)
        done += len(models) * TRACE_WORK * len(rows)
    first = next(iter(models.values()))
    truth = None if known.truth is None or known.dataset != first.dataset else known.truth[entries]
    job.step("Intervals", done)
    return compare.compare(
        list(models),
        first.dataset,
        np.stack(scores),
        truth,
        costs,
        attention.found,
        len(some),
        told=lambda draws: job.step("Intervals", done),
    )


def _tell_jets(job: Job, name: str, before: int, total: int, done: int) -> None:
    job.step(f"{name}: {done:,} of {total:,} jets".replace(",", " "), before + done)


@st.cache_resource(max_entries=32, show_spinner=False)
def _scores(
    sha256: str,
    digest: str,
    weights: str,
    _file: JetFile,
    _entries: np.ndarray,
    _tagger: Tagger,
    _told: Callable[[int], None],
) -> np.ndarray:
    """Probabilities (J, C) of the entries."""
    found = np.empty((len(_entries), len(_tagger.dataset.labels)), np.float32)
    done = 0
    for rows, jets in _blocks(_file, _entries, BLOCK):
        _told(done)
        found[rows] = run(_tagger.predict, jets)
        done += len(rows)
    return found


@st.cache_resource(max_entries=32, show_spinner=False)
def _cost(sha256: str, digest: str, weights: str, _file: JetFile, _entries: np.ndarray, _tagger: Tagger) -> Cost:
    _, jets = next(_blocks(_file, _entries[:BATCH], BATCH))
    return cost(_tagger, jets, run)


def _blocks(file: JetFile, entries: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, ak.Array]]:
    """Places among the entries, and the jets there, `size` at a time: those of like length together."""
    lengths = sample(file).n[entries]
    for index in np.unique(entries // CHUNK):
        rows = np.flatnonzero(entries // CHUNK == index)
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        jets = chunk(file.sha256, int(index), file)
        for at in range(0, len(rows), size):
            some = rows[at : at + size]
            yield some, jets[entries[some] % CHUNK]


def export(comparison: Comparison, shown: str, entries: np.ndarray, kind: str) -> bytes:
    """The numbers: "json" all but the jets, "csv" a row a model, "parquet" a row a jet. shown: the file's name."""
    if kind == "parquet":
        columns = compare.jet_columns(comparison.names, comparison.dataset, comparison.probabilities, comparison.truth)
        table = pa.table({"entry": entries} | columns)
        buffer = io.BytesIO()
        pq.write_table(table, buffer)
        return buffer.getvalue()
    if kind == "csv":
        return compare.csv_text(comparison).encode()
    told = {"jets": shown, "entries": entries.tolist()} | compare.summary(comparison)
    return json.dumps(told, indent=1, ensure_ascii=False).encode()
