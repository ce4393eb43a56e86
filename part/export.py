"""A figure to take home: drawings, numbers, where they come from, and the script that remakes them."""

import io
import json
import os
import platform
import re
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import awkward as ak
import torch

import part
from part.errors import PartError
from part.figures.data import FigureData, figure_data
from part.figures.export_tables import constituents_csv, describe, to_csv, to_npz
from part.figures.plotly import standalone
from part.figures.prediction import Prediction
from part.figures.provenance import Origin, file_sha256, origin
from part.figures.scene import scene
from part.figures.style import COLUMN
from part.figures.view import View, lower_first
from part.inference.tagger import Tagger

MIME = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    "npz": "application/octet-stream",
    "csv": "text/csv",
    "json": "application/json",
    "py": "text/x-python",
    "zip": "application/zip",
}
FORMATS = tuple(MIME)[:-1]
_one_thread = threading.Lock()
PACKAGES = ("torch", "numpy", "awkward", "fastjet", "plotly", "matplotlib")


__all__ = ["FORMATS", "MIME", "Export", "Origin", "bundle", "file_sha256", "make", "origin", "render", "save"]


@dataclass(frozen=True, eq=False)
class Export:
    """A figure's numbers, where they come from, and how wide (inches) they are drawn on paper."""

    data: FigureData
    origin: Origin
    width: float = COLUMN

    @property
    def stem(self) -> str:
        """A file name without ending: "part-full_entry0_matrix_L4H6_pattern"."""
        view = self.origin.view
        words = [re.sub(r"[^A-Za-z0-9.-]+", "-", self.origin.name), f"entry{self.origin.entry}", view.figure]
        if view.figure in ("matrix", "display"):
            words.append(f"L{view.layer + 1}H{view.head + 1}")
        if view.figure in ("matrix", "mosaic", "display"):
            words.append(view.quantity)
        return "_".join(words)


def make(
    tagger: Tagger,
    jet: ak.Array,
    origin: Origin,
    limits: tuple[float, float] | None = None,
    width: float = COLUMN,
) -> Export:
    """The figure that `origin.view` asks for of `jet` (an array of length 1).

    limits: of the colours or edges, as in `figure_data`. The model looks at the jet again, on one thread:
    the last digits of its numbers depend on how many threads share the work.
    """
    with _one_thread:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            seen = scene(tagger, jet, name=origin.name)
        finally:
            torch.set_num_threads(threads)
    return Export(figure_data(seen, origin.view, limits), origin, width)


def render(export: Export, kind: str) -> bytes:
    """The figure in one of FORMATS."""
    match kind:
        case "png" | "svg" | "pdf":
            from part.figures.matplotlib import draw_paper, save_paper

            return save_paper(draw_paper(export.data, export.width), kind, _metadata(export, kind))
        case "html":
            return _html(export).encode()
        case "npz":
            return to_npz(export.data)
        case "csv":
            return to_csv(export.data)
        case "json":
            return (json.dumps(provenance(export), indent=2, ensure_ascii=False) + "\n").encode()
        case "py":
            return script(export).encode()
    raise PartError(f"There is no format {kind!r}; expected some of {', '.join(FORMATS)}.")


def files(export: Export, formats: Sequence[str] = FORMATS) -> dict[str, bytes]:
    """File name -> content. With the csv of particles comes a second table, of the constituents."""
    named = {f"{export.stem}.{kind}": render(export, kind) for kind in formats}
    if "csv" in formats and not isinstance(export.data, Prediction):
        named[f"{export.stem}_constituents.csv"] = constituents_csv(export.data.scene)
    return named


def bundle(export: Export, formats: Sequence[str] = FORMATS) -> bytes:
    """A zip of a folder with all of it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files(export, formats).items():
            archive.writestr(f"{export.stem}/{name}", content)
    return out.getvalue()


def save(export: Export, folder: str | os.PathLike, formats: Sequence[str], force: bool = False) -> list[Path]:
    """Write the files into a folder, which is made if needed; PartError if one is there and not `force`."""
    folder = Path(folder)
    contents = {folder / name: content for name, content in files(export, formats).items()}
    if not force and (there := [path for path in contents if path.exists()]):
        raise PartError(f"{there[0]} exists; force overwriting (--force) or choose another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        path.write_bytes(content)
    return list(contents)


def provenance(export: Export) -> dict:
    """Where a figure comes from and what its arrays mean, for JSON."""
    origin = export.origin
    return {
        "figure": export.stem,
        "title": export.data.title,
        "jet": export.data.scene.heading,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": {
            "file": origin.model,
            "name": origin.name,
            "sha256": origin.model_sha256,
            "dataset": origin.dataset,
            "device": origin.device,
        },
        "jets": {"file": origin.jets, "sha256": origin.jets_sha256, "entry": origin.entry},
        "constituents_the_model_did_not_see": export.data.scene.dropped,
        "view": origin.view.to_dict(),
        "limits": list(export.data.limits),
        "counting": "Layers, heads, constituents: from 0 here and in the arrays, from 1 in the drawings.",
        "arrays": describe(export.data),
        "versions": {"part": part.__version__, "python": platform.python_version()}
        | {package: version(package) for package in PACKAGES},
    }


def script(export: Export) -> str:
    """Python that remakes exactly this figure from the two files, and refuses other ones."""
    origin = export.origin
    return f'''"""Remakes a figure with ParTScope {part.__version__}: python {export.stem}.py [folder]"""

import sys

import part
from part.export import make, origin, save
from part.figures import View

MODEL = {origin.model!r}
MODEL_SHA256 = {origin.model_sha256!r}
JETS = {origin.jets!r}
JETS_SHA256 = {origin.jets_sha256!r}
ENTRY = {origin.entry}
VIEW = {_multiline(origin.view)}
LIMITS = {export.data.limits!r}
FORMATS = ("png", "pdf", "npz")

tagger = part.load_model(MODEL, device={origin.device!r}, dataset={origin.dataset!r})
jet = part.read_jets(JETS, ENTRY, ENTRY + 1)
source = origin(tagger, MODEL, JETS, ENTRY, VIEW, name={origin.name!r})
source.expect(MODEL_SHA256, JETS_SHA256)
figure = make(tagger, jet, source, limits=LIMITS, width={export.width!r})
for path in save(figure, sys.argv[1] if len(sys.argv) > 1 else "remade", FORMATS):
    print(path)
'''


def _multiline(view: View) -> str:
    lines = "".join(f"    {name}={value!r},\n" for name, value in view.to_dict().items())
    return f"View(\n{lines})"


def _metadata(export: Export, kind: str) -> dict[str, str]:
    """The words of the file's own that tell where it comes from."""
    origin = export.origin
    told = f"model {origin.model} (sha256 {origin.model_sha256}), jets {origin.jets} (entry {origin.entry})"
    maker = f"ParTScope {part.__version__}"
    title = f"{origin.name}: {export.data.title}"
    if kind == "pdf":
        return {"Title": title, "Subject": told, "Creator": maker}
    return {"Title": title, "Description": told, "Creator" if kind == "svg" else "Software": maker}


def _html(export: Export) -> str:
    origin = export.origin
    told = f"ParTScope {part.__version__} · {origin.model} · {origin.jets}, entry {origin.entry}"
    return standalone(export.data, f"{origin.name}, {lower_first(export.data.title)}", told)
