"""python -m part study KIND: something measured of a model over the jets of files of any size."""

import argparse
import csv
import json
from pathlib import Path

from part.analysis.registry import STUDIES, module_of
from part.errors import PartError

FILES = ("summary.json", "table.csv", "arrays.npz")
PRINTED = 30  # rows
FORMATS = ("pdf", "png", "svg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind, (_, text) in STUDIES.items():
        command = kinds.add_parser(kind, help=text, description=text)
        command.add_argument("--model", required=True, help="shipped name, checkpoint or weaver .pt, also NAME@bf16")
        command.add_argument("--jets", required=True, nargs="+", help="files, folders, globs or URLs")
        command.add_argument("--start", type=int, help="first entry, through all files in a row")
        command.add_argument("--stop", type=int, help="entry after the last")
        command.add_argument("--out", required=True, type=Path, help=f"folder for {', '.join(FILES)} and the figures")
        command.add_argument("--format", default="pdf", help=f"of the figures, some of {','.join(FORMATS)}")
        command.add_argument("--dataset", help="of weaver weights that fit more than one")
        command.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
        command.add_argument("--force", action="store_true", help="overwrite existing files")
        module_of(kind).add_arguments(command)


def run(args: argparse.Namespace) -> None:
    import numpy as np

    from part.analysis.study import study_files
    from part.figures.matplotlib import save_paper
    from part.figures.matplotlib.charts import draw_chart
    from part.figures.studies import charts_of
    from part.inference.tagger import load_model
    from part.io import atomic_write
    from part.jets.streaming import spans
    from part.progress import Progress

    if taken := [name for name in FILES if (args.out / name).exists() and not args.force]:
        raise PartError(f"{args.out / taken[0]} exists; use --force to overwrite it.")
    formats = tuple(dict.fromkeys(args.format.split(",")))
    if unknown := [name for name in formats if name not in FORMATS]:
        raise PartError(f"There is no format {unknown[0]!r}; expected some of {', '.join(FORMATS)}.")
    study = module_of(args.kind).study_of(args)
    tagger = load_model(args.model, args.device, dataset=args.dataset)
    found = spans(args.jets, args.start, args.stop)
    findings = study_files(study, tagger, found, Progress())
    rows = findings.rows()
    told = {
        "study": repr(study),
        "model": tagger.name,
        "sha256": tagger.sha256,
        "files": [{"path": span.path, "start": span.start, "stop": span.stop} for span in found],
        "rows": rows,
    }
    with atomic_write(args.out / FILES[0]) as path:
        path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    with atomic_write(args.out / FILES[1]) as path, path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    with atomic_write(args.out / FILES[2]) as path, path.open("wb") as file:
        np.savez_compressed(file, **findings.arrays())
    for name, chart in charts_of(args.kind, findings).items():
        figure = draw_chart(chart)
        for kind in formats:
            with atomic_write(args.out / f"{name}.{kind}") as path:
                path.write_bytes(save_paper(figure, kind, {"Title": f"{tagger.name}: {chart.title}"}, dpi=150))
    print(_table(rows[:PRINTED]))
    if len(rows) > PRINTED:
        print(f"{len(rows) - PRINTED} more rows are in {args.out / FILES[1]}.")


def _table(rows: list[dict]) -> str:
    """The rows, numbers to four digits."""
    texts = [list(rows[0]), *([_text(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in texts)
    return "\n".join(line.rstrip() for line in lines)


def _text(value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
