"""Comparisons of models in the background; one of the app's ways into the library.

A comparison is a job; it is found again by the content of file and weights and by the entries.
"""

import io
import json
from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from app.services import jobs
from app.services.files import JetFile
from app.services.jets import blocks, named, sample
from app.services.jobs import Job
from app.services.models import run, tagger
from part import comparison as compare
from part.analysis.statistics.divergence import AttentionChange
from part.benchmarking.cost import BATCH, Cost, cost
from part.comparison import Comparison, text
from part.figures.plotly import comparison as draw
from part.inference.tagger import Tagger

__all__ = ["AttentionChange", "Comparison", "Tagger", "draw", "text"]
FEWEST = compare.FEWEST
BLOCK = 64  # jets a model takes in one turn
TRACE_WORK, TIMING_WORK = 4, 150  # about how many predictions a traced jet, and timing a model, are worth


def models_of(names: tuple[str, ...], file: JetFile) -> dict[str, Tagger]:
    """The models by name, if they can be compared. Raises BadInput."""
    models = {name: tagger(name, file) for name in names}
    compare.check_comparable(models)
    return models


def find(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Job | None:
    """The comparison of these models on these jets, if anyone has asked for it."""
    return jobs.find(_key(file, entries, models))


def start(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Job:
    """Begin a comparison, or find the one that is under way."""
    traced = min(len(entries), compare.ATTENTION_JETS)
    work = len(models) * (len(entries) + TIMING_WORK + TRACE_WORK * traced)
    return jobs.start(_key(file, entries, models), work, partial(_work, file, entries, models))


def _key(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> tuple:
    return "compare", file.sha256, jobs.digest(entries), tuple((name, model.identity) for name, model in models.items())


def _work(file: JetFile, entries: np.ndarray, models: dict[str, Tagger], job: Job) -> Comparison:
    with named(file):
        return _compare(job, file, entries, models)


def _compare(job: Job, file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Comparison:
    known, about, done = sample(file), (file.sha256, jobs.digest(entries)), 0
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
    for rows, jets in blocks(file, entries[some], compare.TRACED) if attention.wanted else ():
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
    for rows, jets in blocks(_file, _entries, BLOCK):
        _told(done)
        found[rows] = run(_tagger.predict, jets)
        done += len(rows)
    return found


@st.cache_resource(max_entries=32, show_spinner=False)
def _cost(sha256: str, digest: str, weights: str, _file: JetFile, _entries: np.ndarray, _tagger: Tagger) -> Cost:
    _, jets = next(blocks(_file, _entries[:BATCH], BATCH))
    return cost(_tagger, jets, run)


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
