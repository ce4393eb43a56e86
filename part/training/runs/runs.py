"""The runs of a folder, as they lie there: what they are, how far they are, and how to start and stop one.

Nothing here knows torch: whoever looks at a run reads its files, and a run is a process of its own (`process`).
See `run` for what is in a run's folder, and `watch` for its attention.
"""

import json
import re
import sys
import threading
import time
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from part.errors import PartError
from part.training.runs import process
from part.training.plan import Plan

ROOT = Path(__file__).parents[3]  # where relative paths in a plan start
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
QUIET = 600  # seconds without a word after which a run that nobody signed for is taken to have stopped
GRACE = 30  # seconds to finish a step in, before a run that is to stop is ended
_starting = threading.Lock()
_DEFAULTS = {field.name: field.default for field in fields(Plan)}


@dataclass(frozen=True)
class Run:
    """A run's folder, read once. What is not written yet is empty.

    state: "running", "stopping", "finished" (all epochs done), "stopped", or "failed", then with the last line of the
    output as reason.
    """

    folder: Path
    plan: dict
    card: dict
    process: dict
    state: str
    reason: str = ""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def active(self) -> bool:
        return self.state in ("running", "stopping")

    @property
    def epochs(self) -> int:
        return int(self.plan.get("epochs", 0))

    @property
    def done(self) -> int:
        """Epochs that are finished, and written into the checkpoint."""
        return int(self.training.get("epochs_done", 0))

    @property
    def training(self) -> dict:
        """What the card says of it; {} if nothing."""
        told = self.card.get("training")
        return told if isinstance(told, dict) else {}

    @property
    def checkpoint(self) -> Path | None:
        path = self.folder / f"{self.name}.safetensors"
        return path if path.exists() and self.card else None

    @property
    def can_stop(self) -> bool:
        return process.alive(self.process)

    @property
    def can_resume(self) -> bool:
        return self.state in ("stopped", "failed") and (self.folder / "plan.json").exists()

    def tail(self, lines: int) -> list[str]:
        """The last lines of the output; of a progress bar, which rewrites its line, what stood there last."""
        return _lines(self.folder)[-lines:]


def list_runs(folder: Path) -> list[Run]:
    """Those that run first, by name; then the others, the latest first."""
    found = sorted((run for path in folder.glob("*") if (run := read(path))), key=lambda run: run.name)
    return sorted(found, key=lambda run: (not run.active, 0.0 if run.active else -_touched(run.folder)))


def read(folder: Path) -> Run | None:
    """A run's folder; None if it is none."""
    signed = process.read(folder)
    plan = _json(folder / "plan.json") or signed.get("plan", {})
    if not plan:
        return None
    card = _json(folder / f"{folder.name}.json")
    run = Run(folder, plan, card, signed, "stopped")
    state = _state(run)
    reason = next(iter(_lines(folder)[-1:]), "") if state == "failed" else ""
    return Run(folder, plan, card, signed, state, reason)


def _state(run: Run) -> str:
    if process.alive(run.process):
        return "stopping" if run.process.get("stopped") else "running"
    if run.epochs and run.done >= run.epochs:
        return "finished"
    if not run.process:  # nobody signed for it: what it wrote last is all that is known
        log = run.folder / "log" / "metrics.csv"
        return "running" if log.exists() and time.time() - log.stat().st_mtime < QUIET else "stopped"
    # Of a run that was started by hand, it is not known how it ended.
    by_hand = not (run.folder / "log" / "output.txt").exists()
    return "stopped" if by_hand or run.process.get("stopped") else "failed"


def checkpoints(folder: Path) -> dict[str, Path]:
    """ "runs/NAME" -> file of each run that has finished an epoch."""
    found = [path for path in sorted(folder.glob("*/*.safetensors")) if path.stem == path.parent.name]
    return {f"runs/{path.stem}": path for path in found}


def check_name(folder: Path, name: str) -> None:
    """Raises PartError unless a new run can have this name."""
    if not NAME.fullmatch(name):
        raise PartError(f"{name[:80]!r} is no name for a run: use letters, digits, '.', '_' and '-', 64 at most.")
    if (folder / name).exists():
        raise PartError(f"There is a run {name} already; choose another name.")


