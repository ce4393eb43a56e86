"""python -m part convert: turn a weaver `.pt` into a project checkpoint, or write any with its matrices in 16 bits."""

import argparse
from pathlib import Path

from part.errors import PartError

WRITTEN_BY_SAVE = ("config", "features", "dataset", "sha256")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="weaver .pt, 0.4 or 0.5 layout, or a checkpoint of ours")
    parser.add_argument("out", type=Path, help=".safetensors to write; its card goes beside it")
    parser.add_argument("--half", action="store_true", help="keep matrices as float16: half of the file")
    parser.add_argument("--note", help="a remark for the card about what the model is")
    parser.add_argument("--dataset", help="dataset of the weights, where their number of classes fits more than one")


def run(args: argparse.Namespace) -> None:
    from part.models.checkpoints.cards import is_result
    from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint

    if args.out.suffix != ".safetensors":
        raise PartError(f"{args.out} should end in .safetensors.")
    if args.out.exists():
        raise PartError(f"{args.out} exists; give another name.")
    checkpoint = load_checkpoint(args.weights, args.dataset)
    if args.half and "int8" in checkpoint.card:
        raise PartError(f"{args.weights} is int8 already; --half would make it no smaller.")
    origin = {"file": checkpoint.path.name, "sha256": checkpoint.sha256}
    if checkpoint.path.suffix == ".pt":
        card = {"converted_from": origin | checkpoint.card}
    else:  # results are left out: they were measured with other weights
        entries = {key: v for key, v in checkpoint.card.items() if key not in WRITTEN_BY_SAVE and not is_result(v)}
        card = entries | {"converted_from": origin | {"half": args.half}}
    if args.note:
        card["note"] = args.note
    save_checkpoint(args.out, checkpoint.model, checkpoint.features, checkpoint.dataset, card, args.half)
    print(f"Wrote {args.out}: {args.out.stat().st_size / 1e6:.2f} MB.")
