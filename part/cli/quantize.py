"""python -m part quantize: convert a model to int8 weights and activations, about a quarter of its size."""

import argparse
import sys
from pathlib import Path

from part.cli.options import add_model, check_number, training_files
from part.errors import PartError
from part.options import MAX_SEED

METHODS = ("dynamic", "static", "qat")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument(
        "--method",
        required=True,
        choices=METHODS,
        help="dynamic: activations are scaled batch by batch; static: by their range on calibration jets; "
        "qat: as dynamic, after a short quantization-aware training",
    )
    parser.add_argument("--calibration", nargs="+", metavar="F", help="files, folders or globs of jets")
    parser.add_argument("--out", required=True, type=Path, help=".safetensors to write; its card goes beside it")
    parser.add_argument("--jets", type=int, help="number of calibration jets (default: 2048; for qat all)")
    parser.add_argument("--steps", type=int, default=300, help="training steps of qat, of 64 jets each (default: 300)")
    parser.add_argument("--lr", type=float, default=1e-5, help="learning rate of qat (default: 1e-5)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the order of jets in qat (default: 1)")


def run(args: argparse.Namespace) -> None:
    from part.io import check_writable
    from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint
    from part.models.numerics.int8 import plain_tensors

    if args.out.suffix != ".safetensors":
        raise PartError(f"{args.out} should end in .safetensors.")
    if args.out.exists():
        raise PartError(f"{args.out} exists; give another name.")
    check_writable(args.out)
    if args.method != "dynamic" and not args.calibration:
        raise PartError(f"--method {args.method} needs jets; give some with --calibration.")
    check_number(args, "jets", 1)
    check_number(args, "steps", 1)
    check_number(args, "lr", 0, sys.float_info.max)
    check_number(args, "seed", 0, MAX_SEED)
    checkpoint = load_checkpoint(args.model, args.dataset, **training_files(args))
    before = sum(tensor.nbytes for tensor in plain_tensors(checkpoint.model).values())
    card = {
        "quantization": {"method": args.method} | _quantize(checkpoint, args),
        "quantized_from": {"file": checkpoint.path.name, "sha256": checkpoint.sha256} | checkpoint.card,
    }
    save_checkpoint(args.out, checkpoint.model, checkpoint.features, checkpoint.dataset, card)
    after = args.out.stat().st_size
    print(f"Wrote {args.out}: {after / 1e6:.2f} MB, {after / before:.1%} of its size in floating point.")


def _quantize(checkpoint, args: argparse.Namespace) -> dict:
    """Convert the checkpoint's model to int8 in place and return how, for the card."""
    from part.models.numerics.quantize import quantize_dynamic

    match args.method:
        case "dynamic":
            quantize_dynamic(checkpoint.model)
            return {}
        case "static":
            return _static(checkpoint, args)
        case _:
            return _qat(checkpoint, args)


def _static(checkpoint, args: argparse.Namespace) -> dict:
    from part.jets.features import make_batch
    from part.jets.streaming import chunks, entry_ranges, proportional_subset
    from part.models.numerics.quantize import quantize_static

    ranges = proportional_subset(entry_ranges(args.calibration, config=checkpoint.features.config), args.jets or 2048)

    def batches():
        for chunk in chunks(ranges, 256):
            with chunk.error_context():
                batch = make_batch(chunk.jets, checkpoint.features)
            yield batch.x, batch.v, batch.mask

    quantize_static(checkpoint.model, batches())
    return {"files": [Path(entries.path).name for entries in ranges], "jets": sum(map(len, ranges))}


def _qat(checkpoint, args: argparse.Namespace) -> dict:
    from part.jets.streaming import entry_ranges, proportional_subset
    from part.progress import TerminalProgress
    from part.training.data.decode import Decoder
    from part.training.data.stream import JetStream, split_into_blocks
    from part.training.qat import train_int8

    ranges = entry_ranges(args.calibration, config=checkpoint.features.config)
    ranges = ranges if args.jets is None else proportional_subset(ranges, args.jets)
    jets = JetStream(split_into_blocks(ranges), Decoder(checkpoint.features, checkpoint.dataset), args.seed)
    progress = TerminalProgress()
    train_int8(checkpoint.model, jets, args.steps, args.lr, lambda step, loss: progress("Step", step, args.steps))
    return {
        "files": [Path(entries.path).name for entries in ranges],
        "jets": len(jets),
        "steps": args.steps,
        "lr": args.lr,
        "seed": args.seed,
    }
