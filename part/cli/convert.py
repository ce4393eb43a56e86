"""python -m part convert: turn a training with weaver into one project checkpoint, or write any in 16 bits."""

import argparse
from pathlib import Path

from part.cli.options import add_dataset, add_training_files, training_files
from part.errors import PartError

WRITTEN_BY_SAVE = ("config", "features", "dataset", "sha256", "classes", "data_config")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="weaver .pt, folder of one training, or a checkpoint of ours")
    parser.add_argument("out", type=Path, help=".safetensors to write; its card goes beside it")
    parser.add_argument("--half", action="store_true", help="keep matrices as float16: half of the file")
    parser.add_argument("--note", help="a remark for the card about what the model is")
    add_training_files(parser)
    add_dataset(parser)


def run(args: argparse.Namespace) -> None:
    from part.io import check_writable
    from part.models.checkpoints.cards import is_result
    from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint

    if args.out.suffix != ".safetensors":
        raise PartError(f"{args.out} should end in .safetensors.")
    if args.out.exists():
        raise PartError(f"{args.out} exists; give another name.")
    check_writable(args.out)
    checkpoint = load_checkpoint(args.weights, args.dataset, **training_files(args))
    if args.half and "int8" in checkpoint.card:
        raise PartError(f"{args.weights} is int8 already; --half would make it no smaller.")
    data_config = checkpoint.features.config
    if data_config is not None and not data_config.is_standardised:
        raise PartError(
            f"{data_config.name} has no parameters of its automatic standardisation, and a checkpoint needs those that "
            "the weights were trained with; give the .auto.yaml that weaver-core wrote (--config)."
        )
    origin = {"file": checkpoint.path.name, "sha256": checkpoint.sha256}
    if checkpoint.files is not None:
        described = {name: str(p.name) for name in ("config", "network") if (p := getattr(checkpoint.files, name))}
        options = {"options": dict(checkpoint.files.options)} if checkpoint.files.options else {}
        card = {"converted_from": origin | described | options | {"source": checkpoint.card["source"]}}
        card |= {"assumed": checkpoint.card["assumed"]} if "assumed" in checkpoint.card else {}
    else:  # results are left out: they were measured with other weights
        entries = {key: v for key, v in checkpoint.card.items() if key not in WRITTEN_BY_SAVE and not is_result(v)}
        card = entries | {"converted_from": origin | {"half": args.half}}
    if args.note:
        card["note"] = args.note
    save_checkpoint(args.out, checkpoint.model, checkpoint.features, checkpoint.dataset, card, args.half)
    print(f"Wrote {args.out}: {args.out.stat().st_size / 1e6:.2f} MB.")
