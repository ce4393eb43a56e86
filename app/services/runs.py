"""Training runs: what their folders hold, the arguments that start them, and their curves and attention.

A run is a process of its own, which goes on when the app ends.
"""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import plotly.graph_objects as go

from app.services.caching import cached
from app.services.files import ROOT, runs_folder
from app.services.places import check_places
from app.services.settings import require
from part.errors import PartError
from part.figures.jet_view import JetView, view_from_trace
from part.figures.plotly.training_curves import draw_loss, draw_metric
from part.figures.training_curves import TrainingCurves, training_curves
from part.inference.trace import Trace
from part.jets.datasets import DATASETS
from part.jets.finding import find_files
from part.jets.schema import Dataset
from part.models.build import MODELS, config_class
from part.models.checkpoints.catalogue import resolve
from part.training.arguments import parse_arguments, to_arguments
from part.training.config import DEFAULTS, TrainingConfig
from part.training.data_config import parse_content
from part.training.recipes import config_from_options, published_recipe
from part.training.requirements import require_lightning
from part.training.runs import control, folder, progress, snapshots
from part.training.runs.folder import Run
from part.training.runs.progress import RunProgress


def unavailable_reason() -> str | None:
    """Return why nothing can be trained here, if so."""
    try:
        require("training", "Training")
        require_lightning()
    except PartError as error:
        return str(error)
    return None


def dataset_names() -> list[str]:
    """Return the names of the datasets that can be trained on."""
    return list(DATASETS)


def architectures() -> list[str]:
    """Return the names of the models that can be trained."""
    return list(MODELS)


def feature_sets(dataset: str) -> tuple[str, ...]:
    """Return the names of the inputs that the jets of a dataset can have."""
    return DATASETS[dataset].feature_sets


def list_runs() -> tuple[list[Run], dict[str, str]]:
    """Return all runs, the active ones first, then the others, latest first; and why others cannot be read, by name."""
    return folder.list_readable(runs_folder())


def reload(run: Run) -> Run:
    """Return the present state of a run."""
    return folder.read_run(run.folder) or run


def has_attention(run: Run) -> bool:
    """Return whether the particles attend in the model of a run."""
    model = run.config.get("model")
    return config_class(model).attends_to is not None if model in MODELS else True


def checkpoint_name(run: Run) -> str:
    """Return the name under which the other pages offer the checkpoint of a run."""
    return f"runs/{run.name}"


def run_progress(run: Run) -> RunProgress:
    """Return how far a run is."""
    return progress.run_progress(run)


def best_accuracy(run: Run) -> float | None:
    """Return the highest validation accuracy of a run; None before its first epoch is done."""
    return progress.best_accuracy(run)


def read_curves(run: Run) -> TrainingCurves:
    """Return the losses of a run by step, and its metrics by epoch."""
    return training_curves(progress.metrics(run))


def loss_figure(curves: TrainingCurves, theme: str, height: int) -> go.Figure:
    """Return the figure of training loss and validation loss."""
    return draw_loss(curves, theme, height)


def metric_figure(curves: TrainingCurves, name: str, theme: str, height: int) -> go.Figure:
    """Return the figure of a validation metric, "accuracy" or "auc"."""
    return draw_metric(curves, name, theme, height)


def published_values(dataset: str, model: str) -> dict[str, Any]:
    """Return the choices of the published training of a model, by the names of TrainingConfig's fields."""
    return DEFAULTS | published_recipe(dataset, model)


def unused_name(model: str, features: str) -> str:
    """Return the command's default name of a run, followed by a number if there is a run of that name."""
    name, parent = f"{model}-{features}".lower(), runs_folder()
    numbered = (f"{name}-{n}" for n in range(2, 10_000))
    return next(unused for unused in (name, *numbered) if not (parent / unused).exists())


def form_arguments(form: Mapping[str, Any], more: str = "") -> list[str]:
    """Return the arguments of `python -m part train` for a form.

    Parameters
    ----------
    form : mapping
        Values by the names of TrainingConfig's fields; `train` and `val` are texts as one would type them. Values that
        equal the published training are left out, because further options can change what that is.
    more : str
        Further options, as one would type them.

    Raises
    ------
    PartError
        If a quotation does not end.
    """
    published = published_values(form["dataset"], form["model"])
    changed = {name: value for name, value in form.items() if value != published[name]}
    changed |= {name: _split_words(form[name]) for name in ("train", "val")}
    return to_arguments(changed | {"out": _out()}) + _split_words(more)


