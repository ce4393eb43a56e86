"""Heads of compared models, matched by what they attend to: a job of its own beside the comparison."""

import time
from functools import partial

import numpy as np

from app.services import estimates, jobs, precomputed
from app.services.caching import digest
from app.services.comparison import EntriesSample, own_jets
from app.services.files import JetFile
from app.services.jets import error_context
from app.services.jobs import Job
from app.services.models import run_on_model_thread
from part.comparison.match_heads import HeadMatchers, HeadMatches, match_heads
from part.comparison.models import ATTENTION_JETS
from part.comparison.samples import evenly_spaced
from part.inference.tagger import Tagger

RELATIVE_COST = 7.0  # of a jet, in predictions by each model


def matched_entries(entries: np.ndarray) -> np.ndarray:
    """Return those of the compared entries on which heads are matched, the same as for changes of attention."""
    return entries[evenly_spaced(len(entries), ATTENTION_JETS)]


def find(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Job | None:
    """Return the matches on some of these entries, if they were started, come precomputed, or cannot be."""
    matchers = HeadMatchers(models)
    if not matchers.is_possible:
        return jobs.finished("Heads", matchers.result(), "")
    file, entries = own_jets(file, entries, models)
    started = jobs.find(_key(file, entries, models))
    if started:
        return started
    made = precomputed.find(weights(models), file.key, stored_name(models)) if _is_float(models) else None
    return jobs.finished("Heads", made.result, made.date) if made and made.covers(entries) else None


def start(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Job:
    """Start to match heads, or return the job that is running or finished. Raises PartError if too many run."""
    file, entries = own_jets(file, entries, models)
    return jobs.start(_key(file, entries, models), "Heads", partial(_run, file, entries, models))


def estimate(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> float | None:
    """Return about how many seconds it takes to match heads; None where nothing tells."""
    file, entries = own_jets(file, entries, models)
    key, few = estimates.models_key("heads", models), matched_entries(entries)
    return estimates.estimate_jets(key, RELATIVE_COST, models.values(), file, few)


def stored_name(models: dict[str, Tagger]) -> str:
    """Return what the precomputed matches of models are found by, beside their weights and the jets."""
    return f"heads of {'+'.join(models)}"


def weights(models: dict[str, Tagger]) -> str:
    """Return the checksums of the models' weights."""
    return "+".join(model.sha256 for model in models.values())


def _is_float(models: dict[str, Tagger]) -> bool:
    return all(model.precision == "fp32" for model in models.values())


def _key(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> tuple:
    used = tuple((name, model.cache_key) for name, model in models.items())
    return "heads", file.key, digest(matched_entries(entries)), used


def _run(file: JetFile, entries: np.ndarray, models: dict[str, Tagger], job: Job) -> HeadMatches:
    few, begun = matched_entries(entries), time.perf_counter()
    with error_context(file):
        sample = EntriesSample(file, few, next(iter(models.values())).dataset)
        matches = match_heads(models, sample, job, run_on_model_thread)
    estimates.keep_rate(estimates.models_key("heads", models), (time.perf_counter() - begun) / len(few))
    return matches
