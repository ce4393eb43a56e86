"""Options and files about columns of jets, of the command `compare`."""

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from part.errors import PartError

if TYPE_CHECKING:
    import numpy as np

    from part.comparison.columns import WorkingPoint
    from part.comparison.result import Comparison
    from part.figures.charts import Plot
    from part.jets.schema import Dataset
    from part.jets.streaming import EntryRange

TABLE = "columns.csv"
FORMATS = ("pdf", "png", "svg")


def add_columns(parser: argparse.ArgumentParser) -> None:
    text = "numbers that the table has as well: flat branches, observers, pt, eta, mass, multiplicity"
    parser.add_argument("--columns", nargs="+", default=[], metavar="COLUMN", help=text)


def add_column_studies(parser: argparse.ArgumentParser) -> None:
    """Add the options of quality against columns."""
    text = f"columns to measure accuracy, efficiency, rejection and sculpting against ({TABLE} and figures)"
    parser.add_argument("--by", nargs="+", default=[], metavar="COLUMN", help=text)
    parser.add_argument("--bins", type=int, default=8, help="bins of each column (default: 8)")
    text = "signal classes of the working points (default: the first that the jets have)"
    parser.add_argument("--signal", nargs="+", default=[], metavar="CLASS", help=text)
    text = "signal efficiencies of the working points, over all jets (default: 0.5 0.3)"
    parser.add_argument("--efficiency", nargs="+", type=float, default=[0.5, 0.3], metavar="EFFICIENCY", help=text)
    text = "compare on the jets of which a column is within LOW and HIGH alone"
    parser.add_argument("--slice", nargs=3, metavar=("COLUMN", "LOW", "HIGH"), help=text)
    parser.add_argument("--format", default="pdf", help=f"figure formats, some of {','.join(FORMATS)}")


def figure_formats(args: argparse.Namespace) -> tuple[str, ...]:
    """Return the formats of `--format`. Raises PartError for an unknown one."""
    formats = tuple(dict.fromkeys(args.format.split(",")))
    if unknown := [name for name in formats if name not in FORMATS]:
        raise PartError(f"There is no format {unknown[0]!r}; expected some of {', '.join(FORMATS)}.")
    return formats


def slice_ends(args: argparse.Namespace) -> tuple[str, float, float] | None:
    """Return the column and the ends of `--slice`. Raises PartError for ends that are no numbers in order."""
    if args.slice is None:
        return None
    name, *ends = args.slice
    try:
        low, high = map(float, ends)
    except ValueError:
        raise PartError(f"--slice {' '.join(args.slice)}: expected COLUMN LOW HIGH, the last two numbers.") from None
    if not low <= high:
        raise PartError(f"--slice {' '.join(args.slice)}: expected LOW to be at most HIGH.")
    return name, low, high


def needed_columns(args: argparse.Namespace) -> list[str]:
    """Return all columns that the options name, each once."""
    return list(dict.fromkeys([*args.columns, *args.by, *(args.slice or [])[:1]]))


def check_columns(names: Sequence[str], ranges: "Sequence[EntryRange]") -> None:
    """Raise PartError, before anything is computed, if a file does not have one of the columns."""
    from part.jets.columns import read_column
    from part.jets.notices import gathered

    with gathered(lambda _: None):  # what is left out is said when the jets are read
        for name in names:
            for entries in ranges:
                read_column(entries.path, name, entries.start, entries.start + 1, entries.config)


def check_points(args: argparse.Namespace, dataset: "Dataset") -> None:
    """Raise PartError for a class, an efficiency or a number of bins that cannot be."""
    if unknown := [name for name in args.signal if name not in dataset.classes]:
        few = ", ".join(dataset.classes[:10])
        raise PartError(f"--signal {unknown[0]}: there is no such class; expected some of {few}.")
    if wrong := [value for value in args.efficiency if not 0 < value < 1]:
        raise PartError(f"--efficiency {wrong[0]:g}: expected a number between 0 and 1.")
    if args.bins < 1:
        raise PartError(f"--bins {args.bins}: expected 1 or more.")


