"""Starting, resuming and stopping training runs, each of which is a process of its own."""

import re
import sys
import threading
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.training.arguments import to_arguments
from part.training.config import TrainingConfig, options_from_dict
from part.training.runs import process
from part.training.runs.folder import Run, list_runs, read_run
from part.training.runs.progress import remove_steps

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
GRACE = 30  # seconds that a run has to finish its step before it is killed
_starting = threading.Lock()


def check_run_name(folder: Path, name: str) -> None:
    """Raise PartError unless a new run in a folder can have this name."""
    if not NAME.fullmatch(name):
        raise PartError(f"{name[:80]!r} is no name for a run: use letters, digits, '.', '_' and '-', 64 at most.")
    if (folder / name).exists():
        raise PartError(f"There is a run {name} already; choose another name.")


def start_run(
    folder: Path, config: TrainingConfig, argv: list[str], allow_concurrent: bool = False, cwd: Path | None = None
) -> Run:
    """Start a run as a process that outlives this one.

    Parameters
    ----------
    folder : Path
        The folder of all runs.
    config : TrainingConfig
        The choices of the run.
    argv : list of str
        The arguments of `python -m part train` that make these choices.
    allow_concurrent : bool
        Whether the run may start while another one is active.
    cwd : Path, optional
        Where relative paths in the choices start, by default the present folder.

    Returns
    -------
    Run
        The new run.

    Raises
    ------
    PartError
        If the name is invalid or in use, or if another run is active.
    """
    with _starting:
        check_run_name(folder, config.name)
        _check_idle(folder, allow_concurrent)
        (folder / config.name).mkdir(parents=True)
        _launch(folder / config.name, argv, config.to_dict(), cwd)
    run = read_run(folder / config.name)
    assert run is not None, "a run that was launched has a pidfile"
    return run


def resume_run(run: Run, allow_concurrent: bool = False, cwd: Path | None = None) -> None:
    """Continue a run after its last finished epoch, or from the start if it has none, with the same choices.

    Relative paths in the choices start at `cwd`, by default the present folder.

    Raises
    ------
    PartError
        If the run is active or complete, if it has no `plan.json`, or if another run is active.
    """
    with _starting:
        run = read_run(run.folder) or run
        if run.is_active:
            raise PartError(f"The run {run.name} is running.")
        if not run.can_resume:
            raise PartError(f"The run {run.name} cannot be resumed: it has no plan.json, or no epoch is left.")
        _check_idle(run.folder.parent, allow_concurrent)
        config = run.config | {"out": str(run.folder.parent)}  # the folder may have been moved
        _launch(run.folder, [*to_arguments(options_from_dict(config)), "--resume"], config, cwd)


def stop_run(run: Run, grace: float = GRACE) -> threading.Thread:
    """End a run after its present step, or by force after `grace` seconds; returns the thread that does so.

    Raises PartError if its process is unknown or has ended.
    """
    if not run.can_stop:
        raise PartError(f"The process of the run {run.name} is not known, or it has ended.")
    return process.terminate(run.folder, run.process, grace)


def _launch(folder: Path, argv: list[str], config: dict[str, Any], cwd: Path | None) -> None:
    remove_steps(folder)  # those of an interrupted epoch, which begins again
    process.launch(folder, [sys.executable, "-m", "part", "train", *argv], cwd or Path.cwd(), config)


def _check_idle(folder: Path, allow_concurrent: bool) -> None:
    active = next((run for run in list_runs(folder) if run.is_active), None)
    if active and not allow_concurrent:
        raise PartError(f"The run {active.name} is still training; stop it first, or allow more than one at a time.")
