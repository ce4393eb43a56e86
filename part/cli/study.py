"""python -m part study KIND: measure something of a model over the jets of files of any size."""

import argparse

from part.analysis.registry import STUDIES, study_class
from part.cli.options import (
    add_device,
    add_entries,
    add_fields,
    add_jets,
    add_model,
    add_output,
    add_workers,
    check_outputs,
    from_args,
    open_workers,
    training_files,
)
from part.errors import PartError

FILES = {"json": "summary.json", "csv": "table.csv", "npz": "arrays.npz"}
PRINTED = 30  # rows
FORMATS = ("pdf", "png", "svg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind, (_, text) in STUDIES.items():
        command = kinds.add_parser(kind, help=text, description=text)
        add_model(command)
        add_jets(command)
        add_entries(command)
        add_output(command, f"folder for {', '.join(FILES.values())} and the figures")
        command.add_argument("--format", default="pdf", help=f"figure formats, some of {','.join(FORMATS)}")
        add_device(command)
        add_workers(command)
        add_fields(command, study_class(kind))


def run(args: argparse.Namespace) -> None:
    from part.analysis.results import result_bytes
    from part.analysis.study import study_files
    from part.figures.matplotlib import chart_metadata, figure_bytes
    from part.figures.matplotlib.charts import draw_chart
    from part.figures.studies import study_charts, study_downloads
    from part.inference.loading import load_model
    from part.io import write_together
    from part.jets.notices import so_far
    from part.jets.streaming import entry_ranges
    from part.progress import TerminalProgress

    check_outputs(args.force, *(args.out / name for name in FILES.values()))
    formats = tuple(dict.fromkeys(args.format.split(",")))
    if unknown := [name for name in formats if name not in FORMATS]:
        raise PartError(f"There is no format {unknown[0]!r}; expected some of {', '.join(FORMATS)}.")
    study = from_args(study_class(args.kind), args)
    if getattr(study, "max_jets", None) == 1 and (args.workers is not None or args.scheduler is not None):
        raise PartError(f"{args.kind} studies one jet, so --workers and --scheduler have nothing to share out.")
    tagger = load_model(args.model, args.device, dataset=args.dataset, **training_files(args))
    ranges = entry_ranges(args.jets, args.start, args.stop, tagger.data_config, [tagger.features], strict=args.strict)
    with open_workers(args, {args.model: tagger}) as cluster:
        result = study_files(study, tagger, ranges, TerminalProgress(), cluster)
    provenance = {
        "study": repr(study),
        "model": tagger.name,
        "sha256": tagger.sha256,
        "files": [{"path": entries.path, "start": entries.start, "stop": entries.stop} for entries in ranges],
        "notices": so_far(),
    }
    contents = {args.out / name: result_bytes(result, kind, provenance) for kind, name in FILES.items()}
    contents |= {args.out / name: content for name, content in study_downloads(args.kind, result).items()}
    for name, chart in study_charts(args.kind, result).items():
        figure, title = draw_chart(chart), f"{tagger.name}: {chart.title}"
        for kind in formats:
            about = chart_metadata(title, chart.sentence, kind)
            contents[args.out / f"{name}.{kind}"] = figure_bytes(figure, kind, about, dpi=150)
    write_together(contents)
    rows = result.rows()
    print(_table(rows[:PRINTED]))
    if len(rows) > PRINTED:
        print(f"{len(rows) - PRINTED} more rows are in {args.out / FILES['csv']}.")
    for remark in (getattr(measured, "remark", None) for measured in (study, result)):
        if remark:
            print(remark)


def _table(rows: list[dict]) -> str:
    """Return the rows as text, numbers to four digits."""
    texts = [list(rows[0]), *([_text(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in texts)
    return "\n".join(line.rstrip() for line in lines)


def _text(value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
