"""python -m part evaluate: accuracy, macro AUC, background rejections and calibration on labelled jets."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from part.cli.assumptions import print_assumptions, print_backends
from part.cli.options import (
    add_device,
    add_entries,
    add_force,
    add_groups,
    add_jets,
    add_model,
    add_workers,
    check_outputs,
    check_replicas,
    open_workers,
    training_files,
)
from part.errors import PartError
from part.jets.schema import Dataset

if TYPE_CHECKING:
    from part.inference.cluster import Cluster
    from part.inference.tagger import Tagger
    from part.jets.streaming import Chunk, EntryRange


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_jets(parser)
    add_entries(parser)
    add_groups(parser)
    add_device(parser)
    add_workers(parser)
    parser.add_argument("--out", type=Path, help="JSON file to write as well")
    parser.add_argument("--replicas", type=int, default=200, help="bootstrap draws for the intervals (200), 0 for none")
    card = "write the result into the model's card as well, under this name (held_out)"
    parser.add_argument("--card", nargs="?", const="held_out", metavar="ENTRY", help=card)
    add_force(parser)


def run(args: argparse.Namespace) -> None:
    from part.analysis.statistics.metrics import per_class
    from part.inference.capabilities import require_classes
    from part.inference.loading import load_model
    from part.io import atomic_write
    from part.jets.class_groups import merge_classes
    from part.jets.labels import known_classes
    from part.jets.notices import n_unusable, none_left, say, so_far, without_class
    from part.jets.streaming import entry_ranges
    from part.models.checkpoints.cards import amend_card, check_result_name

    check_replicas(args)
    if args.out:
        check_outputs(args.force, args.out)
    entry = args.card and check_result_name(args.card)
    tagger = load_model(args.model, args.device, dataset=args.dataset, **training_files(args))
    require_classes(tagger, "quality to measure")
    merged = merge_classes(tagger.dataset, args.group, args.background)
    ranges = entry_ranges(args.jets, args.start, args.stop, tagger.data_config, [tagger.features], strict=args.strict)
    with open_workers(args, {args.model: tagger}) as cluster:
        probabilities, truth = _score_all(tagger, ranges, cluster)
    if not len(truth):
        raise PartError(f"{none_left(sum(map(len, ranges)))}; evaluate needs some.")
    known = known_classes(truth)
    if known is None:
        raise PartError(f"None of these jets belongs to a class of {tagger.dataset.name}; evaluate needs some that do.")
    without = int((~known).sum())
    probabilities, truth = merged.probabilities(probabilities[known]), merged.truth(truth[known])
    result = quality(probabilities, truth, merged.dataset, args.replicas)
    classes = per_class(probabilities, truth, merged.dataset)
    if args.group or args.background:
        result |= {"groups": args.group, "background": args.background}
    if without:
        result["jets_without_class"] = without
        say(without_class(without, len(known)))
    if unusable := n_unusable():
        result["jets_unusable"] = unusable
    if args.out:
        content = result | {"classes": classes} | ({"notices": notices} if (notices := so_far()) else {})
        with atomic_write(args.out) as path:
            path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    if args.card:
        entry = entry if tagger.precision == "fp32" else f"{entry}_{tagger.precision}"
        amend_card(tagger.path, {entry: {"files": [Path(path).name for path in args.jets]} | result})
    print(_table(result, classes))
    print_backends([tagger])
    print_assumptions(tagger, ranges)


def quality(probabilities: np.ndarray, truth: np.ndarray, dataset: Dataset, count: int) -> dict:
    """Return the metrics of `metrics.measure`, the expected calibration error, their 95 % intervals, and counts.

    The intervals are from `count` bootstrap draws, that of the accuracy is Wilson's; an end that is infinite is None.
    The counts of jets are those behind the rejections, see `metrics.rejection_counts`.
    """
    from part.analysis.statistics.bootstrap import interval, replicas
    from part.analysis.statistics.calibration import reliability
    from part.analysis.statistics.metrics import measure, rejection_counts, rounded_wilson

    result = measure(probabilities, truth, dataset)
    drawn = replicas(probabilities[None], truth, dataset, count) if count else {}
    intervals = {name: [_rounded(name, end) for end in interval(values[0])] for name, values in drawn.items()}
    if count:
        right = int((probabilities.argmax(1) == truth).sum())
        intervals["accuracy"] = [*(rounded_wilson(right, len(truth)) or ())]
    calibration = round(reliability(probabilities, truth).expected_error, 5)
    counts = rejection_counts(probabilities, truth, dataset)
    return result | {"calibration_error": calibration, "intervals": intervals, "background_counts": counts}


def _rounded(name: str, value: float) -> float | None:
    return round(value, 1 if name.startswith("rejection") else 5) if np.isfinite(value) else None


def _score_all(tagger: "Tagger", ranges: "Sequence[EntryRange]", cluster: "Cluster | None") -> tuple[np.ndarray, ...]:
    """Return probabilities (J, C) and classes (J,) of all jets in their order."""
    from part.inference.cluster import map_chunks
    from part.progress import TerminalProgress

    progress, done, total = TerminalProgress(), 0, sum(map(len, ranges))
    scores = [(np.empty((0, len(tagger.dataset.labels)), np.float32), np.empty(0, np.int64))]
    for entries, score in map_chunks(_score, ranges, [tagger], cluster):
        scores.append(score)
        done += len(entries)
        progress("Jets", done, total)
    return tuple(map(np.concatenate, zip(*scores, strict=True)))


def _score(taggers: "Sequence[Tagger]", chunk: "Chunk") -> tuple[np.ndarray, np.ndarray]:
    from part.analysis.statistics.metrics import check_classes

    tagger = taggers[0]
    labels = chunk.labels(tagger.dataset)
    if labels is None:
        raise PartError(f"{chunk.entries.path} has no labels of {tagger.dataset.name}; evaluate needs them.")
    with chunk.error_context():
        check_classes(labels, tagger.dataset, chunk.columns["entry"])
        return tagger.predict(chunk.jets), labels


def _line(name: str, value: float | None, result: dict) -> str:
    """Return a measure with its interval, a rejection with the background jets that pass or, without any, its limit."""
    counts, ends = result["background_counts"].get(name), result["intervals"].get(name)
    of = f"({counts['passing']} of {counts['background']} background jets)" if counts else ""
    if value is None:
        text = f"> {counts['above']:.2g} at 95 %" if counts else "none (jets of one class)"
        return f"{name:24} {text:>10}  {of}".rstrip()
    known = ends and ends[0] is not None
    between = f"95 %: {ends[0]} to {'∞' if ends[1] is None else ends[1]}" if known else ""
    return f"{name:24} {value:>10}  {between} {of}".rstrip()


def _table(result: dict, classes: dict) -> str:
    left_out = ("intervals", "background_counts", "groups", "background")
    lines = [_line(name, value, result) for name, value in result.items() if name not in left_out]
    width = max(8, *map(len, classes))
    heads = f"{'efficiency [95 %]':>26} {'purity [95 %]':>26} {'AUC':>8}"
    lines += ["", f"{'class':{width}} {'jets':>9} {heads}"]
    for name, row in classes.items():
        shares = (_share(row, "efficiency"), _share(row, "purity"))
        area = "–" if row["auc"] is None else f"{row['auc']:.4f}"
        lines.append(f"{name:{width}} {row['jets']:>9,} {shares[0]:>26} {shares[1]:>26} {area:>8}")
    return "\n".join(lines)


def _share(row: dict, name: str) -> str:
    """Return a share with Wilson's interval, "–" where no jet is of the class or predicted as it."""
    if row[name] is None:
        return "–"
    low, high = row[f"{name}_interval"]
    return f"{row[name]:.4f} [{low:.4f}, {high:.4f}]"