def _out() -> str:
    """Return the folder of the runs as one would type it in the project's folder."""
    parent = runs_folder()
    return str(parent.relative_to(ROOT)) if parent.is_relative_to(ROOT) else str(parent)


def _split_words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise PartError(f"{text[:80]!r} cannot be split into words: {str(error).lower()}.") from None


def check_arguments(argv: list[str]) -> TrainingConfig:
    """Return the choices that arguments of `python -m part train` make, if a new run can have them.

    The files have to exist; what they hold is not checked. Raises PartError.
    """
    if {"--resume", "--dry-run"} & set(argv):
        raise PartError("A new run takes neither --resume nor --dry-run; to resume one, choose it first.")
    options = parse_arguments(argv)
    check_places(options, ROOT)
    config = config_from_options(options)
    control.check_run_name(runs_folder(), config.name)
    if config.out != _out():
        raise PartError(f"The app keeps its runs in {_out()}; --out cannot lead elsewhere.")
    if both := _find_files(config.train) & _find_files(config.val):
        raise PartError(f"{min(both)} is among the training files and among those for validation.")
    for name in filter(None, (config.start_from, config.finetune, config.distill)):
        if not os.path.isfile(ROOT / name):
            resolve(name)
    return config


def _find_files(patterns: tuple[str, ...]) -> set[Path]:
    """Return the files on this machine that match. Raises PartError if there are none."""
    local = [str(ROOT / pattern) for pattern in patterns if not urlsplit(pattern).netloc]
    return {path.resolve() for path in find_files(local)}


def command(argv: list[str]) -> str:
    """Return the command with the given arguments, as one would type it in the project's folder."""
    return shlex.join(["python", "-m", "part", "train", *argv])


def start(argv: list[str], allow_concurrent: bool) -> Run:
    """Start a run. Raises PartError."""
    require("training", "Training")
    require_lightning()
    return control.start_run(runs_folder(), check_arguments(argv), argv, allow_concurrent, ROOT)


def resume(run: Run) -> None:
    """Resume a run. Raises PartError."""
    require("training", "Training")
    control.resume_run(run, cwd=ROOT)


def stop(run: Run) -> None:
    """Stop a run after its present step. Raises PartError."""
    require("training", "Training")
    control.stop_run(run)


def snapshot_epochs(run: Run) -> list[int]:
    """Return the epochs after which the attention of a jet was written; 0 is before the first step."""
    return snapshots.snapshot_epochs(run)


def snapshot_key(run: Run, epoch: int) -> str:
    """Return a key that changes whenever the attention after an epoch is written."""
    return snapshots.snapshot_key(run, epoch)


def view_snapshot(run: Run, epoch: int) -> JetView:
    """Return the jet of a run's snapshots as the model saw it after an epoch. Raises PartError if there is none."""
    return _view_snapshot(str(run.folder), snapshot_key(run, epoch), epoch, run)


@cached(max_entries=64)
def _view_snapshot(folder_name: str, key: str, epoch: int, _run: Run) -> JetView:
    arrays = snapshots.load_snapshot(_run, epoch)
    p = arrays["probabilities"]
    pattern, class_pattern, mixing = (
        arrays[name].astype(np.float32) if name in arrays else None for name in ("pattern", "class_pattern", "mixing")
    )
    trace = Trace(
        mask=np.ones(len(arrays["momenta"]), bool),
        logits=np.log(np.maximum(p, 1e-30)),
        probabilities=p,
        pattern=pattern,
        class_pattern=class_pattern,
        mixing=mixing,
    )
    return view_from_trace(_run.name, trace, arrays["momenta"], _classes(_run, len(p)), int(arrays["truth"]))


def _classes(run: Run, count: int) -> Dataset:
    """Return the classes of a run: those of its data config, or of a benchmark."""
    content = run.config.get("data_config")
    return parse_content(content, run.name).dataset(count) if content else DATASETS[run.config["dataset"]]
