"""Studies of models over the chosen jets; one of the app's ways into the library.

A study is a job; it is found again by the content of file and weights, the entries and the study's own choices.
"""

import csv
import io
import json
from dataclasses import dataclass
from functools import partial

import numpy as np

from app.services import jobs
from app.services.files import JetFile
from app.services.jets import blocks, named, sample
from app.services.jobs import Job
from app.services.models import BadInput, run, tagger
from part.analysis.study import Findings, Study
from part.figures.plotly.charts import draw_chart
from part.inference.tagger import Tagger

__all__ = ["BadInput", "Findings", "Study", "Task", "draw_chart"]


@dataclass(frozen=True, eq=False)
class Task:
    """A study of a model, under the name that the page gives it, on some entries of a file."""

    name: str
    model: Tagger
    study: Study
    file: JetFile
    entries: np.ndarray

    @property
    def key(self) -> tuple:
        return "study", self.file.sha256, jobs.digest(self.entries), self.model.identity, repr(self.study)

    @property
    def job(self) -> Job | None:
        """The work on it, if anyone has asked for it."""
        return jobs.find(self.key)

    def start(self) -> Job:
        return jobs.start(self.key, self.study.passes * len(self.entries), partial(_work, self))


def task(name: str, study: Study, file: JetFile, entries: np.ndarray) -> Task:
    """Raises BadInput for a model that has no such thing, or that cannot take the jets."""
    model = tagger(name, file)
    study.check(model)
    return Task(name, model, study, file, entries)


def _work(task: Task, job: Job) -> Findings:
    known, total = sample(task.file), len(task.entries)
    truth = known.truth[task.entries] if known.truth is not None and known.dataset == task.model.dataset else None
    with named(task.file):
        measurement = run(task.study.begin, task.model)
        for number in range(task.study.passes):
            if number:
                run(measurement.next_pass)
            done = 0
            for rows, jets in blocks(task.file, task.entries, task.study.block):
                job.step(f"{task.name}: {done:,} of {total:,} jets".replace(",", " "), number * total + done)
                run(measurement.add, jets, None if truth is None else truth[rows])
                done += len(rows)
        job.step(f"{task.name}: the last sums", task.study.passes * total)
        return run(measurement.result)


def export(task: Task, findings: Findings, shown: str, kind: str) -> bytes:
    """The numbers: "json" with where they are from, "csv" the table, "npz" the arrays. shown: the file's name."""
    rows = findings.rows()
    buffer = io.StringIO()
    if kind == "csv":
        table = csv.DictWriter(buffer, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
        return buffer.getvalue().encode()
    if kind == "npz":
        binary = io.BytesIO()
        np.savez_compressed(binary, **findings.arrays())
        return binary.getvalue()
    about = {"study": repr(task.study), "model": task.name, "sha256": task.model.sha256, "jets": shown}
    return json.dumps(about | {"entries": task.entries.tolist(), "rows": rows}, indent=1, ensure_ascii=False).encode()


def export_chart(chart, name: str) -> bytes:
    """The chart as a PDF for a paper."""
    from part.figures.matplotlib import save_paper
    from part.figures.matplotlib.charts import draw_chart as draw_paper

    return save_paper(draw_paper(chart), "pdf", {"Title": f"{name}: {chart.title}"})
