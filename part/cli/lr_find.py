"""python -m part lr-find DATASET MODEL [FEATURES]: find the learning rates that suit a training."""

import argparse
import csv
import math
from pathlib import Path

from part.cli.train import add_training_options, training_config
from part.errors import PartError
from part.io import atomic_write, check_writable
from part.training.requirements import require_lightning


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_training_options(parser)
    parser.add_argument("--lowest", type=float, default=1e-6, help="first learning rate (default: 1e-6)")
    parser.add_argument("--highest", type=float, default=1.0, help="last learning rate (default: 1)")
    parser.add_argument("--steps", type=int, default=100, help="steps from the first to the last (default: 100)")
    parser.add_argument("--csv", type=Path, help="file for the learning rates and their losses")


def run(args: argparse.Namespace) -> None:
    require_lightning()
    from part.training.lr_find import find_learning_rate

    if args.steps < 20 or not 0 < args.lowest < args.highest < math.inf:
        raise PartError("Expected 20 steps or more, from a learning rate above zero to a higher, finite one.")
    if args.csv and args.csv.exists():
        raise PartError(f"{args.csv} exists; give another name.")
    if args.csv:
        check_writable(args.csv)
    result = find_learning_rate(training_config(args), args.lowest, args.highest, args.steps)
    rows = list(zip(result.rates, result.losses, strict=True))
    if args.csv:
        with atomic_write(args.csv) as path, path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("lr", "loss"))
            writer.writerows(rows)
    for rate, loss in rows[:: max(1, len(rows) // 20)]:
        print(f"{rate:10.2e}  {loss:.4f}")
    if result.steepest is None:
        raise PartError("The loss falls nowhere; try other limits, or more steps.")
    print(f"The loss falls fastest at {result.steepest:.2e}: try --lr {result.steepest:.1g}.")
