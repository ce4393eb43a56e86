"""The times of compared models on this machine, for comparisons that come without: those that were made before."""

from functools import partial

import numpy as np

from app.services import jobs
from app.services.caching import digest
from app.services.comparison import own_jets
from app.services.files import JetFile
from app.services.jets import error_context, jets_at
from app.services.jobs import Job
from app.services.models import run_on_model_thread
from part.benchmarking.cost import BATCH, Cost
from part.comparison.engine import time_models
from part.comparison.result import Comparison
from part.comparison.times import time_text, times_text
from part.inference.tagger import Tagger


def find(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Job | None:
    """Return the measurement of these models' times on the first of these jets, if it was started."""
    file, entries = own_jets(file, entries, models)
    return jobs.find(_key(file, entries, models))


def start(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> Job:
    """Start to time models, or return the measurement that is running or finished."""
    file, entries = own_jets(file, entries, models)
    return jobs.start(_key(file, entries, models), "Times", partial(_run, file, entries, models))


def _key(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> tuple:
    return "times", file.key, digest(entries[:BATCH]), tuple(model.cache_key for model in models.values())


def _run(file: JetFile, entries: np.ndarray, models: dict[str, Tagger], job: Job) -> list[Cost]:
    with error_context(file):
        return time_models(models, jets_at(file, entries[:BATCH].tolist()), job, run_on_model_thread)


def with_times(result: Comparison, job: Job | None) -> Comparison:
    """Return a comparison with the times that a job measured, if it has none of its own."""
    if job is None or job.result is None or are_known(result):
        return result
    return result.with_costs(job.result)


def are_known(result: Comparison) -> bool:
    """Return whether the models of a comparison were timed."""
    return all(cost.is_timed for cost in result.costs)


def sentence(result: Comparison) -> str:
    """Return how the models were timed and whether the times may be quoted; "" where they were not."""
    return times_text(result.costs)


def single(cost: Cost) -> str:
    """Return the milliseconds of one jet with their spread."""
    return time_text(cost, cost.single_timing)


def in_batch(cost: Cost) -> str:
    """Return the milliseconds of a jet in a batch with their spread."""
    return time_text(cost, cost.batch_timing)
