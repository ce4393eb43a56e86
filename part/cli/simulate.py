"""`python -m part simulate`: jets like those of a benchmark from Pythia 8 and an emulated detector, as ROOT files."""

import argparse
import sys
import time
from pathlib import Path
from typing import TextIO

from part.cli.options import check_number
from part.io import check_folder, check_writable
from part.jets.datasets import DATASETS, JETCLASS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "dataset",
        nargs="?",
        default=JETCLASS.name,
        choices=DATASETS,
        help="benchmark that the jets resemble (default: JetClass)",
    )
    parser.add_argument("--classes", default="all", help="all, or some separated by commas, such as QCD,Hbb")
    parser.add_argument("--jets", type=int, default=1000, help="jets of each class")
    parser.add_argument("--seed", type=int, default=1, help="random seed")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the files, one per class, such as Hbb_seed1.root"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes; the jets do not depend on their number")
    parser.add_argument("--compact", action="store_true", help="13-bit mantissas and LZMA: about half the size")
    parser.add_argument("--merge", type=Path, help="also write all jets into this one file, classes alternating")


def run(args: argparse.Namespace) -> None:
    """Generate the files that are missing. Raises PartError for invalid arguments."""
    for name, low in (("jets", 1), ("seed", 0), ("workers", 1)):
        check_number(args, name, low)
    from part.simulate.events import import_pythia
    from part.simulate.generate import Shard, make_shards
    from part.simulate.samples import SAMPLES, parse_classes
    from part.simulate.writing import merge

    labels = parse_classes(args.classes, SAMPLES[args.dataset])
    import_pythia()
    check_folder(args.out)
    if args.merge is not None:
        check_writable(args.merge)
    args.out.mkdir(parents=True, exist_ok=True)
    shards = [Shard(args.dataset, label, args.seed, args.jets, args.out, args.compact) for label in labels]
    make_shards(shards, min(args.workers, len(shards)), RateReporter(args.jets * len(shards), sys.stdout))
    if args.merge is not None:
        args.merge.parent.mkdir(parents=True, exist_ok=True)
        count = merge([shard.path for shard in shards], args.merge, args.compact)
        print(f"{count} jets in {args.merge}")


class RateReporter:
    """A callback that prints the jets, their rate and the time left: on one line of a terminal, else every 30 s."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self.total, self.stream = total, stream
        self.start = self.last = time.monotonic()

    def __call__(self, n_jets: int) -> None:
        now = time.monotonic()
        terminal = self.stream.isatty()
        if not terminal and n_jets < self.total and now - self.last < 30:
            return
        self.last = now
        rate = n_jets / max(now - self.start, 1e-9)
        left = (self.total - n_jets) / rate if rate else float("inf")
        text = f"{n_jets} of {self.total} jets, {rate:.0f} jets/s, {left:.0f} s left"
        print(text, end="\r" if terminal and n_jets < self.total else "\n", file=self.stream, flush=True)
