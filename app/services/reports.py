"""The report of a model on the jets of a file, as a job whose result is the page."""

from dataclasses import dataclass
from pathlib import Path

from app.services import jobs
from app.services.files import JetFile
from app.services.jets import data_config, error_context, load_sample
from app.services.jobs import Job
from app.services.models import command_line_name, relative_to_root, run_on_model_thread
from app.services.places import conceal
from app.services.settings import settings
from part.inference.tagger import Tagger
from part.jets.streaming import EntryRange
from part.report.compose import compose
from part.report.files import report_files
from part.report.measure import measure
from part.report.plan import STAGES, Request

MAX_JETS = 1000  # the first of the file
PAGE = Path("report.html")


@dataclass(frozen=True, eq=False)
class ReportTask:
    """A report of a model on the first jets of a file.

    Attributes
    ----------
    name : str
        What the page calls the model.
    shown_jets : str
        The name of the file as the user knows it.
    model, file
        What it is about.
    """

    name: str
    shown_jets: str
    model: Tagger
    file: JetFile

    @property
    def n_jets(self) -> int:
        return min(load_sample(self.file).total, MAX_JETS)

    @property
    def job(self) -> Job | None:
        """The job that makes it, None if it was not started."""
        return jobs.find(self._key)

    @property
    def _key(self) -> tuple:
        return "report", self.file.key, self.n_jets, self.model.cache_key

    def start(self) -> Job:
        return jobs.start(self._key, self.name, self._run)

    def _run(self, job: Job) -> bytes:
        """Return the page, in which files have the names that visitors know."""
        progress = _Progress(job)
        jets = self.shown_jets if self.file.uploaded else relative_to_root(self.file.path)
        request = Request(command_line_name(self.name), (jets,), stop=self.n_jets)
        ranges = [EntryRange(str(self.file.path), 0, self.n_jets, data_config(self.file), (self.model.features,))]
        with error_context(self.file):
            measured = measure(
                self.model, request, ranges, progress, execute=run_on_model_thread, times=settings().measuring
            )
            report = compose(measured)
            page = report_files(report, PAGE, progress)[PAGE]
        return conceal(self.file.conceal(page.decode())).encode()


class _Progress:
    """The progress of a job over the stages of a report, which all count the same."""

    def __init__(self, job: Job):
        self._job = job

    def __call__(self, stage: str, done: int, total: int) -> None:
        number = STAGES.index(stage)
        text = f"{self._job.name}: {stage}, step {number + 1} of {len(STAGES)}"
        self._job.report(text, (number + done / max(total, 1)) / len(STAGES))


def task(name: str, shown_jets: str, model: Tagger, file: JetFile) -> ReportTask:
    """Return the report of a model on offer; nothing is computed yet."""
    return ReportTask(name, shown_jets, model, file.for_model(model))
