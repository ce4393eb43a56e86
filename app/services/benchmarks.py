"""Measurements of speed; one of the app's ways into the library.

A measurement is a process of its own, `python -m part bench`: nothing of the app's slows it, it has the threads that it
is told, and where memory does not suffice it ends alone. One at a time runs on a server. What it found lies in a file
among those of PARTSCOPE_PERFORMANCE.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import streamlit as st

from app.services import jobs
from app.services.files import ROOT, JetFile
from app.services.jobs import Job
from app.services.models import BadInput, weights_name
from part.benchmarking import results
from part.benchmarking.bench import trace_path
from part.benchmarking.machine import Machine
from part.benchmarking.machine import machine as describe
from part.benchmarking.profile import Profile, profile_from_dict
from part.benchmarking.results import Results
from part.benchmarking.roofline import WHOLE, Point
from part.benchmarking.sweep import Row
from part.errors import PartError
from part.figures import performance as charts
from part.figures.plotly.charts import series_colours
from part.models.numerics.precision import split_precision

__all__ = [
    "WHOLE",
    "BadInput",
    "Job",
    "Machine",
    "Point",
    "Profile",
    "Results",
    "Row",
    "charts",
    "machine",
    "series_colours",
]
KIND_OF = {"speed": "sweep", "growth": "sweep", "operators": "profile", "roofline": "roofline"}  # by the page's tab
STEPS = 1000  # of a job
PATIENCE = 5.0  # seconds that a process has to end


@st.cache_resource(max_entries=1, show_spinner=False)
def machine() -> Machine:
    """The one that the app runs on."""
    return describe()


def folder() -> Path:
    """Where measurements lie: PARTSCOPE_PERFORMANCE, or ./performance."""
    return (ROOT / os.environ.get("PARTSCOPE_PERFORMANCE", "performance")).resolve()


def listed(tab: str) -> list[str]:
    """Names of the measurements that a tab shows, the newest first."""
    return sorted((path.stem for path in folder().glob(f"{tab}-*.json")), reverse=True)


def load(name: str) -> Results:
    """A listed measurement. Raises BadInput."""
    path = folder() / f"{Path(name).name}.json"
    if not path.is_file():
        raise PartError(f"There is no measurement {name[:100]}.")
    return _load(path, path.stat().st_mtime_ns)


@st.cache_resource(max_entries=32, show_spinner=False)
def _load(path: Path, modified: int) -> Results:
    return results.read(path)


def parse(content: bytes, name: str) -> Results:
    """A measurement of another machine. Raises BadInput."""
    return results.parse(content, name)


def content(name: str) -> bytes:
    return (folder() / f"{name}.json").read_bytes()


def traces(name: str) -> dict[str, Path]:
    """For Perfetto: files by model, of a profile that was made here."""
    found = enumerate(models_of(load(name)))
    paths = {model: trace_path(folder() / f"{name}.json", number) for number, model in found}
    return {model: path for model, path in paths.items() if path.is_file()}


def start(tab: str, models: Sequence[str], options: Sequence[str], file: JetFile, entries: Sequence[int]) -> str:
    """Begin a measurement; the name that it will be listed under. Raises BadInput.

    options: of `python -m part bench`. file, entries: the jets that are taken as they are.
    """
    name = f"{tab}-{datetime.now():%Y%m%d-%H%M%S}"
    command = [sys.executable, "-m", "part", "bench", KIND_OF[tab], "--lines", "--out", str(folder() / f"{name}.json")]
    command += ["--models", *map(weights_name, models), *options]
    if len(entries):
        command += ["--jets", str(file.path), "--entries", ",".join(map(str, entries))]
    jobs.start(("bench", name), STEPS, partial(_work, command, name))
    return name


def find(name: str) -> Job | None:
    return jobs.find(("bench", name))


@st.cache_resource(max_entries=1, show_spinner=False)
def _turn() -> threading.Lock:
    return threading.Lock()


def _work(command: list[str], name: str, job: Job) -> str:
    while not _turn().acquire(timeout=0.2):
        job.step("Waiting for another measurement", 0)
    try:
        return _follow(command, name, job)
    finally:
        _turn().release()


def _follow(command: list[str], name: str, job: Job) -> str:
    """Start the process and tell what it tells; it ends with the job."""
    job.step("Starting", 0)
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
    said: list[str] = []
    heard = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    heard.start()
    stop = threading.Thread(target=_stop, args=(process, job), daemon=True)
    stop.start()
    try:
        for line in filter(lambda line: line.startswith("{"), process.stdout):  # libraries may have their say, too
            told = json.loads(line)
            job.step(f"{told['stage']} ({told['done']} of {told['total']} done)", STEPS * told["done"] // told["total"])
    finally:
        code = process.wait()  # cancelled, too, before another one begins
    heard.join()
    job.step("Done", STEPS)
    if code == 2:
        raise PartError(said[-1].strip())
    if code < 0:
        raise PartError(f"The measurement was ended by the system (signal {-code}), perhaps for want of memory.")
    if code:
        raise RuntimeError("".join(said[-40:]))
    return name


def _stop(process: subprocess.Popen, job: Job) -> None:
    """End the process when nobody wants it any more."""
    while process.poll() is None:
        if job.wait_for_cancel(0.2):
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def models_of(found: Results) -> list[str]:
    """Names of the models, short ones for files."""
    return [_short(name) for name in found.plan["models"]]


def _short(name: str) -> str:
    stem, _ = split_precision(name)
    return Path(stem).name.removesuffix(".safetensors") + name.removeprefix(stem)


def rows(found: Results) -> list[Row] | list[Profile] | list[Point]:
    """As what they are. Raises BadInput for a file whose numbers are not."""
    make = {"sweep": lambda row: Row(**row), "profile": profile_from_dict, "roofline": lambda row: Point(**row)}
    try:
        made = [make[found.kind](row) for row in found.rows]
        return [replace(row, model=_short(row.model)) for row in made]
    except (TypeError, KeyError):
        raise PartError("The measurement is of another version of ParTScope.") from None
