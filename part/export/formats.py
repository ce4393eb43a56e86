"""The formats of an exported figure, and the files and archives of several of them."""

import io
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

from part.errors import PartError
from part.export.figure import Export
from part.export.reproduction import metadata, provenance_record, script, source_line
from part.figures.export_tables import constituents_csv, to_csv, to_npz
from part.figures.plotly import html_page
from part.figures.prediction import Prediction
from part.figures.view import lower_first
from part.io import write_together

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


def render(export: Export, kind: str) -> bytes:
    """Render a figure in one format.

    Parameters
    ----------
    export : Export
        The figure.
    kind : str
        One of `FORMATS`: drawings for papers (png, svg, pdf), a page that needs no network (html), arrays (npz,
        csv), provenance (json), and a script that reproduces the figure (py).

    Returns
    -------
    bytes
        The content of the file.

    Raises
    ------
    PartError
        If there is no such format.
    """
    match kind:
        case "png" | "svg" | "pdf":
            from part.figures.matplotlib import draw_matplotlib, figure_bytes

            return figure_bytes(draw_matplotlib(export.data, export.width), kind, metadata(export, kind))
        case "html":
            return _html(export).encode()
        case "npz":
            return to_npz(export.data)
        case "csv":
            return to_csv(export.data)
        case "json":
            return (json.dumps(provenance_record(export), indent=2, ensure_ascii=False) + "\n").encode()
        case "py":
            return script(export).encode()
    raise PartError(f"There is no format {kind!r}; expected some of {', '.join(FORMATS)}.")


def _html(export: Export) -> str:
    title = f"{export.provenance.name}, {lower_first(export.data.title)}"
    return html_page(export.data, title, source_line(export))


def files(export: Export, formats: Sequence[str] = FORMATS) -> dict[str, bytes]:
    """Return the content of each file by its name; beside a csv of pairs is a second one of the constituents."""
    contents = {f"{export.stem}.{kind}": render(export, kind) for kind in formats}
    if "csv" in formats and not isinstance(export.data, Prediction):
        contents[f"{export.stem}_constituents.csv"] = constituents_csv(export.data.jet_view)
    return contents


def bundle(export: Export, formats: Sequence[str] = FORMATS) -> bytes:
    """Pack a figure into a zip file.

    Parameters
    ----------
    export : Export
        The figure.
    formats : sequence of str
        Some of `FORMATS`, by default all.

    Returns
    -------
    bytes
        A zip file of one folder.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files(export, formats).items():
            archive.writestr(f"{export.stem}/{name}", content)
    return out.getvalue()


def save(export: Export, folder: str | os.PathLike, formats: Sequence[str], force: bool = False) -> list[Path]:
    """Write a figure's files into a folder.

    Parameters
    ----------
    export : Export
        The figure.
    folder : path
        Created if necessary.
    formats : sequence of str
        Some of `FORMATS`.
    force : bool
        Whether existing files are overwritten.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    PartError
        If a file exists and `force` is False; then nothing is written.
    """
    folder = Path(folder)
    contents = {folder / name: content for name, content in files(export, formats).items()}
    if not force and (existing := [path for path in contents if path.exists()]):
        raise PartError(f"{existing[0]} exists; force overwriting (--force) or choose another folder.")
    write_together(contents)
    return list(contents)
