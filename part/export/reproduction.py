"""The origin of an exported figure, as a record, as metadata of its drawings, and as a script that reproduces it."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import part
from part.export.figure import Export
from part.figures.export_tables import describe
from part.figures.provenance import Provenance, TrainingOrigin
from part.figures.view import View
from part.jets.datasets import DATASETS

PACKAGES = ("torch", "numpy", "awkward", "fastjet", "plotly", "matplotlib")  # whose versions a record states


def provenance_record(export: Export) -> dict:
    """Return where a figure comes from and what its arrays mean, for JSON."""
    source = export.provenance
    return {
        "figure": export.stem,
        "title": export.data.title,
        "jet": export.data.jet_view.heading,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": {
            "file": source.model,
            "name": source.name,
            "sha256": source.model_sha256,
            "dataset": source.dataset,
            "device": source.device,
        }
        | _training_record(source.training),
        "jets": {"file": source.jets, "sha256": source.jets_sha256, "entry": source.entry},
        "constituents_the_model_did_not_see": export.data.jet_view.n_truncated,
        "view": source.view.to_dict(),
        "limits": list(export.data.limits),
        "counting": "Layers, heads, constituents: from 0 here and in the npz, from 1 in drawings and csv.",
        "arrays": describe(export.data),
        "versions": {"part": part.__version__, "python": platform.python_version()}
        | {package: version(package) for package in PACKAGES},
    }


def script(export: Export) -> str:
    """Return Python that reproduces exactly this figure from the two files, and rejects other files.

    It runs wherever it is saved, with the package installed, and says what it lacks.
    """
    source = export.provenance
    training = source.training
    checksums = "MODEL_SHA256, JETS_SHA256" + (f", {dict(training.sha256)!r}" if training.sha256 else "")
    files = {} if training.is_folder else {"config": training.config, "network": training.network}
    given = {name: (repr(path), '"of the training"') for name, path in files.items() if path is not None}
    jets_are = 'f"file with the sha256 {JETS_SHA256}"' if source.jets_sha256 else '"file or URL"'
    options = {"model": ("MODEL", 'f"weights with the sha256 {MODEL_SHA256}"'), "jets": ("JETS", jets_are)} | given
    declared = "\n".join(
        f'parser.add_argument("--{name}", default={path}, help={about})' for name, (path, about) in options.items()
    )
    return f'''"""Reproduces a figure of ParTScope, and rejects other files than those that it was made from."""

import argparse
import sys

VERSION = {part.__version__!r}
try:
    import part
    from part.export import find_jets, find_model, make, origin, save
    from part.figures import View
except ImportError as error:
    sys.exit(f"{{error}}: this script needs ParTScope {{VERSION}}, installed by `pip install .` in its repository.")

MODEL = {source.model!r}
MODEL_SHA256 = {source.model_sha256!r}
JETS = {source.jets!r}
JETS_SHA256 = {source.jets_sha256!r}
ENTRY = {source.entry}
NAME = {source.name!r}
VIEW = {_multiline(source.view)}  # layers, heads and constituents count from 0 here
LIMITS = {export.data.limits!r}
FORMATS = ("png", "pdf", "npz")

parser = argparse.ArgumentParser(description=__doc__, epilog=f"Made with ParTScope {{VERSION}}.")
parser.add_argument("folder", nargs="?", default="reproduced", help="where the figure is written")
{declared}
args = parser.parse_args()
try:
    model, jets = find_model(args.model), find_jets(args.jets)
    tagger = part.load_model({_model_arguments(source)})
    jet = part.read_jets(jets, ENTRY, ENTRY + 1, config=tagger.data_config)
    source = origin(tagger, model, jets, ENTRY, VIEW, name=NAME)
    source.expect({checksums})
    figure = make(tagger, jet, source, limits=LIMITS, width={export.width!r})
    for path in save(figure, args.folder, FORMATS):
        print(path)
except part.PartError as error:
    other = f" (Made with ParTScope {{VERSION}}; this is {{part.__version__}}.)" if part.__version__ != VERSION else ""
    sys.exit(f"{{error}}{{other}}")
'''


def _training_record(training: TrainingOrigin) -> dict:
    """Return what says how the weights of a training with weaver-core are read; empty for other checkpoints."""
    record: dict[str, Any] = {
        kind: {"file": path, "sha256": training.sha256.get(Path(path).name)}
        for kind, path in (("data_config", training.config), ("network", training.network))
        if path is not None
    }
    record |= {"options": dict(training.options)} if training.options else {}
    return record | ({"assumed": dict(training.assumed)} if training.assumed else {})


def _model_arguments(source: Provenance) -> str:
    """Return the arguments of `load_model` in a script."""
    training = source.training
    arguments: dict[str, Any] = {"device": source.device}
    given: dict[str, str] = {}
    if training.config is None and source.dataset in DATASETS:
        arguments["dataset"] = source.dataset
    if not training.is_folder:
        files = {"config": training.config, "network": training.network}
        given |= {name: f"args.{name}" for name, path in files.items() if path is not None}
    arguments |= {"options": dict(training.options)} if training.options else {}
    words = {name: repr(value) for name, value in arguments.items()} | given
    return ", ".join(["model", *(f"{name}={value}" for name, value in words.items())])


def _multiline(view: View) -> str:
    lines = "".join(f"    {name}={value!r},\n" for name, value in view.to_dict().items())
    return f"View(\n{lines})"


def metadata(export: Export, kind: str) -> dict[str, str]:
    """Return the metadata of a drawing, by the names that its kind of file defines."""
    source = export.provenance
    text = f"model {source.model} (sha256 {source.model_sha256}), jets {source.jets} (entry {source.entry})"
    return named_metadata(f"{source.name}: {export.data.title}", text, kind)


def named_metadata(title: str, about: str, kind: str) -> dict[str, str]:
    """Return a title and a text on the origin by the names that a kind of drawing has for them."""
    maker = f"ParTScope {part.__version__}"
    if kind == "pdf":
        return {"Title": title, "Subject": about, "Creator": maker}
    return {"Title": title, "Description": about, "Creator" if kind == "svg" else "Software": maker}


def source_line(export: Export) -> str:
    """Return one line on where a figure comes from, as people read it."""
    source = export.provenance
    return f"ParTScope {part.__version__} · {source.model} · {source.jets}, entry {source.entry}"
