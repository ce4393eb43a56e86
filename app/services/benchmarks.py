"""Measurements of speed.

A measurement is a process of its own, `python -m part bench`: nothing of the app slows it, it has as many threads as it
is given, and if memory does not suffice it ends alone. One at a time runs on a server. Its results are a file among
those of PARTSCOPE_PERFORMANCE.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from app.services import estimates, jobs
from app.services.caching import cached
from app.services.files import ROOT, JetFile
from app.services.files import performance_folder as folder
from app.services.jets import load_sample
from app.services.jobs import Job
from app.services.measurement_estimates import measurement_key
from app.services.models import command_line_name, load_tagger
from app.services.settings import require
from part.benchmarking import results
from part.benchmarking.bench import trace_path
from part.benchmarking.conditions import Verdict
from part.benchmarking.machine import Machine, describe_machine
from part.benchmarking.results import Measurements, Results
from part.benchmarking.roofline import WHOLE_MODEL, RooflinePoint
from part.errors import PartError
from part.figures.plotly.charts import series_colours
from part.listing import entries_of
from part.models.numerics.precision import parse_model_name

KIND_OF_TAB = {"speed": "sweep", "growth": "sweep", "operators": "profile", "roofline": "roofline"}
SHIPPED = ROOT / "docs" / "performance"  # the documentation's own measurements, a file for each tab
GRACE = 5.0  # seconds that a process has to end


@cached(max_entries=1)
def machine() -> Machine:
    """Return the machine that the app runs on."""
    return describe_machine()


def listed(tab: str) -> list[str]:
    """Return the names of the measurements that a tab shows, the newest first and the one that ships last."""
    return list_readable(tab)[0]


def list_readable(tab: str) -> tuple[list[str], dict[str, str]]:
    """Return the names of the measurements that a tab shows, as `listed` does; and why others cannot be read."""
    paths, left_out = entries_of(folder())
    left_out = {name: reason for name, reason in left_out.items() if fnmatch(name, f"{tab}-*.json")}
    names = []
    for path in reversed([path for path in paths if fnmatch(path.name, f"{tab}-*.json")]):
        try:
            measurements(load(path.stem))
            names.append(path.stem)
        except PartError as error:
            left_out[path.name] = str(error).removeprefix(f"{path.name} ").rstrip(".")
    return [*names, *([tab] if (SHIPPED / f"{tab}.json").is_file() else [])], left_out


def load(name: str) -> Results:
    """Return a listed measurement. Raises PartError."""
    path = _path(name)
    if not path.is_file():
        raise PartError(f"There is no measurement {name[:100]}.")
    return _load(str(path), path.stat().st_mtime_ns)


def _path(name: str) -> Path:
    return (SHIPPED if name in KIND_OF_TAB else folder()) / f"{Path(name).name}.json"


@cached(max_entries=512)
def _load(path: str, modified: int) -> Results:
    return results.read(Path(path))


def parse(content: bytes, name: str) -> Results:
    """Return a measurement of another machine. Raises PartError, also if its rows are of another version."""
    measurement = results.parse(content, name)
    measurement.measurements()
    return measurement


def content(name: str) -> bytes:
    """Return the file of a listed measurement."""
    return _path(name).read_bytes()


def traces(name: str) -> dict[str, Path]:
    """Return the files for Perfetto, by model, of a profile that was measured here."""
    models = enumerate(models_of(load(name)))
    paths = {model: trace_path(folder() / f"{name}.json", number) for number, model in models}
    return {model: path for model, path in paths.items() if path.is_file()}


def models_of(measurement: Results) -> list[str]:
    """Return the names of its models, short ones for files."""
    return [_short(name) for name in measurement.plan["models"]]


def _short(name: str) -> str:
    stem, _ = parse_model_name(name)
    return Path(stem).name.removesuffix(".safetensors") + name.removeprefix(stem)


def measurements(measurement: Results) -> Measurements:
    """Return its rows with short names of models. Raises PartError for a file of another version."""
    rows: Any = [replace(row, model=_short(row.model)) for row in measurement.measurements()]
    return rows


def verdict(measurement: Results) -> Verdict:
    """Return whether its times may be quoted, and why not. Raises PartError for a file of another version."""
    return results.judge_measurements(measurement.measurements())


def whole_models(points: Sequence[RooflinePoint]) -> list[RooflinePoint]:
    """Return those points of a roofline that are of a whole model."""
    return [point for point in points if point.module == WHOLE_MODEL]


def colours(theme: str, accents: Sequence[str]) -> tuple[str, ...]:
    """Return the colours of the series of a chart."""
    return series_colours(theme, accents)


def start(tab: str, models: Sequence[str], options: Sequence[str], file: JetFile, entries: Sequence[int]) -> str:
    """Start a measurement.

    Parameters
    ----------
    tab : str
        A key of `KIND_OF_TAB`.
    models : sequence of str
        Names of models on offer.
    options : sequence of str
        Options of `python -m part bench`.
    file, entries
        The jets to measure with; without entries the command makes random ones. Models that read files by a data
        config are measured with random jets of the median length of these.

    Returns
    -------
    str
        The name that the measurement is listed under.

    Raises
    ------
    PartError
        If there is no such model.
    """
    require("measuring", "Measuring")
    name = f"{tab}-{datetime.now():%Y%m%d-%H%M%S}"
    out = str(folder() / f"{name}.json")
    command = [sys.executable, "-m", "part", "bench", KIND_OF_TAB[tab], "--lines", "--out", out]
    command += ["--models", *map(command_line_name, models), *options]
    length = "--lengths" if KIND_OF_TAB[tab] == "sweep" else "--length"
    if len(entries) and any(load_tagger(model, file).data_config for model in models):
        median = int(np.median(load_sample(file).n[list(entries)]))
        command += [length, str(max(median, 1))] if length not in command else []
    elif len(entries):
        command += ["--jets", str(file.path), "--entries", ",".join(map(str, entries))]
    kept_as = measurement_key(tab, models, options)
    jobs.start(("bench", name), name, partial(_run_in_turn, command, name, kept_as))
    return name


def find(name: str) -> Job | None:
    return jobs.find(("bench", name))


@cached(max_entries=1)
def _turn() -> threading.Lock:
    return threading.Lock()


def _run_in_turn(command: list[str], name: str, kept_as: str, job: Job) -> str:
    while not _turn().acquire(timeout=0.2):
        job.report("Waiting for another measurement", 0)
    try:
        begun = time.perf_counter()
        _follow(command, name, job)
        estimates.keep_rate(kept_as, time.perf_counter() - begun)
        return name
    finally:
        _turn().release()


def _follow(command: list[str], name: str, job: Job) -> str:
    """Run the process and report what it reports; it ends with the job."""
    job.report("Starting", 0)
    pipe = subprocess.PIPE
    errors: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        reader = threading.Thread(target=errors.extend, args=(process.stderr,), daemon=True)
        reader.start()
        threading.Thread(target=_terminate_with_job, args=(process, job), daemon=True).start()
        try:
            for line in filter(lambda line: line.startswith("{"), process.stdout):  # libraries may print, too
                step = json.loads(line)
                text = f"{step['stage']} ({step['done']} of {step['total']} done)"
                job.report(text, step["done"] / step["total"])
        finally:
            code = process.wait()  # cancelled, too, before another one begins
            reader.join()
    if code == 2:
        raise PartError(errors[-1].strip())
    if code < 0:
        raise PartError(f"The measurement was ended by the system (signal {-code}), perhaps for lack of memory.")
    if code:
        raise RuntimeError("".join(errors[-40:]))
    return name


def _terminate_with_job(process: subprocess.Popen, job: Job) -> None:
    """End the process when its job is cancelled."""
    while process.poll() is None:
        if job.wait_for_cancel(0.2):
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
