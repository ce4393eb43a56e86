"""python -m part bench KIND: measure how fast models are on this machine, and where their time goes."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from part.cli.options import add_dataset, add_device, add_force, add_training_files, check_outputs, training_files
from part.errors import PartError

if TYPE_CHECKING:
    import awkward as ak

    from part.benchmarking.measurement import SpeedMeasurement
    from part.benchmarking.profile import Profile
    from part.benchmarking.results import MeasurementPlan
    from part.benchmarking.roofline import RooflinePoint
    from part.jets.config.config import DataConfig

KINDS = {
    "sweep": "latency and throughput against the batch and the number of constituents",
    "profile": "the time of a pass by operator and by module, and a trace for Perfetto",
    "roofline": "each module beside what this machine can do at most",
}
MAX_LINES = 16  # operators, and modules, of a model's profile
MAX_JETS = 512  # read without --entries


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind, text in KINDS.items():
        command = kinds.add_parser(kind, help=text, description=text)
        command.add_argument("--models", required=True, nargs="+", help="names or checkpoints, also NAME@bf16")
        command.add_argument("--jets", help="file or URL of jets, used unless random jets are requested")
        command.add_argument(
            "--entries", type=_entries, help="entries of the file, such as 3,8,12 (default: from the first)"
        )
        add_device(command)
        command.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
        command.add_argument("--out", required=True, type=Path, help="JSON file for the results")
        add_force(command)
        add_training_files(command)
        add_dataset(command)
        command.add_argument("--lines", action="store_true", help="report each step as JSON on stdout, for programs")
        if kind == "sweep":
            _add_sweep_arguments(command)
        else:
            _add_profile_arguments(command, 48 if kind == "roofline" else None)


def _add_sweep_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--batches", type=int, nargs="+", default=[1, 8, 64, 256], help="jets per pass (default: 1 8 64 256)"
    )
    command.add_argument("--lengths", type=int, nargs="+", help="constituents of random jets, used instead of --jets")
    command.add_argument("--repeats", type=int, default=15, help="measured passes (default: 15)")
    command.add_argument("--warmup", type=int, default=2, help="passes before the measured ones (default: 2)")
    command.add_argument(
        "--budget", type=float, default=10.0, help="approximate limit of the seconds per point (default: 10)"
    )


def _add_profile_arguments(command: argparse.ArgumentParser, length: int | None) -> None:
    command.add_argument("--batch", type=int, default=64, help="jets per pass (default: 64)")
    text = "constituents of random jets" + (f" (default: {length})" if length else ", used instead of --jets")
    command.add_argument("--length", type=int, default=length, help=text)
    command.add_argument("--passes", type=int, default=5, help="passes that are averaged (default: 5)")


def _entries(text: str) -> list[int]:
    return [int(entry) for entry in text.split(",")]


def run(args: argparse.Namespace) -> None:
    from datetime import datetime

    from part.benchmarking import bench
    from part.benchmarking.machine import describe_machine
    from part.benchmarking.results import judge_measurements
    from part.progress import TerminalProgress

    check_outputs(args.force, args.out)
    progress = _print_progress if args.lines else TerminalProgress()
    created = datetime.now().astimezone()
    files = training_files(args) | {"dataset": args.dataset}
    rows = bench.run(_plan(args), _jets(args, files), args.out, created, progress, files)
    if not args.lines:
        print(describe_machine())
        print("\n".join(_TABLES[args.kind](rows)))
        print(judge_measurements(rows).sentence)
        if args.kind == "profile":
            print("Torch ran the models module by module; predictions may be faster in compiled code (bench sweep).")


def _plan(args: argparse.Namespace) -> "MeasurementPlan":
    from part.benchmarking.profile import ProfilePlan
    from part.benchmarking.roofline import RooflinePlan
    from part.benchmarking.sweep import SweepPlan

    common: dict[str, Any] = {"models": tuple(args.models), "device": args.device, "threads": args.threads}
    if args.kind == "sweep":
        lengths = (None,) if args.lengths is None else tuple(args.lengths)
        counts = {"repeats": args.repeats, "warmup": args.warmup, "budget": args.budget}
        return SweepPlan(**common, batches=tuple(args.batches), lengths=lengths, **counts)
    plan = ProfilePlan if args.kind == "profile" else RooflinePlan
    return plan(**common, batch=args.batch, length=args.length, passes=args.passes)


def _jets(args: argparse.Namespace, files: Mapping[str, Any]) -> "ak.Array | None":
    """Read the requested jets as the models take them; None without --jets."""
    from part.jets.readers import count_jets, read_jets

    if args.jets is None:
        return None
    config = _data_config(args.models, args.device, files)
    total = count_jets(args.jets, config)
    entries = args.entries or range(min(total, MAX_JETS))
    if not entries or not 0 <= min(entries) <= max(entries) < total:
        asked = f"requested {min(entries)} to {max(entries)}" if entries else "expected at least one"
        raise PartError(f"{args.jets} has the entries 0 to {total - 1}; {asked}.")
    jets = read_jets(args.jets, min(entries), max(entries) + 1, config=config)
    if config is None:
        return jets[[entry - min(entries) for entry in entries]]
    place = {entry: i for i, entry in enumerate(jets["entry"].tolist())}
    left_out = [entry for entry in entries if entry not in place]
    if args.entries and left_out:
        raise PartError(f"{args.jets}: the data config {config.name} does not select entry {left_out[0]}.")
    if not place:
        raise PartError(f"{args.jets}: the data config {config.name} selects none of the {len(entries)} jets.")
    return jets[[place[entry] for entry in entries if entry in place]]


def _data_config(models: Sequence[str], device: str, files: Mapping[str, Any]) -> "DataConfig | None":
    """Return the data config by which all of the models read files. Raises PartError where they differ."""
    from part.inference.loading import load_model
    from part.models.checkpoints.training_files import arguments_of

    first, *others = ((name, load_model(name, device, **arguments_of(name, files)).data_config) for name in models)
    if other := [name for name, config in others if config != first[1]]:
        raise PartError(f"{other[0]} and {first[0]} read files by different data configs; expected the same for both.")
    return first[1]


def _print_progress(stage: str, done: int, total: int) -> None:
    print(json.dumps({"stage": stage, "done": done, "total": total}), flush=True)


def _sweep_table(rows: "Sequence[SpeedMeasurement]") -> list[str]:
    from part.text import significant, with_spread

    width = max(len(row.model) for row in rows)
    times, ratios = f"{'ms a pass [68 %]':>22}{'passes':>8}", f"{'jets/s':>9}{'ratio [68 %]':>20}"
    lines = [f"{'':{width}}{'batch':>7}{'N':>7}{times}{ratios}{'MB':>8}"]
    first = {}
    for row in rows:
        if row.failed:
            lines.append(f"{row.model:{width}}{row.batch:>7}{row.n:>7.0f}  {row.failed}")
            continue
        timing = row.timing
        low, high = (1e3 * end for end in timing.spread)
        ratio, *ends = timing.ratio(first.setdefault((row.batch, row.n), timing))
        time = with_spread(1e3 * timing.median, (low, high))
        start = f"{row.model:{width}}{row.batch:>7}{row.n:>7.0f}{time:>22}{len(timing.seconds):>8}"
        speed, ratios = significant(row.batch / timing.median), f"{with_spread(ratio, (ends[0], ends[1]))}x"
        lines.append(f"{start}{speed:>9}{ratios:>20}{row.memory / 1e6:>8.0f}")
    return lines


def _profile_table(rows: "Sequence[Profile]") -> list[str]:
    from part.benchmarking.profile import by_module, by_operator
    from part.text import significant, with_spread

    lines = []
    for profile in rows:
        low, high = (1e3 * end for end in profile.timing.spread)
        times = with_spread(1e3 * profile.timing.median, (low, high)), significant(1e3 * profile.seconds)
        lines.append(f"\n{profile.model}: {times[0]} ms, {times[1]} ms under the profiler")
        for entry in by_operator(profile)[:MAX_LINES] + by_module(profile)[:MAX_LINES]:
            name = entry.operator or entry.module or "the rest"
            time = f"{significant(1e3 * entry.seconds):>10} ms"
            lines.append(f"{name:48}{entry.calls:>7.0f}{time}{entry.memory / 1e6:>9.1f} MB")
    return lines


def _roofline_table(rows: "Sequence[RooflinePoint]") -> list[str]:
    from part.text import with_spread

    lines = []
    for point in rows:
        low, high = (1e3 * end for end in point.timing.spread)
        time = with_spread(1e3 * point.seconds, (low, high))
        speed = f"{point.intensity:>8.2f} operations a byte{point.speed / 1e9:>8.1f} GFLOP/s  {point.describe()}"
        lines.append(f"{point.model + ' ' + point.module:48}{time:>20} ms{speed}")
    return lines


_TABLES: dict[str, Callable[..., list[str]]] = {
    "sweep": _sweep_table,
    "profile": _profile_table,
    "roofline": _roofline_table,
}
