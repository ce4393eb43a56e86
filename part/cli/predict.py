"""python -m part predict: class probabilities of every jet in files of any size."""

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from part.cli.assumptions import print_assumptions, print_backends
from part.cli.columns import add_columns, check_columns
from part.cli.options import (
    add_device,
    add_entries,
    add_jets,
    add_model,
    add_output,
    add_workers,
    check_outputs,
    open_workers,
    training_files,
)
from part.cli.usable import kept_by
from part.errors import PartError
from part.jets.class_groups import GROUP_HELP, ClassGroup, class_group
from part.jets.notices import none_left

if TYPE_CHECKING:
    import awkward as ak

    from part.inference.tagger import Tagger
    from part.jets.streaming import Chunk


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_jets(parser)
    add_entries(parser)
    text = f"{GROUP_HELP}; its score is a column score_GROUP"
    parser.add_argument("--group", action="append", default=[], metavar="GROUP", help=text)
    add_columns(parser)
    add_output(parser, ".parquet or .csv to write, one row per jet")
    add_device(parser)
    add_workers(parser)


def run(args: argparse.Namespace) -> None:
    from part.inference.cluster import map_chunks
    from part.inference.loading import load_model
    from part.io import check_table_name, write_table
    from part.jets.config.yaml_file import write_yaml
    from part.jets.streaming import entry_ranges
    from part.progress import TerminalProgress

    check_table_name(args.out)
    check_outputs(args.force, args.out)
    tagger = load_model(args.model, args.device, dataset=args.dataset, **training_files(args))
    groups = [class_group(tagger.dataset, text) for text in args.group]
    config, automatic = tagger.data_config, args.out.with_suffix(".auto.yaml")
    is_computed = config is not None and not config.is_standardised
    if is_computed:
        check_outputs(args.force, automatic)
    metadata = {"model": tagger.name, "sha256": tagger.sha256, "backend": tagger.backend, "jets": " ".join(args.jets)}
    n_written, n_outside, example = 0, 0, ""
    with write_table(args.out, metadata) as table, open_workers(args, {args.model: tagger}) as cluster:
        ranges = entry_ranges(
            args.jets, args.start, args.stop, tagger.data_config, [tagger.features], strict=args.strict
        )
        check_columns(args.columns, ranges)
        total = sum(map(len, ranges))
        progress, done = TerminalProgress(), 0
        rows_of = partial(_rows, groups, tuple(args.columns))
        for entries, (columns, own_example) in map_chunks(rows_of, ranges, [tagger], cluster):
            table.append(columns)
            n_outside += int(columns["outside_training"].sum())
            example = example or own_example
            n_written += len(columns["outside_training"])
            done += len(entries)
            progress("Jets", done, total)
        if not n_written:
            raise PartError(f"{none_left(total)}.")
    selected = "" if n_written == total else f" of {total}, those that {kept_by(config)},"
    print(f"Wrote {n_written} jets{selected} to {args.out}.")
    print_backends([tagger])
    if n_outside:
        unlike = f"{n_outside} of {n_written} jets are unlike those of the training (column outside_training)"
        print(f"{unlike}; the first: {example}.")
    if is_computed and (computed := ranges[0].config) is not None:
        write_yaml(automatic, computed.options)
        print(f"Wrote the data config with the standardisation that was computed to {automatic}.")
    print_assumptions(tagger, ranges)


def _rows(
    groups: Sequence[ClassGroup], names: Sequence[str], taggers: "Sequence[Tagger]", chunk: "Chunk"
) -> tuple[dict[str, Any], str]:
    """Return the columns of the table for a chunk, and how its first jet that is unlike the training's is unlike it."""
    from part.inference.training_range import outside_training

    tagger = taggers[0]
    with chunk.error_context():
        columns = _columns(tagger, groups, chunk)
        outside = outside_training(tagger, chunk.jets)
    is_outside = np.array([text is not None for text in outside], bool)
    columns |= {"outside_training": is_outside, **_observers(chunk.jets, tagger)}
    return columns | chunk.numbers(names), next(filter(None, outside), "")


def _columns(tagger: "Tagger", groups: Sequence[ClassGroup], chunk: "Chunk") -> dict[str, Sequence | np.ndarray]:
    """Return where the jets are, the scores of classes and groups, outputs that are no classes, and the truth."""
    from part.inference.numbers import predict_numbers

    probabilities, numbers = tagger.predict(chunk.jets), predict_numbers(tagger, chunk.jets)
    columns: dict[str, Sequence | np.ndarray] = dict(chunk.columns)
    columns |= {f"score_{name}": probabilities[:, i] for i, name in enumerate(tagger.dataset.classes)}
    columns |= {f"score_{group.name}": group.probability(probabilities) for group in groups}
    targets = tagger.dataset.targets[: numbers.shape[1]]
    columns |= {f"output_{name}": numbers[:, i] for i, name in enumerate(targets)}
    labels = chunk.labels(tagger.dataset)
    return columns | ({} if labels is None else {"label": labels})


def _observers(jets: "ak.Array", tagger: "Tagger") -> dict[str, np.ndarray]:
    """Return the columns that a data config keeps beside the predictions."""
    names = () if tagger.data_config is None else tagger.data_config.observers
    return {name: jets[name].to_numpy() for name in names if name in jets.fields and jets[name].ndim == 1}
