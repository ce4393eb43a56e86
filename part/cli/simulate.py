"""`python -m part simulate`: jets like a benchmark's from Pythia 8 and an emulated detector, as ROOT files."""

import argparse
import sys
from pathlib import Path

from part.errors import PartError
from part.jets.schema import DATASETS, JETCLASS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", nargs="?", default=JETCLASS.name, choices=DATASETS, help="JetClass if left out")
    parser.add_argument("--classes", default="all", help="all, or a comma list such as QCD,Hbb")
    parser.add_argument("--jets", type=int, default=1000, help="jets of each class")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other jets")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files, one a class: Hbb_seed1.root")
    parser.add_argument("--workers", type=int, default=1, help="processes; the jets do not depend on it")
    parser.add_argument("--compact", action="store_true", help="13-bit mantissas and LZMA: about half the size")
    parser.add_argument("--merge", type=Path, help="also write all classes in turn into this one file")


def run(args: argparse.Namespace) -> None:
    """Makes what is missing of the asked files. Raises PartError for arguments that make no sense."""
    for option, value, least in (
        ("jets", args.jets, 1),
        ("seed", args.seed, 0),
        ("workers", args.workers, 1),
    ):
        if value < least:
            raise PartError(f"--{option} is {value}; it must be {least} or more.")
    from part.simulate.events import import_pythia
    from part.simulate.generate import Reporter, Shard, make_shards
    from part.simulate.samples import SAMPLES, parse_classes
    from part.simulate.writing import merge

    labels = parse_classes(args.classes, SAMPLES[args.dataset])
    import_pythia()
    if args.out.exists() and not args.out.is_dir():
        raise PartError(f"--out {args.out} is a file; it must be a folder.")
    args.out.mkdir(parents=True, exist_ok=True)
    shards = [Shard(args.dataset, label, args.seed, args.jets, args.out, args.compact) for label in labels]
    make_shards(shards, min(args.workers, len(shards)), Reporter(args.jets * len(shards), sys.stdout))
    if args.merge is not None:
        args.merge.parent.mkdir(parents=True, exist_ok=True)
        count = merge([shard.path for shard in shards], args.merge, args.compact)
        print(f"{count} jets in {args.merge}")
