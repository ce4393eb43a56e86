"""Trainings that come with the project: those of the shipped checkpoints by their cards, and one recorded example.

The cards say how long each stage of a training took and how good its model is; losses and attention by epoch were not
kept. The example is a small training on the shipped jets, kept as its run wrote it, which a click repeats.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak

from app.services import files, runs
from app.services.caching import cached
from app.services.figures import view_jet
from app.services.models import load_tagger
from part.figures.jet_view import JetView
from part.io import atomic_write
from part.jets.readers import read_jets
from part.models.checkpoints.cards import parse_card
from part.models.checkpoints.catalogue import BUNDLED
from part.training.runs.folder import Run, read_run

RECORDED = files.ROOT / "app" / "recorded"
PREFIX = "shipped/"  # of their names, which runs of the user's own may have as well
CURVES = files.ROOT / "docs" / "models" / "curves.png"
CURVES_OF = (
    *("part-full", "linpart-projected", "linpart-landmark", "pairattn-full", "particlenet-full", "partnobias-full"),
    *("pfn-full", "pcnn-full", "part-kinpid", "part-kin"),
)
SAMPLES = {"TopLandscape": "toplandscape_like.root", "QuarkGluon": "quarkgluon_like.root"}
SHOWN_JET = 8
EXAMPLE_JETS, N_TRAINING = "toplandscape_like.root", 1600
# A ParT of two layers, which sees every training jet six times.
EXAMPLE = {
    "dataset": "TopLandscape",
    "model": "ParT",
    "features": "kin",
    "epochs": 6,
    "jets_per_epoch": None,
    "batch_size": 64,
    "calibration_jets": 400,
    "dropout": 0.0,
    "layers": 2,
    "reflect": True,
}


@dataclass(frozen=True)
class Stage:
    """One stage of a training, which begins with the weights of the stage before.

    Attributes
    ----------
    epochs, jets_seen, unique_jets : int
        Its epochs, the jets that it saw, and how many different ones there were to see.
    seconds : float
        How long it took.
    hardware : str
        What it ran on.
    """

    epochs: int
    jets_seen: int
    unique_jets: int
    seconds: float
    hardware: str


@cached(max_entries=1)
def shipped_runs() -> list[Run]:
    """Return the recorded example, and the training of each shipped checkpoint as a run of its last stage."""
    recorded = [run for path in sorted(RECORDED.iterdir()) if path.is_dir() and (run := read_run(path))]
    cards = {path.stem: parse_card(path) for path in sorted(BUNDLED.glob("*.json"))}
    trained = {name: card for name, card in cards.items() if "plan" in card.get("training", {})}
    names = sorted(trained, key=lambda name: (name != "part-full", name))
    plans = {name: trained[name]["training"]["plan"] for name in names}
    return recorded + [Run(BUNDLED / name, plans[name], trained[name], {}, "finished") for name in names]


def is_shipped(run: Run) -> bool:
    """Return whether a run comes with the project."""
    return run.folder.parent in (RECORDED, BUNDLED)


def is_checkpoint(run: Run) -> bool:
    """Return whether a run is the training of a shipped checkpoint, of which only the card is left."""
    return run.folder.parent == BUNDLED


def run_key(run: Run) -> str:
    """Return what the URL calls a run."""
    return f"{PREFIX}{run.name}" if is_shipped(run) else run.name


def state(run: Run) -> str:
    """Return the state of a run in one word: that of its process, or where the run is from."""
    if not is_shipped(run):
        return run.state
    return "shipped" if is_checkpoint(run) else "recorded"


def best_accuracy(run: Run) -> float | None:
    """Return the highest validation accuracy of a run, or the only one that is known."""
    return run.card["metrics"].get("val_accuracy") if is_checkpoint(run) else runs.best_accuracy(run)


def stages(run: Run) -> list[Stage]:
    """Return the stages of the training of a shipped checkpoint, the first one first."""
    found, training = [], run.training
    while training:
        numbers = (training.get(key, 0) for key in ("epochs_done", "jets_seen", "unique_jets", "seconds"))
        found.append(Stage(*numbers, training.get("hardware", "")))
        training = training.get("before", {})
    return found[::-1]


def final_view(run: Run) -> JetView:
    """Return a jet of the shipped sample of its dataset as a shipped model sees it. Raises PartError."""
    file = files.find(SAMPLES.get(run.config["dataset"], "jetclass_like.root"))
    return view_jet(file, SHOWN_JET, load_tagger(run.name, file), run.name)


def curves_picture(run: Run) -> Path | None:
    """Return the picture of validation accuracies in which a training is, if there is one."""
    return CURVES if run.name in CURVES_OF and is_checkpoint(run) and CURVES.is_file() else None


def example_arguments() -> list[str]:
    """Return the arguments of `python -m part train` for the example; the files of its jets need not exist yet."""
    train, val = (_relative(path) for path in _example_files())
    values: dict[str, Any] = {**EXAMPLE, "train": train, "val": val, "name": _unused_name()}
    return runs.form_arguments(values)


def start_example() -> Run:
    """Write the jets of the example, unless they are there, and start it. Raises PartError."""
    train, val = _example_files()
    sample = files.find(EXAMPLE_JETS)
    for path, start, stop in ((train, 0, N_TRAINING), (val, N_TRAINING, None)):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as partial:
                ak.to_parquet(read_jets(sample.path, start, stop), partial)
    return runs.start(example_arguments(), allow_concurrent=False)


def _example_files() -> tuple[Path, Path]:
    folder = files.runs_folder() / "example-jets"
    return folder / "training.parquet", folder / "validation.parquet"


def _relative(path: Path) -> str:
    return str(path.relative_to(files.ROOT)) if path.is_relative_to(files.ROOT) else str(path)


def _unused_name() -> str:
    names = ("example", *(f"example-{n}" for n in range(2, 10_000)))
    return next(name for name in names if not (files.runs_folder() / name).exists())
