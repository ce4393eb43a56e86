"""python -m part train DATASET MODEL [FEATURES]: train a tagger."""

import argparse
from dataclasses import fields

from part.training.plan import Plan

_DEFAULTS = {field.name: field.default for field in fields(Plan)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", help="JetClass, QuarkGluon or TopLandscape")
    parser.add_argument("model", help="ParT")
    parser.add_argument("features", nargs="?", default="kin", help="kin, kinpid, full or kinpidplus (default: kin)")
    parser.add_argument("--train", nargs="+", required=True, metavar="PATH", help="files, folders or globs")
    parser.add_argument("--val", nargs="+", required=True, metavar="PATH", help="files, folders or globs")
    parser.add_argument("--name", help="of the run and its checkpoint (default: MODEL-FEATURES)")
    parser.add_argument("--resume", action="store_true", help="continue the run of this name")
    for name, kind, text in (
        ("out", str, "folder of the runs"),
        ("epochs", int, "passes of --jets-per-epoch"),
        ("jets_per_epoch", int, "jets seen in an epoch (default: all)"),
        ("val_jets", int, "jets drawn for validation"),
        ("batch_size", int, "jets a step"),
        ("micro_batch", int, "jets padded together"),
        ("lr", float, "learning rate"),
        ("weight_decay", float, "of the weight matrices"),
        ("flat", float, "share of the run before the learning rate decays"),
        ("clip", float, "largest norm of the gradient (0: none)"),
        ("dropout", float, "in the particle blocks"),
        ("seed", int, "of weights, order and dropout"),
        ("calibration_jets", int, "jets that fix the BatchNorm statistics"),
        ("precision", str, "auto, bf16 or fp32"),
        ("devices", int, "processes or GPUs"),
    ):
        default = _DEFAULTS[name]
        shown = "" if default is None else f" (default: {default})"
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=text + shown)


def run(args: argparse.Namespace) -> None:
    from lightning.pytorch.utilities import rank_zero_info

    from part.training.run import train

    name = args.name or f"{args.model}-{args.features}".lower()
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in vars(args).items() if key in _DEFAULTS}
    path = train(Plan(**(values | {"name": name})), resume=args.resume)
    rank_zero_info(f"Wrote {path}.")
