"""A report as a file or as a folder of files."""

import json
from pathlib import Path

from part.errors import PartError
from part.io import check_folder, check_writable, csv_bytes
from part.progress import ProgressCallback, no_progress
from part.report.content import Picture, Report
from part.report.drawing import pdf
from part.report.html import report_html
from part.report.pdf import report_pdf
from part.report.plan import WRITING

PAGE, NUMBERS = "report.html", "numbers.json"
SUFFIXES = (".html", ".pdf")


def check_out(out: Path, force: bool) -> None:
    """Find out, before any work, whether a report can be written.

    Parameters
    ----------
    out : Path
        A file that ends in .html or .pdf, or a folder for the report, its numbers and its figures.
    force : bool
        Whether existing files are overwritten.

    Raises
    ------
    PartError
        If it cannot be written, exists, or has another ending.
    """
    if out.suffix and out.suffix not in SUFFIXES and not out.is_dir():
        raise PartError(f"{out} should end in {' or '.join(SUFFIXES)}, or be a folder without an ending.")
    is_file = out.suffix in SUFFIXES
    (check_writable if is_file else check_folder)(out)
    existing = out if is_file else out / PAGE
    if not force and existing.exists():
        raise PartError(f"{existing} exists; use --force to overwrite it.")


def report_files(report: Report, out: Path, progress: ProgressCallback = no_progress) -> dict[Path, bytes]:
    """Return the content of each file of a report.

    Parameters
    ----------
    report : Report
    out : Path
        See `check_out`. A folder gets the page, the numbers as JSON, tables as CSV, and pictures as PDF and SVG.
    progress : callable
        Receives the stage "Drawing", the pictures done and their number.
    """
    pictures = [picture for section in report.sections for picture in section.pictures]
    svgs: dict[str, str] = {}  # by the names of the pictures

    def drawn(picture: Picture, text: str) -> None:
        svgs[picture.name] = text
        progress(WRITING, len(svgs), len(pictures))

    if out.suffix == ".pdf":
        return {out: report_pdf(report, drawn)}
    page = report_html(report, drawn).encode()
    if out.suffix == ".html":
        return {out: page}
    contents = {out / PAGE: page, out / NUMBERS: _json(report)}
    contents |= {out / "tables" / f"{name}.csv": csv_bytes(rows) for name, rows in report.tables.items() if rows}
    for picture in pictures:
        contents[out / "figures" / f"{picture.name}.svg"] = svgs[picture.name].encode()
        contents[out / "figures" / f"{picture.name}.pdf"] = pdf(picture)
    return contents


def _json(report: Report) -> bytes:
    return (json.dumps(report.numbers, indent=1, ensure_ascii=False) + "\n").encode()