def in_slice(values: "np.ndarray", low: float, high: float) -> "np.ndarray":
    """Return which values (J,) are within both ends; one that is not finite is not."""
    import numpy as np

    return np.isfinite(values) & (values >= low) & (values <= high)


def columns_with_figures(
    result: "Comparison", args: argparse.Namespace, formats: Sequence[str]
) -> tuple[list[dict[str, Any]], dict[Path, bytes]]:
    """Return the rows of the table of `--by`, and the contents of its file and of its figures by their paths."""
    from part.figures.matplotlib import figure_bytes
    from part.figures.matplotlib.charts import draw_chart
    from part.io import csv_bytes

    rows: list[dict[str, Any]] = []
    contents: dict[Path, bytes] = {}
    for name in args.by:
        for stem, own_rows, chart in _studies(result, name, args):
            rows += own_rows
            figure, title = draw_chart(chart), {"Title": chart.title}
            contents |= {args.out / f"{stem}.{kind}": figure_bytes(figure, kind, title, dpi=150) for kind in formats}
    return rows, contents | {args.out / TABLE: csv_bytes(rows)}


def points(result: "Comparison", args: argparse.Namespace) -> "list[WorkingPoint]":
    """Return the working points of `--signal` and `--efficiency`. Raises PartError for a class that is no signal."""
    from part.comparison.columns import working_point

    signals = [result.dataset.classes.index(name) for name in args.signal] or [None]
    found = [working_point(result, signal, efficiency) for signal in signals for efficiency in args.efficiency]
    return [point for point in found if point is not None]


def _studies(
    result: "Comparison", name: str, args: argparse.Namespace
) -> "Iterator[tuple[str, list[dict[str, Any]], Plot]]":
    """Yield name, rows and chart of each study of a column."""
    from part.analysis.statistics.histograms import DRAWS
    from part.comparison.columns import quality_in_bins, quality_rows
    from part.comparison.sculpting import measure_sculpting, sculpting_rows
    from part.figures.column_charts import accuracy_chart, quality_charts, sculpting_chart

    values, stem = result.columns[name], re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    quality = quality_in_bins(result, name, values, args.bins)
    yield f"{stem}_accuracy", list(quality_rows(result, quality)), accuracy_chart(result, quality)
    for point in points(result, args):
        at = f"{stem}_{result.dataset.classes[point.signal]}_{100 * point.efficiency:g}"
        quality = quality_in_bins(result, name, values, args.bins, point)
        rows = [row for row in quality_rows(result, quality) if row["measure"] != "accuracy"]
        for measure, chart in quality_charts(result, quality).items():
            if measure != "accuracy":
                own = {"efficiency": "signal_efficiency", "rejection": "rejection"}[measure]
                yield f"{at}_{measure}", [row for row in rows if row["measure"] == own], chart
        sculpting = measure_sculpting(result, name, values, point, draws=args.replicas or DRAWS, seed=args.seed)
        for m, row in enumerate(sculpting_rows(result, sculpting)):
            model = re.sub(r"[^A-Za-z0-9._-]+", "-", result.names[m])
            yield f"{at}_sculpting_{model}", [row], sculpting_chart(result, sculpting, m)


def sculpting_text(rows: Sequence[dict[str, Any]]) -> str:
    """Return the divergences among the rows of the table, a line each."""
    lines = []
    for row in rows:
        if row["measure"] == "jensen_shannon_bits" and row["value"] is not None:
            ends = f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}] bits, p = {row['p_value']:.2g}"
            at = f"{row['signal']} at {100 * row['efficiency']:g} %"
            lines.append(f"Background passing {at} against not, in {row['column']}, {row['model']}: {ends}")
    return "\n".join(lines)
