"""python -m part compare: compare two to four models on the same jets of files of any size, or one on two samples."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from part.cli.assumptions import print_backends
from part.cli.columns import (
    TABLE,
    add_column_studies,
    add_columns,
    check_columns,
    check_points,
    columns_with_figures,
    figure_formats,
    in_slice,
    needed_columns,
    sculpting_text,
    slice_ends,
)
from part.cli.options import (
    add_dataset,
    add_device,
    add_entries,
    add_groups,
    add_jets,
    add_output,
    add_training_files,
    add_workers,
    check_number,
    check_outputs,
    check_replicas,
    open_workers,
    training_files,
)
from part.cli.two_samples import compare_two_samples
from part.errors import PartError
from part.options import MAX_SEED

if TYPE_CHECKING:
    from part.comparison.match_heads import HeadMatches
    from part.inference.cluster import Cluster
    from part.jets.streaming import EntryRange

FILES = {"parquet": "per_jet.parquet", "json": "summary.json", "csv": "summary.csv"}
HEADS = "heads.csv"
MAX_LISTED = 50  # jets of the largest disagreement in the summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    text = "two to four, the first as the reference: shipped names, project checkpoints or weaver .pt, also NAME@bf16"
    parser.add_argument("--models", required=True, nargs="+", help=f"{text}; one with --other-jets")
    add_training_files(parser)
    add_dataset(parser)
    add_jets(parser)
    add_entries(parser)
    add_groups(parser)
    text = "a second sample, of which all entries are taken: one model is compared on --jets and on these"
    parser.add_argument("--other-jets", nargs="+", metavar="JETS", help=text)
    add_columns(parser)
    add_column_studies(parser)
    add_output(parser, f"folder to write {', '.join(FILES.values())} into")
    parser.add_argument("--attention-jets", type=int, default=200, help="jets that attention is compared on")
    text = f"match heads by what they attend to on those jets ({HEADS}): what became of each of the first model's"
    parser.add_argument("--heads", action="store_true", help=text)
    parser.add_argument("--replicas", type=int, default=200, help="bootstrap draws for the intervals (0: none)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the bootstrap draws")
    add_device(parser)
    add_workers(parser)


def run(args: argparse.Namespace) -> None:
    from part.comparison.models import load_distinct
    from part.jets.class_groups import merge_classes
    from part.jets.streaming import entry_ranges

    paths = {kind: args.out / name for kind, name in FILES.items()}
    more = [args.out / name for name, is_wanted in ((TABLE, args.by), (HEADS, args.heads)) if is_wanted]
    check_outputs(args.force, *paths.values(), *more)
    check_replicas(args)
    check_number(args, "attention_jets")
    check_number(args, "seed", 0, MAX_SEED)
    formats, chosen = figure_formats(args), slice_ends(args)
    models = load_distinct(args.models, args.device, args.dataset, training_files(args))
    features = [tagger.features for tagger in models.values()]
    config = next(iter(models.values())).data_config
    ranges = entry_ranges(args.jets, args.start, args.stop, config, features, strict=args.strict)
    check_points(args, merge_classes(next(iter(models.values())).dataset, args.group, args.background).dataset)
    check_columns(needed_columns(args), ranges)
    provenance = {
        "files": _places(ranges),
        "sha256": {name: tagger.sha256 for name, tagger in models.items()},
        "backends": {name: tagger.backend for name, tagger in models.items()},
        "replicas": args.replicas,
        "seed": args.seed,
        "groups": args.group,
        "background": args.background,
    }
    with open_workers(args, dict(zip(args.models, models.values(), strict=False))) as cluster:
        if args.other_jets:
            compare_two_samples(args, models, ranges, paths, provenance, cluster)
        else:
            _compare_models(args, models, ranges, provenance, formats, chosen, cluster)
    print_backends(models.values())


def _compare_models(
    args: argparse.Namespace,
    models: dict[str, Any],
    ranges: "Sequence[EntryRange]",
    provenance: dict[str, Any],
    formats: Sequence[str],
    chosen: tuple[str, float, float] | None,
    cluster: "Cluster | None",
) -> None:
    import numpy as np

    from part.comparison.columns import slice_comparison
    from part.comparison.compare import compare_files
    from part.comparison.summary import comparison_bytes, most_different_jets
    from part.comparison.text import text_table
    from part.io import csv_bytes, write_table, write_together
    from part.jets.notices import so_far
    from part.progress import TerminalProgress

    _check_selected(ranges, args.attention_jets)
    metadata = {name: json.dumps(value) for name, value in provenance.items()}
    with write_table(args.out / FILES["parquet"], metadata) as table:
        result = compare_files(
            models,
            ranges,
            table,
            args.attention_jets,
            args.replicas,
            args.seed,
            TerminalProgress(),
            groups=args.group,
            background=args.background,
            columns=needed_columns(args),
            cluster=cluster,
        )
        positions, n_compared = None, len(result)
        if chosen:
            name, low, high = chosen
            kept = in_slice(result.columns[name], low, high)
            result, positions = slice_comparison(result, kept, args.seed), np.flatnonzero(kept)
            provenance["slice"] = {"column": name, "low": low, "high": high, "jets": len(result), "of": n_compared}
            within = f"{len(result)} of {n_compared} jets with {name} from {low:g} to {high:g}"
            print(f"Slice: {within}; attention, cost: all jets.")
        provenance["notices"] = so_far()
        most_different = most_different_jets(result, ranges, MAX_LISTED, positions, n_compared)
        matches = _match_heads(args, models, ranges, cluster) if args.heads else None
        if matches is not None:
            provenance["heads"] = matches.summary()
        rows, figures = columns_with_figures(result, args, formats) if args.by else ([], {})
        if rows:
            provenance["columns"] = rows
        summary = comparison_bytes(result, "json", provenance, most_different=most_different) + b"\n"
        tables = {args.out / FILES["json"]: summary, args.out / FILES["csv"]: comparison_bytes(result, "csv")}
        if matches is not None and matches.rows():
            tables[args.out / HEADS] = csv_bytes(matches.rows())
    write_together(tables | figures)  # right after the table of the jets, so that all are there or none
    told = matches.text() if matches is not None else ""
    print("\n".join(filter(None, (text_table(result), told, sculpting_text(rows)))))


def _match_heads(
    args: argparse.Namespace,
    models: dict[str, Any],
    ranges: "Sequence[EntryRange]",
    cluster: "Cluster | None",
) -> "HeadMatches":
    from part.comparison.match_heads import match_heads_in_files
    from part.jets.streaming import proportional_subset
    from part.progress import TerminalProgress

    return match_heads_in_files(models, proportional_subset(ranges, args.attention_jets), TerminalProgress(), cluster)


def _places(ranges: "Sequence[EntryRange]") -> list[dict[str, Any]]:
    return [{"path": entries.path, "start": entries.start, "stop": entries.stop} for entries in ranges]


def _check_selected(ranges: "Sequence[EntryRange]", attention_jets: int) -> None:
    """Raise PartError if there are none of the jets that attention is compared and models are timed on."""
    from part.jets.notices import none_left
    from part.jets.streaming import chunks, proportional_subset

    if attention_jets < 1:
        return
    few = proportional_subset(ranges, attention_jets)
    if next(chunks(few), None) is None:
        raise PartError(
            f"{none_left(sum(map(len, few)))} at the front of the files, on which attention is compared; expected "
            f"some, perhaps with more --attention-jets than {attention_jets}."
        )
