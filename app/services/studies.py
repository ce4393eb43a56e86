"""Studies of models over the chosen jets.

A study is a job; it is found again by the content of file and weights, the entries and the study's own options.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import awkward as ak
import numpy as np

from app.services import estimates, jobs, precomputed
from app.services.caching import digest
from app.services.files import JetFile
from app.services.fitting import UnsuitedError
from app.services.jets import batches, error_context, kept_entries, load_sample
from app.services.jobs import Job
from app.services.models import load_tagger, run_on_model_thread
from app.services.precomputed import Precomputed
from part.analysis.registry import study_class
from part.analysis.results import result_bytes
from part.analysis.study import Batch, Result, Study, check_study, keeps_partial_results, run_study
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.schema import ENTRY


@dataclass(frozen=True, eq=False)
class Task:
    """A study of one model on some entries of a file.

    Attributes
    ----------
    name : str
        What the page calls the model.
    model, study, file, entries
        What is studied.
    """

    name: str
    model: Tagger
    study: Study
    file: JetFile
    entries: np.ndarray

    @property
    def key(self) -> tuple:
        return "study", self.file.key, digest(self.entries), self.model.cache_key, repr(self.study)

    @property
    def job(self) -> Job | None:
        """The job that runs the study, None if it was not started."""
        return jobs.find(self.key)

    @property
    def precomputed(self) -> Precomputed | None:
        """The result that a shipped model comes with, of this study on the first jets of this file."""
        if self.model.precision != "fp32":
            return None
        jet = int(self.entries[0]) if len(self.entries) == 1 else None
        return precomputed.find(self.model.sha256, self.file.key, repr(self.study), jet)

    @property
    def result(self) -> Any:
        """The result, whose class depends on the study: the job's, or until it has finished the precomputed one."""
        if self.job and self.job.result is not None:
            return self.job.result
        return self.precomputed.result if self.precomputed else None

    @property
    def is_precomputed(self) -> bool:
        """Return whether the result was measured before anything was run."""
        return (self.job is None or self.job.result is None) and self.precomputed is not None

    @property
    def can_run(self) -> bool:
        """Return whether there is something left to measure."""
        if self.job is None:
            return self.precomputed is None or not self.precomputed.covers(self.entries)
        return self.job.error is not None or self.job.partial is not None

    @property
    def partial_sentence(self) -> str | None:
        """A sentence on how many jets the result of a cancelled study has; None of any other result."""
        if self.job is None or self.job.partial is None:
            return None
        n, of = len(self.job.partial), len(self.entries)
        return f"Cancelled: this is the result of {n} of the {of} jets, spread over all. Run takes all of them."

    @property
    def keeps_partial_results(self) -> bool:
        """Whether cancelling it leaves the result of the jets so far."""
        return keeps_partial_results(self.study)

    def estimate(self) -> float | None:
        """Return about how many seconds it will take; None where nothing tells."""
        return estimates.estimate(self.study, self.model, self.file, self.entries)

    def start(self) -> Job:
        return jobs.start(self.key, self.name, self._run)

    def _run(self, job: Job) -> Result:
        progress, begun = _Progress(job, self.study.n_passes), time.perf_counter()
        with error_context(self.file):
            result = run_study(
                self.study,
                self.model,
                partial(self._batches, progress.rows),
                len(self.entries),
                progress,
                execute=run_on_model_thread,
            )
        taken = np.concatenate(progress.rows)
        if len(taken) < len(self.entries):
            job.partial = self.entries[np.sort(taken)]
        seconds, n_passes = time.perf_counter() - begun, self.study.n_passes
        done = (n_passes - 1) * len(self.entries) + len(taken)
        estimates.keep_rate(estimates.study_key(self.study, self.model), seconds * n_passes / done)
        return result

    def _batches(self, all_rows: list[np.ndarray]) -> Iterator[Batch]:
        """Yield the batches of a pass, and append to a list, anew in each pass, which of the entries they have."""
        truth = load_sample(self.file).truth_for(self.model.dataset)
        all_rows.clear()
        for rows, jets in batches(self.file, self.entries, self.study.batch_size):
            all_rows.append(rows)
            entries = self.entries[rows]
            if ENTRY not in jets.fields:
                jets = ak.with_field(jets, entries, ENTRY)
            yield jets, None if truth is None else truth[entries]


class _Progress:
    """The progress of a job over all passes of a study, of which each begins with no jets done."""

    def __init__(self, job: Job, n_passes: int):
        self._job, self._n_passes, self._passes = job, n_passes, 0
        self.rows: list[np.ndarray] = []  # of the present pass

    def __call__(self, stage: str, done: int, total: int) -> None:
        self._passes += not done
        fraction = (self._passes - 1 + done / total) / self._n_passes
        jets = f"{done:,} of {total:,} jets".replace(",", " ")
        step = f", pass {self._passes} of {self._n_passes}" if self._n_passes > 1 else ""
        self._job.report(f"{self._job.name}: {jets}{step}", fraction)


def task(model: str, study: str, file: JetFile, entries: np.ndarray, **options) -> Task:
    """Return a study of a model on offer; nothing is computed yet.

    Parameters
    ----------
    model : str
        The name of a model on offer.
    study : str
        A name in `part.analysis.registry`.
    file, entries
        The jets.
    **options
        The study's fields.

    Raises
    ------
    UnsuitedError
        For a model that cannot be studied so.
    PartError
        For a model that cannot take the jets. Entries that are no jets as the model
        reads them are left out.
    """
    tagger, chosen = load_tagger(model, file), study_class(study)(**options)
    try:
        check_study(chosen, tagger)
    except PartError as error:
        raise UnsuitedError(str(error)) from error
    own = file.for_model(tagger)
    return Task(model, tagger, chosen, own, kept_entries(own, entries))


def export(task: Task, shown_name: str, kind: str, filters: Sequence[str] = ()) -> bytes:
    """Return the result as a file: "json" with provenance, "csv" the table, "npz" the arrays.

    shown_name is the jets' file as the user knows it, and filters says in words which of its jets were taken.
    """
    assert task.result is not None
    provenance = {"study": repr(task.study), "model": task.name, "sha256": task.model.sha256, "jets": shown_name}
    if task.is_precomputed:
        made = task.precomputed
        return result_bytes(made.result, kind, provenance | {"entries": list(range(*made.entries)), "date": made.date})
    provenance |= {"filters": list(filters)} if filters else {}
    entries = task.entries if task.job is None or task.job.partial is None else task.job.partial
    return result_bytes(task.result, kind, provenance | {"entries": entries.tolist()})
