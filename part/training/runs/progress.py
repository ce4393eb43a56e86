"""Progress and metrics of a run, according to the files that it has written."""

import csv
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

import numpy as np

from part.training.runs.folder import Run

COLUMNS = ("epoch", "step", "train_loss_step", "train_loss_epoch", "val_loss", "val_accuracy", "val_auc")


class Step(TypedDict):
    """A line of log/steps.jsonl: the epoch (from 0), its steps done and in all, and the rate in jets per second."""

    epoch: int
    step: int
    steps: int
    jets_per_second: float


@dataclass(frozen=True)
class RunProgress:
    """The progress of a run.

    Parameters
    ----------
    epoch : int
        The present epoch, counted from 1.
    epoch_fraction, run_fraction : float
        The fractions of the present epoch and of the whole run that are done.
    jets_per_second, seconds_left : float or None
        The rate, and the expected time to the end of the run; None while they are unknown.
    """

    epoch: int
    epoch_fraction: float
    run_fraction: float
    jets_per_second: float | None
    seconds_left: float | None


def run_progress(run: Run) -> RunProgress:
    """Return how far a run is: by its steps, or by its losses and its card where it has not recorded its steps."""
    batch_size = run.config.get("batch_size", 0)
    seconds, jets_seen = run.training.get("seconds"), run.training.get("jets_seen")
    rate = jets_seen / seconds if seconds and jets_seen else None
    fraction, epoch_seconds = 0.0, seconds / run.epochs_done if seconds and run.epochs_done else None
    if step := _present_step(run):
        fraction = step["step"] / step["steps"]
        rate = step["jets_per_second"] or rate
        if epoch_seconds is None and step["jets_per_second"]:
            epoch_seconds = step["steps"] * batch_size / step["jets_per_second"]
    elif run.is_active and run.epochs_done and jets_seen:
        fraction = _steps_logged(run) * batch_size * run.epochs_done / jets_seen - run.epochs_done
    fraction = min(max(fraction, 0.0), 1.0) if run.epochs_done < run.epochs else 0.0
    epochs_left = run.epochs - run.epochs_done - fraction
    return RunProgress(
        epoch=min(run.epochs_done + 1, run.epochs),
        epoch_fraction=fraction,
        run_fraction=1 - epochs_left / run.epochs if run.epochs else 0.0,
        jets_per_second=rate,
        seconds_left=epochs_left * epoch_seconds if run.is_active and epoch_seconds is not None else None,
    )


def steps_path(folder: Path) -> Path:
    """Return the file in which a run records each step of its present epoch, a JSON object a line."""
    return folder / "log" / "steps.jsonl"


def remove_steps(folder: Path) -> None:
    """Remove the steps of the present epoch, because it begins again."""
    steps_path(folder).unlink(missing_ok=True)


def _present_step(run: Run, size: int = 4096) -> Step | None:
    """Return the last step that a run recorded, if it belongs to the epoch that the card does not count yet."""
    path = steps_path(run.folder)
    if not run.is_active:
        return None
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            *lines, _ = file.read().split(b"\n")  # after the last line break follows nothing, or half a line
        step: Step = json.loads(lines[-1])
    except (OSError, IndexError, ValueError):
        return None
    return step if step["epoch"] == run.epochs_done and step["steps"] else None


def _steps_logged(run: Run) -> int:
    steps = metrics(run)["step"]
    return int(steps.max()) + 1 if len(steps) else 0


def metrics(run: Run) -> dict[str, np.ndarray]:
    """Return the columns of the run's log/metrics.csv.

    Returns
    -------
    dict of ndarray
        A float64 array (rows,) for each of COLUMNS, NaN where a row has no value.
    """
    path = run.folder / "log" / "metrics.csv"
    try:
        status = path.stat()
        rows = _read_rows(path, status.st_mtime_ns, status.st_size)
    except OSError:  # the log does not exist yet, or is just being rewritten
        rows = np.empty((0, len(COLUMNS)))
    return dict(zip(COLUMNS, rows.T, strict=True))


def best_accuracy(run: Run) -> float | None:
    """Return the highest accuracy on the validation jets after any epoch; None before the first."""
    values = metrics(run)["val_accuracy"]
    return float(np.nanmax(values)) if np.isfinite(values).any() else None


@lru_cache(maxsize=256)
def _read_rows(path: Path, modified: int, size: int) -> np.ndarray:
    """Read a log (rows, COLUMNS) without the row that is being written; time and size identify its content."""
    rows = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            values = [_number(row.get(name)) for name in COLUMNS]
            if np.isfinite(values[:2]).all():
                rows.append(values)
    table = np.array(rows).reshape(-1, len(COLUMNS))
    table.flags.writeable = False
    return table


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
