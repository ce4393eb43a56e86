"""python -m part convert: a weaver `.pt` as a project checkpoint."""

import argparse
from pathlib import Path

from part.errors import PartError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="weaver .pt, 0.4 or 0.5 layout")
    parser.add_argument("out", type=Path, help=".safetensors to write; its card goes beside it")
    parser.add_argument("--dataset", help="needed where the weights do not tell")


def run(args: argparse.Namespace) -> None:
    from part.models.checkpoint import load_checkpoint, save_checkpoint

    if args.out.suffix != ".safetensors":
        raise PartError(f"{args.out} should end in .safetensors.")
    if args.out.exists():
        raise PartError(f"{args.out} exists; give another name.")
    checkpoint = load_checkpoint(args.weights, args.dataset)
    card = {"converted_from": {"file": Path(args.weights).name, "sha256": checkpoint.sha256} | checkpoint.card}
    save_checkpoint(args.out, checkpoint.model, checkpoint.features, checkpoint.dataset, card)
    print(f"Wrote {args.out}.")
