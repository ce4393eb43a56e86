"""The folder of a training run, read without torch: its choices, its card, its process and its state.

`trainer` lists what a run writes there. `process`, `progress` and `snapshots` read the other files, and `control` starts
and stops runs.
"""

import json
import os
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from part.errors import PartError
from part.io import describe
from part.listing import entries_of
from part.training.runs.content import check_content
from part.training.runs.process import ProcessRecord, is_alive, read_pidfile

QUIET = 600  # seconds; a run without a pidfile counts as stopped if its log is older
State = Literal["running", "stopping", "finished", "stopped", "failed"]


@dataclass(frozen=True)
class Run:
    """The content of a run's folder; what is not written yet is empty.

    Parameters
    ----------
    folder : Path
        The run's folder, whose name is the name of the run.
    config : dict
        The choices of the run, by the keys of `plan.json` (see `TrainingConfig.to_dict`).
    card : dict
        The card of the checkpoint.
    process : ProcessRecord
        The process that trains, or trained last.
    state : str
        "running", "stopping", "finished" (all epochs are done), "stopped" or "failed".
    reason : str
        The last line of a failed run's output.
    """

    folder: Path
    config: dict[str, Any]
    card: dict[str, Any]
    process: ProcessRecord
    state: State
    reason: str = ""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def is_active(self) -> bool:
        return self.state in ("running", "stopping")

    @property
    def epochs(self) -> int:
        return int(self.config.get("epochs", 0))

    @property
    def epochs_done(self) -> int:
        """The number of epochs that are finished and in the checkpoint."""
        return int(self.training.get("epochs_done", 0))

    @property
    def training(self) -> dict[str, Any]:
        """The section of the card on the training; {} if there is none."""
        section = self.card.get("training")
        return section if isinstance(section, dict) else {}

    @property
    def checkpoint(self) -> Path | None:
        path = self.folder / f"{self.name}.safetensors"
        return path if path.exists() and self.card else None

    @property
    def can_stop(self) -> bool:
        return is_alive(self.process)

    @property
    def can_resume(self) -> bool:
        return self.state in ("stopped", "failed") and (self.folder / "plan.json").exists()

    def tail(self, lines: int) -> list[str]:
        """Return the last lines of the output; a progress bar, which rewrites its line, counts as its last text."""
        return _output_lines(self.folder)[-lines:]


def read_run(folder: Path) -> Run | None:
    """Read the folder of a run.

    Parameters
    ----------
    folder : Path
        The folder, of this or of an earlier version of the project.

    Returns
    -------
    Run or None
        None if the folder holds no run.

    Raises
    ------
    PartError
        If its choices or its card are not what a training writes.
    """
    record = read_pidfile(folder)
    config = _read_json(folder / "plan.json") or record.get("plan", {})
    if not config:
        return None
    card = _read_json(folder / f"{folder.name}.json")
    check_content(config, card)
    run = Run(folder, config, card, record, "stopped")
    state = _state(run)
    reason = next(iter(run.tail(1)), "") if state == "failed" else ""
    return replace(run, state=state, reason=reason)


def list_runs(folder: Path) -> list[Run]:
    """Read all runs of a folder: the active ones first, by name, then the others, latest first."""
    return list_readable(folder)[0]


def list_readable(folder: Path) -> tuple[list[Run], dict[str, str]]:
    """Read all runs of a folder as `list_runs`, and return why others cannot be read, by their names."""
    paths, left_out = entries_of(folder)
    runs = []
    for path in paths:
        try:
            runs += [run] if (run := read_run(path)) else []
        except PartError as error:
            left_out[path.name] = str(error).rstrip(".")
        except OSError as error:
            left_out[path.name] = f"cannot be read: {describe(error)}"
    runs.sort(key=lambda run: (not run.is_active, 0.0 if run.is_active else -_last_written(run.folder)))
    return runs, left_out


def run_checkpoints(folder: Path) -> dict[str, Path]:
    """Return the checkpoint of each run of a folder that has finished an epoch, by the name "runs/NAME"."""
    paths = [path / f"{path.name}.safetensors" for path in entries_of(folder)[0]]
    return {f"runs/{path.stem}": path for path in paths if os.path.isfile(path)}


def _state(run: Run) -> State:
    if is_alive(run.process):
        return "stopping" if run.process.get("stopped") else "running"
    if run.epochs and run.epochs_done >= run.epochs:
        return "finished"
    log = run.folder / "log" / "metrics.csv"
    if not run.process:  # without a pidfile, only the age of the log tells whether the run is active
        return "running" if log.exists() and time.time() - log.stat().st_mtime < QUIET else "stopped"
    # A run that was started by hand keeps no output, so nothing tells whether it failed.
    by_hand = not (run.folder / "log" / "output.txt").exists()
    return "stopped" if by_hand or run.process.get("stopped") else "failed"


def _last_written(folder: Path) -> float:
    """Return when a run last wrote a file, in seconds since 1970."""
    paths = [folder, folder / "plan.json", folder / "last.ckpt", *(folder / "log").glob("*")]
    return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text()) if os.path.isfile(path) else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _output_lines(folder: Path, size: int = 1 << 16) -> list[str]:
    """Return the lines in the last `size` bytes of the output, without the terminal's control sequences."""
    path = folder / "log" / "output.txt"
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", file.read().decode(errors="replace"))
    shown = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n"))
    return [line for line in shown if line]
