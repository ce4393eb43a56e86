"""Long work in the background.

Each job has its own thread, which hands the models' thread a few jets at a time, so that other visitors get their
turns. A finished job is found again by its key, which is made of content: the file, the weights and the options.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.services.caching import cached
from app.services.failures import sentence_on
from app.services.settings import settings
from part.errors import PartError
from part.progress import Cancelled

MAX_FINISHED = 32  # finished jobs that are kept


class Job:
    """Some work in its own thread, which pages follow.

    The job is the progress callback of its work, see `part.progress`. `result` and `error` are None until it ends.
    """

    def __init__(self, name: str, owner: str = ""):
        self.name, self.owner, self.stage = name, owner, "Waiting for the models"
        self.fraction: float = 0.0
        self.result: Any = None
        self.error: PartError | None = None
        self.measured_on: str | None = None  # a date, of a result that was there before
        self.partial: np.ndarray | None = None  # the entries of a result that does not have all jets
        self._began: float | None = None
        self._stop, self._ended, self._keep = threading.Event(), threading.Event(), False

    @property
    def is_cancelled(self) -> bool:
        return self._stop.is_set()

    @property
    def is_running(self) -> bool:
        """Whether there is something to wait for: of a cancelled job, the result so far if it is kept."""
        is_over = self._ended.is_set() or (self.is_cancelled and not self._keep)
        return self.result is None and self.error is None and not is_over

    @property
    def seconds_left(self) -> float | None:
        """About how long the rest will take, at the rate so far; None at the beginning."""
        if self._began is None or self.fraction < 0.01:
            return None
        return (time.monotonic() - self._began) * (1 - self.fraction) / self.fraction

    def cancel(self, keep: bool = False) -> None:
        """Stop the work; `keep` asks for the result of what is done, if the work can give one."""
        self._keep = keep
        self._stop.set()

    def end(self) -> None:
        """Note that the thread has done its work."""
        self._ended.set()

    def wait_for_cancel(self, seconds: float) -> bool:
        """Wait, and return whether the job was cancelled by then."""
        return self._stop.wait(seconds)

    def report(self, text: str, fraction: float) -> None:
        """Say what is being done and how much of all work is done. Raises Cancelled, which stops the work."""
        if self.is_cancelled:
            raise Cancelled(self._keep)
        self._began = self._began or time.monotonic()
        self.stage, self.fraction = text, min(fraction, 1.0)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report the progress of one stage. Raises Cancelled."""
        self.report(f"{stage}: {done:,} of {total:,}".replace(",", " "), done / total)


def find(key: tuple) -> Job | None:
    """Return the job of a key, if one was started and has not been cancelled without a result."""
    job = _jobs().get(key)
    return None if job is None or _is_void(job) else job


def _is_void(job: Job) -> bool:
    """Return whether a job ended without a result because it was cancelled."""
    return job.is_cancelled and not job.is_running and job.result is None


def results(is_wanted: Callable[[tuple], bool]) -> list[Any]:
    """Return the results of all jets of the finished jobs with such keys, the latest last."""
    found = [(key, job) for key, job in list(_jobs().items()) if is_wanted(key)]
    return [job.result for _, job in found if job.result is not None and job.partial is None]


def finished(name: str, result: Any, measured_on: str) -> Job:
    """Return a job whose result was there before."""
    job = Job(name)
    job.result, job.measured_on = result, measured_on
    return job


def start(key: tuple, name: str, work: Callable[[Job], Any]) -> Job:
    """Start a job, or return the one of this key that is running or finished; `work` returns its result.

    Raises PartError if the browser's tab has as many running as the settings allow.
    """
    jobs, context = _jobs(), get_script_run_ctx(suppress_warning=True)
    owner = context.session_id if context else ""
    with _lock():
        job = jobs.get(key)
        if job is None or _is_void(job) or job.partial is not None or job.error:
            own, most = sum(j.is_running and j.owner == owner for j in jobs.values()), settings().jobs
            if owner and own >= most:
                raise PartError(f"{own} of your studies are running, the most that this server allows at a time.")
            job = jobs[key] = Job(name, owner)
            threading.Thread(target=_run, args=(job, work), daemon=True).start()
        jobs.move_to_end(key)
        ended = [k for k, j in jobs.items() if not j.is_running]
        for old in ended[: max(0, len(jobs) - MAX_FINISHED)]:
            del jobs[old]
    return job


@cached(max_entries=1)
def _jobs() -> OrderedDict[tuple, Job]:
    return OrderedDict()


@cached(max_entries=1)
def _lock() -> threading.Lock:
    return threading.Lock()


def _run(job: Job, work: Callable[[Job], Any]) -> None:
    try:
        job.result = work(job)
    except Cancelled:
        return
    except Exception as error:
        job.error = error if isinstance(error, PartError) else PartError(sentence_on(error))
    finally:
        job.end()
