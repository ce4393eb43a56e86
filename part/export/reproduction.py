"""The origin of an exported figure, as a record, as metadata of its drawings, and as a script that reproduces it."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version

import part
from part.export.figure import Export
from part.figures.export_tables import describe
from part.figures.view import View

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
        },
        "jets": {"file": source.jets, "sha256": source.jets_sha256, "entry": source.entry},
        "constituents_the_model_did_not_see": export.data.jet_view.n_truncated,
        "view": source.view.to_dict(),
        "limits": list(export.data.limits),
        "counting": "Layers, heads, constituents: from 0 here and in the arrays, from 1 in the drawings.",
        "arrays": describe(export.data),
        "versions": {"part": part.__version__, "python": platform.python_version()}
        | {package: version(package) for package in PACKAGES},
    }


def script(export: Export) -> str:
    """Return Python that reproduces exactly this figure from the two files, and rejects other files."""
    source = export.provenance
    return f'''"""Reproduces a figure with ParTScope {part.__version__}: python {export.stem}.py [folder]"""

import sys

import part
from part.export import make, origin, save
from part.figures import View

MODEL = {source.model!r}
MODEL_SHA256 = {source.model_sha256!r}
JETS = {source.jets!r}
JETS_SHA256 = {source.jets_sha256!r}
ENTRY = {source.entry}
VIEW = {_multiline(source.view)}
LIMITS = {export.data.limits!r}
FORMATS = ("png", "pdf", "npz")

tagger = part.load_model(MODEL, device={source.device!r}, dataset={source.dataset!r})
jet = part.read_jets(JETS, ENTRY, ENTRY + 1)
source = origin(tagger, MODEL, JETS, ENTRY, VIEW, name={source.name!r})
source.expect(MODEL_SHA256, JETS_SHA256)
figure = make(tagger, jet, source, limits=LIMITS, width={export.width!r})
for path in save(figure, sys.argv[1] if len(sys.argv) > 1 else "reproduced", FORMATS):
    print(path)
'''


def _multiline(view: View) -> str:
    lines = "".join(f"    {name}={value!r},\n" for name, value in view.to_dict().items())
    return f"View(\n{lines})"


def metadata(export: Export, kind: str) -> dict[str, str]:
    """Return the metadata of a drawing, by the names that its kind of file defines."""
    source = export.provenance
    text = f"model {source.model} (sha256 {source.model_sha256}), jets {source.jets} (entry {source.entry})"
    maker = f"ParTScope {part.__version__}"
    title = f"{source.name}: {export.data.title}"
    if kind == "pdf":
        return {"Title": title, "Subject": text, "Creator": maker}
    return {"Title": title, "Description": text, "Creator" if kind == "svg" else "Software": maker}


def source_line(export: Export) -> str:
    """Return one line on where a figure comes from, as people read it."""
    source = export.provenance
    return f"ParTScope {part.__version__} · {source.model} · {source.jets}, entry {source.entry}"
