"""python -m part bench KIND: how fast models are here, and where their time goes."""

import argparse
import json
from pathlib import Path

from part.errors import PartError

KINDS = {
    "sweep": "latency and throughput against the batch and the number of constituents",
    "profile": "the time of a pass by operator and by module, and a trace for Perfetto",
    "roofline": "each module beside what this machine can do at most",
}
SHOWN = 16  # lines of a model's profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind, text in KINDS.items():
        command = kinds.add_parser(kind, help=text, description=text)
        command.add_argument("--models", required=True, nargs="+", help="names or checkpoints, also NAME@bf16")
        command.add_argument("--jets", type=Path, help="file of the jets that are taken as they are")
        command.add_argument("--entries", type=_entries, help="which of them, such as 3,8,12 (default: from the first)")
        command.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
        command.add_argument("--threads", type=int, default=1, help="of the processor (default: 1)")
        command.add_argument("--out", required=True, type=Path, help="JSON file for the results")
        command.add_argument("--force", action="store_true", help="overwrite an existing file")
        command.add_argument("--lines", action="store_true", help="tell each step as JSON on stdout, for programs")
        if kind == "sweep":
            _sweep_arguments(command)
        else:
            command.add_argument("--batch", type=int, default=64, help="jets of a pass (default: 64)")
            usual = 48 if kind == "roofline" else None
            told = (
                "constituents of made-up jets (default: 48)" if usual else "of made-up jets instead of those of --jets"
            )
            command.add_argument("--length", type=int, default=usual, help=told)
            command.add_argument("--passes", type=int, default=5, help="that are averaged (default: 5)")


def _sweep_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--batches", type=int, nargs="+", default=[1, 8, 64, 256], help="default: 1 8 64 256")
    command.add_argument(
        "--lengths", type=int, nargs="+", help="constituents of made-up jets, instead of the jets of --jets as they are"
    )
    command.add_argument("--repeats", type=int, default=15, help="rounds that count (default: 15)")
    command.add_argument("--warmup", type=int, default=2, help="passes before (default: 2)")
    command.add_argument("--budget", type=float, default=10.0, help="seconds a point at most, about (default: 10)")


def _entries(text: str) -> list[int]:
    return [int(entry) for entry in text.split(",")]


def run(args: argparse.Namespace) -> None:
    from datetime import datetime

    from part.benchmarking.bench import carry_out
    from part.benchmarking.machine import machine
    from part.progress import Progress

    if args.out.exists() and not args.force:
        raise PartError(f"{args.out} exists; use --force to overwrite it.")
    told = _tell_line if args.lines else Progress()
    rows = carry_out(_plan(args), _jets(args), args.out, told, datetime.now().astimezone())
    if not args.lines:
        print(machine())
        print("\n".join(_TABLES[args.kind](rows)))


def _plan(args: argparse.Namespace):
    from part.benchmarking.profile import ProfilePlan
    from part.benchmarking.roofline import RooflinePlan
    from part.benchmarking.sweep import SweepPlan

    common = {"models": tuple(args.models), "device": args.device, "threads": args.threads}
    if args.kind == "sweep":
        lengths = (None,) if args.lengths is None else tuple(args.lengths)
        counts = {"repeats": args.repeats, "warmup": args.warmup, "budget": args.budget}
        return SweepPlan(**common, batches=tuple(args.batches), lengths=lengths, **counts)
    kind = ProfilePlan if args.kind == "profile" else RooflinePlan
    return kind(**common, batch=args.batch, length=args.length, passes=args.passes)


def _jets(args: argparse.Namespace):
    """Those that are asked for, or None."""
    from part.jets.readers import count_jets, read_jets

    if args.jets is None:
        return None
    total = count_jets(args.jets)
    entries = args.entries or range(min(total, 512))
    if not 0 <= min(entries) <= max(entries) < total:
        raise PartError(f"{args.jets} has the entries 0 to {total - 1}; asked for {min(entries)} to {max(entries)}.")
    return read_jets(args.jets, min(entries), max(entries) + 1)[[entry - min(entries) for entry in entries]]


def _tell_line(stage: str, done: int, total: int) -> None:
    print(json.dumps({"stage": stage, "done": done, "total": total}), flush=True)


def _sweep_table(rows: list) -> list[str]:
    width = max(len(row.model) for row in rows)
    lines = [f"{'':{width}}{'batch':>7}{'N':>7}{'ms a pass':>11}{'quartiles':>24}{'jets/s':>10}{'ratio':>8}{'MB':>8}"]
    first = {}
    for row in rows:
        if row.failed:
            lines.append(f"{row.model:{width}}{row.batch:>7}{row.n:>7.0f}  {row.failed}")
            continue
        time, (low, high) = row.timing.median, row.timing.quartiles
        base = first.setdefault((row.batch, row.n), time)
        spread = f"{1e3 * low:.2f} to {1e3 * high:.2f}"
        about = f"{row.model:{width}}{row.batch:>7}{row.n:>7.0f}{1e3 * time:>11.2f}{spread:>24}"
        lines.append(f"{about}{_short(row.batch / time):>10}{base / time:>7.2f}x{row.memory / 1e6:>8.0f}")
    return lines


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def _profile_table(rows: list) -> list[str]:
    from part.benchmarking.profile import by_module, by_operator

    lines = []
    for found in rows:
        lines.append(f"\n{found.model}: {1e3 * found.plain:.1f} ms, {1e3 * found.seconds:.1f} ms under the profiler")
        for part in by_operator(found)[:SHOWN] + by_module(found)[:SHOWN]:
            name = part.operator or part.module or "the rest"
            lines.append(f"{name:48}{part.calls:>7.0f}{1e3 * part.seconds:>10.2f} ms{part.memory / 1e6:>9.1f} MB")
    return lines


def _roofline_table(rows: list) -> list[str]:
    lines = []
    for point in rows:
        about = f"{point.intensity:>8.2f} operations a byte{point.speed / 1e9:>8.1f} GFLOP/s  {point.words()}"
        lines.append(f"{point.model + ' ' + point.module:48}{1e3 * point.seconds:>9.2f} ms{about}")
    return lines


_TABLES = {"sweep": _sweep_table, "profile": _profile_table, "roofline": _roofline_table}
