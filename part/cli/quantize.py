"""python -m part quantize: a model with int8 weights and activations, about a quarter of the file."""

import argparse
from pathlib import Path

from part.errors import PartError

METHODS = ("dynamic", "static", "qat")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="shipped name, project checkpoint or weaver .pt")
    parser.add_argument(
        "--method",
        required=True,
        choices=METHODS,
        help="dynamic: activations are scaled as they come; static: by what calibration jets show; "
        "qat: as dynamic, after a short training under the rounding",
    )
    parser.add_argument("--calibration", nargs="+", metavar="F", help="files, folders or globs of jets")
    parser.add_argument("--out", required=True, type=Path, help=".safetensors to write; its card goes beside it")
    parser.add_argument("--jets", type=int, help="how many calibrate (default: 2048; for qat all)")
    parser.add_argument("--steps", type=int, default=300, help="of qat, 64 jets each (default: 300)")
    parser.add_argument("--lr", type=float, default=1e-5, help="of qat (default: 1e-5)")
    parser.add_argument("--seed", type=int, default=1, help="of qat's order of jets (default: 1)")
    parser.add_argument("--dataset", help="of weaver weights that fit more than one")


def run(args: argparse.Namespace) -> None:
    from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint
    from part.models.numerics.int8 import plain_tensors

    if args.out.suffix != ".safetensors":
        raise PartError(f"{args.out} should end in .safetensors.")
    if args.out.exists():
        raise PartError(f"{args.out} exists; give another name.")
    if args.method != "dynamic" and not args.calibration:
        raise PartError(f"--method {args.method} learns from jets; give some with --calibration.")
    if args.jets is not None and args.jets < 1:
        raise PartError(f"--jets is {args.jets}; expected at least one.")
    checkpoint = load_checkpoint(args.model, args.dataset)
    before = sum(tensor.nbytes for tensor in plain_tensors(checkpoint.model).values())
    card = {
        "quantization": {"method": args.method} | _quantize(checkpoint, args),
        "quantized_from": {"file": checkpoint.path.name, "sha256": checkpoint.sha256} | checkpoint.card,
    }
    save_checkpoint(args.out, checkpoint.model, checkpoint.features, checkpoint.dataset, card)
    after = args.out.stat().st_size
    print(f"Wrote {args.out}: {after / 1e6:.2f} MB, {after / before:.1%} of its size in floating point.")


def _quantize(checkpoint, args: argparse.Namespace) -> dict:
    """Make the checkpoint's model int8; returns what the card tells of how."""
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
    from part.jets.streaming import chunks, share, spans
    from part.models.numerics.quantize import quantize_static

    found = share(spans(args.calibration), args.jets or 2048)

    def batches():
        for chunk in chunks(found, 256):
            with chunk.named():
                batch = make_batch(chunk.jets, checkpoint.features)
            yield batch.x, batch.v, batch.mask

    quantize_static(checkpoint.model, batches())
    return {"files": [Path(span.path).name for span in found], "jets": sum(map(len, found))}


def _qat(checkpoint, args: argparse.Namespace) -> dict:
    from part.jets.streaming import share, spans
    from part.progress import Progress
    from part.training.data.decode import Decoder
    from part.training.data.stream import JetStream, cut
    from part.training.qat import train_int8

    found = spans(args.calibration)
    found = found if args.jets is None else share(found, args.jets)
    jets = JetStream(cut(found), Decoder(checkpoint.features, checkpoint.dataset), args.seed)
    progress = Progress()
    train_int8(checkpoint.model, jets, args.steps, args.lr, lambda step, loss: progress("Step", step, args.steps))
    return {
        "files": [Path(span.path).name for span in found],
        "jets": len(jets),
        "steps": args.steps,
        "lr": args.lr,
        "seed": args.seed,
    }