def start(folder: Path, plan: Plan, argv: list[str], together: bool = False) -> Run:
    """Start `python -m part train` with these arguments, which make this plan, as a process that outlives this one.

    together: also beside a run that is running. Raises PartError if one is, or if the name is taken or none.
    """
    with _starting:
        check_name(folder, plan.name)
        _refuse_second(folder, together)
        (folder / plan.name).mkdir(parents=True)
        _launch(folder / plan.name, argv, plan.to_dict())
    return read(folder / plan.name)


def resume(run: Run, together: bool = False) -> None:
    """Go on after the last finished epoch, or begin again, with the plan as it was. Raises PartError if it cannot."""
    with _starting:
        run = read(run.folder) or run
        if run.active:
            raise PartError(f"The run {run.name} is running.")
        if not run.can_resume:
            raise PartError(f"The run {run.name} has no plan to go on with, or no epoch left.")
        _refuse_second(run.folder.parent, together)
        plan = run.plan | {"out": str(run.folder.parent)}  # it may have been moved
        _launch(run.folder, [*arguments(plan), "--resume"], plan)


def stop(run: Run, grace: float = GRACE) -> threading.Thread:
    """Have a run end after the step it is at, or by force after `grace` seconds; the thread returned sees to it.

    Raises PartError if its process is not there, or not known.
    """
    if not run.can_stop:
        raise PartError(f"The process of the run {run.name} is not known, or it has ended.")
    return process.end(run.folder, run.process, grace)


def arguments(plan: dict) -> list[str]:
    """What to say to `python -m part train` to have this plan again."""
    words = [plan["dataset"], plan["model"], plan["features"]]
    for name, value in plan.items():
        option = f"--{name.replace('_', '-')}"
        if name in ("dataset", "model", "features") or value is False:
            continue
        if value is None and _DEFAULTS.get(name) is None:
            continue
        if value is True:
            words.append(option)
        elif isinstance(value, list | tuple):
            words += [option, *map(str, value)]
        else:
            words.append(f"{option}={0 if value is None else value}")  # all the jets there are
    return words


def looks(run: Run) -> list[int]:
    """Epochs of which there is attention; 0 is the untrained start."""
    names = (path.stem.removeprefix("epoch_") for path in (run.folder / "attention").glob("epoch_*.npz"))
    return sorted(int(name) for name in names if name.isdigit())


def look(run: Run, epoch: int) -> dict[str, np.ndarray]:
    """The arrays that `WatchJet` wrote after an epoch. Raises PartError if it wrote none."""
    try:
        with np.load(_look_path(run, epoch), allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError, zipfile.BadZipFile):
        raise PartError(f"The run {run.name} has no attention of epoch {epoch}.") from None


def look_key(run: Run, epoch: int) -> str:
    """Tells apart what an epoch's file held at any time."""
    path = _look_path(run, epoch)
    return f"{run.name}/{epoch}/{path.stat().st_mtime_ns if path.exists() else 0}"


def _look_path(run: Run, epoch: int) -> Path:
    return run.folder / "attention" / f"epoch_{epoch:03d}.npz"


def _launch(folder: Path, argv: list[str], plan: dict) -> None:
    process.launch(folder, [sys.executable, "-m", "part", "train", *argv], ROOT, plan)


def _refuse_second(folder: Path, together: bool) -> None:
    running = next((run for run in list_runs(folder) if run.active), None)
    if running and not together:
        raise PartError(f"The run {running.name} is still training; stop it first, or allow more than one at a time.")


def _touched(folder: Path) -> float:
    """When a run last wrote something, in seconds since 1970."""
    paths = [folder, folder / "plan.json", folder / "last.ckpt", *(folder / "log").glob("*")]
    return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)


def _json(path: Path) -> dict:
    try:
        read = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _lines(folder: Path, size: int = 1 << 16) -> list[str]:
    path = folder / "log" / "output.txt"
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", file.read().decode(errors="replace"))
    shown = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n"))
    return [line for line in shown if line]
