"""python -m part report: the whole interpretation of a training in one file."""

import argparse

from part.cli.options import (
    add_device,
    add_entries,
    add_groups,
    add_jets,
    add_model,
    add_output,
    add_workers,
    open_workers,
    training_files,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_jets(parser)
    add_entries(parser)
    add_groups(parser)
    text = "studies on all of the jets; by default on some hundred of them, as many as intervals need"
    parser.add_argument("--all-jets", action="store_true", help=text)
    text = "report.html or report.pdf, or a folder for the page, its numbers and its figures"
    add_output(parser, text)
    add_device(parser)
    add_workers(parser)


def run(args: argparse.Namespace) -> None:
    from part.inference.loading import load_model
    from part.io import write_together
    from part.jets.class_groups import merge_classes
    from part.jets.streaming import entry_ranges
    from part.progress import TerminalProgress
    from part.report.compose import compose
    from part.report.files import check_out, report_files
    from part.report.measure import measure
    from part.report.plan import Request

    check_out(args.out, args.force)
    files = training_files(args) | {"dataset": args.dataset}
    tagger = load_model(args.model, args.device, **files)
    merge_classes(tagger.dataset, args.group, args.background)  # refuses unknown classes before the work
    request = Request(
        args.model,
        tuple(args.jets),
        args.start,
        args.stop,
        {name: value for name, value in files.items() if value},
        tuple(args.group),
        args.background,
        args.strict,
        args.all_jets,
    )
    ranges = entry_ranges(args.jets, args.start, args.stop, tagger.data_config, [tagger.features], strict=args.strict)
    progress = TerminalProgress()
    with open_workers(args, {args.model: tagger}) as cluster:
        report = compose(measure(tagger, request, ranges, progress, cluster))
    contents = report_files(report, args.out, progress)
    write_together(contents)
    for sentence in report.summary:
        print(sentence)
    print(f"The report is {next(iter(contents))}.")
