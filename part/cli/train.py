"""python -m part train DATASET MODEL [FEATURES]: train a tagger."""

import argparse
from dataclasses import fields

from part.models.config import MODELS
from part.training.plan import Plan, recipe

_DEFAULTS = {field.name: field.default for field in fields(Plan)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", help="JetClass, QuarkGluon or TopLandscape")
    parser.add_argument("model", help=", ".join(MODELS))
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
        ("calibration_jets", int, "jets that fix the BatchNorm statistics; 0: those of each batch"),
        ("precision", str, "auto, bf16 or fp32"),
        ("devices", int, "processes or GPUs"),
        ("start_from", str, "checkpoint whose weights are taken where they fit"),
        ("slots", int, "of a LinParT"),
        ("pair_bias", str, "of a LinParT: none, projected or landmark"),
    ):
        default = _DEFAULTS[name]
        others = {model: recipe(model)[name] for model in MODELS if name in recipe(model)}
        shown = "" if default is None else f" (default: {default}{''.join(f', {m} {v}' for m, v in others.items())})"
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=text + shown)


def run(args: argparse.Namespace) -> None:
    from lightning.pytorch.utilities import rank_zero_info

    from part.training.run import train

    name = args.name or f"{args.model}-{args.features}".lower()
    given = {key: value for key, value in vars(args).items() if key in _DEFAULTS and value is not None}
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    path = train(Plan(**(recipe(args.model) | given | {"name": name})), resume=args.resume)
    rank_zero_info(f"Wrote {path}.")
