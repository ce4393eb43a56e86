"""One model on two samples: a job, which is found again by the content of both files and of the weights."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.services import estimates, jobs
from app.services.caching import digest
from app.services.comparison import BATCH_SIZE, EntriesSample, classes_key
from app.services.files import JetFile
from app.services.jets import error_context, kept_entries
from app.services.jobs import Job
from app.services.models import run_on_model_thread
from part.comparison.two_samples import STAGES, SamplePair, compare_samples, sample_rows
from part.figures.charts import Plot
from part.figures.column_charts import score_chart as library_score_chart
from part.inference.tagger import Tagger
from part.io import csv_bytes
from part.jets.class_groups import MergedClasses

RELATIVE_COST = 1.2  # of a jet, in predictions: also the bootstrap
Side = tuple[JetFile, np.ndarray, str]  # a file, some of its entries, and what the user knows it as


@dataclass(frozen=True, eq=False)
class SamplesTask:
    """A model and two samples, of which the first two items are the jets and the last the name.

    merged are the classes that count, None for those of the model.
    """

    model: Tagger
    sides: tuple[Side, Side]
    merged: MergedClasses | None = None

    @property
    def key(self) -> tuple:
        own = [(file.for_model(self.model).key, digest(entries), name) for file, entries, name in self.sides]
        return ("two samples", *own, self.model.cache_key, classes_key(self.merged))

    @property
    def job(self) -> Job | None:
        """The job, if it was started."""
        return jobs.find(self.key)

    @property
    def n_jets(self) -> int:
        """The number of jets of both samples."""
        return sum(len(entries) for _, entries, _ in self.sides)

    def estimate(self) -> float | None:
        """Return about how many seconds it takes; None where nothing tells."""
        key, (file, entries, _) = f"two samples {self.model.cache_key}", self.sides[0]
        own = file.for_model(self.model)
        first = estimates.estimate_jets(key, RELATIVE_COST, (self.model,), own, kept_entries(own, entries))
        return first and first * self.n_jets / max(len(entries), 1)

    def start(self) -> Job:
        return jobs.start(self.key, "Two samples", self._run)

    def _run(self, job: Job) -> SamplePair:
        def progress(stage: str, done: int, total: int) -> None:
            job.report(f"{stage}: {done:,} of {total:,}".replace(",", " "), _fraction(stage, done, total))

        own = [file.for_model(self.model) for file, _, _ in self.sides]
        first, second = (
            EntriesSample(file, kept_entries(file, entries), self.model.dataset)
            for file, (_, entries, _) in zip(own, self.sides, strict=True)
        )
        with error_context(own[0]), error_context(own[1]):
            return compare_samples(
                self.model,
                first,
                second,
                (self.sides[0][2], self.sides[1][2]),
                merged=self.merged,
                batch_size=BATCH_SIZE,
                progress=progress,
                execute=run_on_model_thread,
            )


def _fraction(stage: str, done: int, total: int) -> float:
    return (STAGES.index(stage) + done / total) / len(STAGES)


def table(pair: SamplePair) -> list[dict]:
    """Return a row for each measure, and for the efficiency and score of each class."""
    return list(sample_rows(pair))


def score_chart(pair: SamplePair, index: int) -> Plot:
    """Return the chart of a class's score in both samples."""
    return library_score_chart(pair, index)


def export(task: SamplesTask, kind: str, filters: Sequence[str] = ()) -> bytes:
    """Return the finished result as a file: "csv" the rows, "json" with provenance."""
    job = task.job
    assert job is not None
    assert job.result is not None
    rows = table(job.result)
    if kind == "csv":
        return csv_bytes(rows)
    content = {
        "model": job.result.model,
        "sha256": task.model.sha256,
        "samples": [{"jets": name, "entries": entries.tolist()} for _, entries, name in task.sides],
        "filters": list(filters),
        "rows": rows,
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode()
