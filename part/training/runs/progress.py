"""How far a run is and how well it goes, from what it has written."""

import csv
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from part.training.runs import process
from part.training.runs.runs import Run

COLUMNS = ("epoch", "step", "train_loss_step", "train_loss_epoch", "val_loss", "val_accuracy", "val_auc")
# Of tqdm, which Lightning shows: "Epoch 3:  62%|████▎  | 20/32 [00:18<00:10,  1.10it/s, ...". Below one step a second
# it writes seconds a step.
_BAR = re.compile(r"Epoch (\d+): .*?\| *(\d+)/(\d+) \[[^<]*<[^,]*, *(?:([\d.]+)(it/s|s/it))?")


@dataclass(frozen=True)
class Progress:
    """epoch: the one under way, from 1. within: share of it that is done. share: of the whole run.

    jets_per_second, seconds_left: None where that is not known (yet).
    """

    epoch: int
    within: float
    share: float
    jets_per_second: float | None
    seconds_left: float | None


def progress(run: Run) -> Progress:
    """From the bar in the output, or, of a run that was started by hand, from its losses and its card."""
    batch = run.plan.get("batch_size", 0)
    seconds, seen = run.training.get("seconds"), run.training.get("jets_seen")
    rate = seen / seconds if seconds and seen else None
    within, a_epoch = 0.0, seconds / run.done if seconds and run.done else None
    if bar := _bar(run):
        steps, total, per_second = bar
        within = steps / total
        rate = per_second * batch if per_second else rate
        if a_epoch is None and per_second:
            a_epoch = total / per_second
    elif run.active and run.done:
        within = _steps(run) * batch * run.done / seen - run.done if seen else 0.0
    within = min(max(within, 0.0), 1.0) if run.done < run.epochs else 0.0
    left = run.epochs - run.done - within
    return Progress(
        epoch=min(run.done + 1, run.epochs),
        within=within,
        share=1 - left / run.epochs if run.epochs else 0.0,
        jets_per_second=rate,
        seconds_left=left * a_epoch if run.active and a_epoch is not None else None,
    )


def _bar(run: Run) -> tuple[int, int, float | None] | None:
    """Steps done, steps in all and steps a second, of the epoch that the card does not count yet."""
    if not run.active:
        return None
    for line in reversed(run.tail(40)):
        if line.startswith(process.PROMPT):  # what is above belongs to the time before a resume
            return None
        if found := _BAR.search(line):
            epoch, steps, total = (int(found[i]) for i in (1, 2, 3))
            speed = float(found[4]) if found[4] else None
            per_second = 1 / speed if speed and found[5] == "s/it" else speed
            return (steps, total, per_second) if epoch == run.done and total else None
    return None


def _steps(run: Run) -> int:
    steps = metrics(run)["step"]
    return int(steps.max()) + 1 if len(steps) else 0


def metrics(run: Run) -> dict[str, np.ndarray]:
    """The columns of the log by name, each (rows,) float64, NaN where a row says nothing of it."""
    path = run.folder / "log" / "metrics.csv"
    try:
        status = path.stat()
        rows = _read(path, status.st_mtime_ns, status.st_size)
    except OSError:  # none yet, or this moment written anew
        rows = np.empty((0, len(COLUMNS)))
    return dict(zip(COLUMNS, rows.T, strict=True))


def best_accuracy(run: Run) -> float | None:
    """The highest accuracy on the validation jets after any epoch."""
    values = metrics(run)["val_accuracy"]
    return float(np.nanmax(values)) if np.isfinite(values).any() else None


@lru_cache(maxsize=256)
def _read(path: Path, modified: int, size: int) -> np.ndarray:
    """Rows (rows, COLUMNS) of one file; a row that is being written, or none at all, is skipped."""
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
