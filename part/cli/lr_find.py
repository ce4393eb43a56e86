"""python -m part lr-find DATASET MODEL [FEATURES]: which learning rate a training may have."""

import argparse
import csv
from pathlib import Path

from part.cli.train import add_plan, plan_of
from part.errors import PartError
from part.io import atomic_write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_plan(parser)
    parser.add_argument("--lowest", type=float, default=1e-6, help="learning rate to begin with (default: 1e-6)")
    parser.add_argument("--highest", type=float, default=1.0, help="learning rate to end with (default: 1)")
    parser.add_argument("--steps", type=int, default=100, help="from the one to the other (default: 100)")
    parser.add_argument("--csv", type=Path, help="file to write learning rates and losses to")


def run(args: argparse.Namespace) -> None:
    from part.training.lr_find import lr_find

    if args.steps < 20 or not 0 < args.lowest < args.highest:
        raise PartError("Expected 20 steps or more, from a learning rate above zero to a higher one.")
    if args.csv and args.csv.exists():
        raise PartError(f"{args.csv} exists; give another name.")
    found = lr_find(plan_of(args), args.lowest, args.highest, args.steps)
    if args.csv:
        with atomic_write(args.csv) as path, path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("lr", "loss"))
            rows.writerows(zip(found.rates, found.losses, strict=True))
    for rate, loss in list(zip(found.rates, found.losses, strict=True))[:: max(1, len(found.rates) // 20)]:
        print(f"{rate:10.2e}  {loss:.4f}")
    if found.steepest is None:
        raise PartError("The loss falls nowhere; try other limits, or more steps.")
    print(f"The loss falls fastest at {found.steepest:.2e}: try --lr {found.steepest:.1g}.")
