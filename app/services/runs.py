"""Training runs; one of the app's ways into the library.

A run is a process of its own that outlives the app; what is known of it lies in its folder.
"""

import argparse
import importlib.util
import shlex
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import streamlit as st

from app.services.files import ROOT, runs_folder
from app.services.models import BadInput, Scene
from part.cli import train
from part.errors import PartError
from part.figures.curves import Curves, curves
from part.figures.plotly import curves as draw
from part.figures.scene import scene_of_trace
from part.inference.trace import Trace
from part.jets.schema import DATASETS
from part.jets.streaming import find_files
from part.models.checkpoints.checkpoint import resolve
from part.models.config import MODELS, config_class
from part.training.plan import Plan, recipe
from part.training.runs import runs
from part.training.runs.progress import Progress, best_accuracy, metrics, progress
from part.training.runs.runs import Run, look_key, looks, resume, stop

__all__ = [
    "DATASETS",
    "MODELS",
    "BadInput",
    "Curves",
    "Progress",
    "Run",
    "best_accuracy",
    "draw",
    "look_key",
    "looks",
    "progress",
    "resume",
    "stop",
]
_DEFAULTS = {field.name: field.default for field in fields(Plan)}


def missing() -> str | None:
    """Why nothing can be trained here, if so."""
    if importlib.util.find_spec("lightning") is None:
        return "Training needs lightning, which is not installed here: pip install -r requirements.txt brings it."
    return None


def attends(run: Run) -> bool:
    """Whether the model of a run has attention between particles."""
    return bool(config_class(run.plan["model"]).layers) if run.plan.get("model") in MODELS else True


def list_runs() -> list[Run]:
    return runs.list_runs(runs_folder())


def again(run: Run) -> Run:
    """The run as it is by now."""
    return runs.read(run.folder) or run


def checkpoint_name(run: Run) -> str:
    """Under which its checkpoint is on offer in Explore."""
    return f"runs/{run.name}"


def curves_of(run: Run) -> Curves:
    return curves(metrics(run))


def usual(dataset: str, model: str) -> dict:
    """What the published training of a model on a dataset says of each choice of a plan."""
    return _DEFAULTS | recipe(dataset, model)


def free_name(model: str, features: str) -> str:
    """The command's own name for a run, with a number behind it if there is one of that name."""
    name, folder = f"{model}-{features}".lower(), runs_folder()
    others = (f"{name}-{n}" for n in range(2, 10_000))
    return next(free for free in (name, *others) if not (folder / free).exists())


def arguments(form: dict, advanced: str = "") -> list[str]:
    """A form, by the names of a plan's choices, and further options as one would type them -> arguments.

    What is as published is not said, so that other options can change what that is. Raises BadInput for quotes that
    do not end.
    """
    published = usual(form["dataset"], form["model"])
    given = {name: value for name, value in form.items() if value != published[name]}
    given |= {name: _words(form[name]) for name in ("train", "val")}
    return runs.arguments(given | {"out": _out()}) + _words(advanced)


def _out() -> str:
    """The folder of the runs as one would type it in the project's."""
    folder = runs_folder()
    return str(folder.relative_to(ROOT)) if folder.is_relative_to(ROOT) else str(folder)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise PartError(f"{text[:80]!r} cannot be split into words: {str(error).lower()}.") from None


class _Parser(argparse.ArgumentParser):
    """The command line's, but what it refuses it says to the page instead of leaving the program."""

    def error(self, message: str) -> None:
        raise PartError(f"The options cannot be understood: {message}.")


def plan_of(argv: list[str]) -> Plan:
    """The plan that `python -m part train` would make of these arguments. Raises BadInput if it cannot be carried out.

    Looks whether there are such files, but not into them.
    """
    parser = _Parser(add_help=False)
    train.add_arguments(parser)
    args = parser.parse_args(argv)
    if args.resume or args.dry_run:
        raise PartError("A new run takes neither --resume nor --dry-run; to resume one, choose it first.")
    plan = train.plan_of(args)
    runs.check_name(runs_folder(), plan.name)
    if plan.out != _out():
        raise PartError(f"The app keeps its runs in {_out()}; --out cannot lead elsewhere.")
    if both := _files(plan.train) & _files(plan.val):
        raise PartError(f"{_short(str(min(both)))} is among the training files and among those for validation.")
    for name in filter(None, (plan.start_from, plan.finetune, plan.distill)):
        if not (ROOT / name).is_file():
            resolve(name)
    return plan


def _files(patterns: tuple[str, ...]) -> set[Path]:
    """Those of this machine that are meant. Raises BadInput if none is."""
    here = [str(ROOT / pattern) for pattern in patterns if not urlsplit(pattern).scheme]
    try:
        return {path.resolve() for path in find_files(here)}
    except PartError as error:
        raise PartError(_short(str(error))) from None


def _short(text: str) -> str:
    """With paths as one would write them in the project's folder."""
    return text.replace(f"{ROOT}/", "")


def command(argv: list[str]) -> str:
    """As one would type it in the project's folder."""
    return shlex.join(["python", "-m", "part", "train", *argv])


def start(argv: list[str], together: bool) -> Run:
    """Begin a run. Raises BadInput."""
    if reason := missing():
        raise PartError(reason)
    return runs.start(runs_folder(), plan_of(argv), argv, together)


def scene_of(run: Run, epoch: int) -> Scene:
    """The run's reference jet as the model saw it after an epoch. Raises BadInput if that was not written."""
    return _scene(str(run.folder), look_key(run, epoch), epoch, run)


@st.cache_resource(max_entries=64, show_spinner=False)
def _scene(folder: str, key: str, epoch: int, _run: Run) -> Scene:
    seen = runs.look(_run, epoch)
    p = seen["probabilities"]
    attention = {name: seen[name].astype(np.float32) for name in ("pattern", "class_pattern", "mixing") if name in seen}
    real = np.ones(len(seen["momenta"]), bool)
    trace = Trace(mask=real, logits=np.log(np.maximum(p, 1e-30)), probabilities=p, **attention)
    dataset = DATASETS[_run.plan["dataset"]]
    return scene_of_trace(_run.name, trace, seen["momenta"], dataset, int(seen["truth"]))
