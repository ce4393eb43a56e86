"""Long work in the background: a thread each, that hands the models' thread a few jets at a time, so that others get
their turns. Finished work is kept by its key, which tells content apart: of the file, the weights and the choices.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

KEPT = 32  # finished jobs


class Cancelled(Exception):
    """Somebody did not want to wait for it."""


class Job:
    """Its thread writes, pages read. `result` and `error` are None until it ends."""

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

    def wait_for_cancel(self, seconds: float) -> bool:
        """Whether it is cancelled by then."""
        return self._stop.wait(seconds)

    def step(self, stage: str, done: int) -> None:
        """Tell what is being done, and how much work was. Raises Cancelled."""
        if self.cancelled:
            raise Cancelled
        self.stage, self._done = stage, done


def find(key: tuple) -> Job | None:
    """The job of that key, if anyone has asked for it."""
    job = _jobs().get(key)
    return None if job is None or job.cancelled else job


def start(key: tuple, work: int, function: Callable[[Job], Any]) -> Job:
    """Begin a job of `work` steps, or find the one that is under way; what the function returns is its result."""
    jobs = _jobs()
    with _lock():
        job = jobs.get(key)
        if job is None or job.cancelled or job.error:
            job = jobs[key] = Job(work)
            threading.Thread(target=_work, args=(job, function), daemon=True).start()
        jobs.move_to_end(key)
        for old in [k for k, j in jobs.items() if not j.running][: max(0, len(jobs) - KEPT)]:
            del jobs[old]
    return job


def digest(entries: np.ndarray) -> str:
    """Tells choices of entries apart."""
    return hashlib.sha256(entries.astype("<i8").tobytes()).hexdigest()


@st.cache_resource(max_entries=1, show_spinner=False)
def _jobs() -> OrderedDict[tuple, Job]:
    return OrderedDict()


@st.cache_resource(max_entries=1, show_spinner=False)
def _lock() -> threading.Lock:
    return threading.Lock()


def _work(job: Job, function: Callable[[Job], Any]) -> None:
    try:
        job.result = function(job)
    except Cancelled:
        return
    except Exception as error:  # the page tells it
        job.error = error
