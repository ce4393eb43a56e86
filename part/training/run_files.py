"""The folder of a run as its trainer checks, claims and clears it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from part.errors import PartError
from part.training.callbacks.checkpointing import write_errors
from part.training.choices import RunChoices
from part.training.config import RESUMABLE


def check_folder(config: RunChoices, defaults: Mapping[str, Any], folder: Path, resume: bool) -> str | None:
    """Return the state from which to continue, if any. `defaults` are those of the choices by their keys in plan.json.

    Raises PartError if a new run finds the name in use, or if a resumed run had other choices.
    """
    plan_file, last = folder / "plan.json", folder / "last.ckpt"
    if rank_zero_only.rank > 0:  # the first process of the run checks and writes the folder for all
        return str(last) if resume and last.exists() else None
    if not resume:
        if plan_file.exists():
            raise _name_in_use(folder)
        return None
    if not plan_file.exists():
        raise PartError(f"{folder} holds no run to resume (no {plan_file.name}).")
    # Choices that are not written had their defaults, as in a run of an earlier version, which had fewer.
    chosen = {**defaults} | json.loads(json.dumps(config.to_dict()))
    written = {**defaults} | json.loads(plan_file.read_text())
    if changed := [key for key in chosen if key not in RESUMABLE and chosen[key] != written[key]]:
        raise PartError(f"{folder} was started with another {changed[0]}: {written[changed[0]]!r}.")
    return str(last) if last.exists() else None


def write_plan(config: RunChoices, folder: Path) -> None:
    """Write plan.json. Raises PartError if another run has taken the name since it was checked."""
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with (folder / "plan.json").open("x") as file:
                file.write(json.dumps(config.to_dict(), indent=2) + "\n")
        except FileExistsError:
            raise _name_in_use(folder) from None


def _name_in_use(folder: Path) -> PartError:
    return PartError(f"{folder} holds a run already; use --resume to continue it or another --name.")


def is_run(paths: list[Path]) -> bool:
    """Return whether what was in a folder is a run that another process has started there."""
    return any(path.name == "plan.json" for path in paths)


def remove(folder: Path, kept: list[Path]) -> None:
    """Remove what a refused run has written into its folder, and the folder if nothing is left."""
    for path in sorted({*folder.rglob("*")} - {*kept}, reverse=True):  # what is in a folder comes before it
        path.rmdir() if path.is_dir() else path.unlink()
    for place in (folder, folder.parent):
        with suppress(OSError):  # it holds something else
            place.rmdir()
