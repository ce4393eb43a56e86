"""python -m part train DATASET MODEL [FEATURES]: train a tagger."""

import argparse
from dataclasses import fields

from part.models.config import MODELS
from part.training.plan import Plan, recipe

_DEFAULTS = {field.name: field.default for field in fields(Plan)}
_OPTIONS = (
    ("out", str, "folder of the runs"),
    ("epochs", int, "passes of --jets-per-epoch"),
    ("jets_per_epoch", int, "jets seen in an epoch; 0: all there are"),
    ("val_jets", int, "jets of all validation files that are looked at, about; 0: all"),
    ("batch_size", int, "jets a step, of all devices together"),
    ("micro_batch", int, "jets padded together (default: 32 in transformers; elsewhere and if packed, all)"),
    ("lr", float, "learning rate"),
    ("weight_decay", float, "of the weight matrices"),
    ("flat", float, "share of the run before the learning rate decays"),
    ("clip", float, "largest norm of the gradient; 0: none"),
    ("dropout", float, "in place of the model's own"),
    ("seed", int, "of weights, order and dropout"),
    ("calibration_jets", int, "jets that fix the BatchNorm statistics; 0: those of each batch"),
    ("start_from", str, "checkpoint whose weights are taken where they fit"),
    ("finetune", str, "checkpoint, ours or weaver's, to go on with under a new head"),
    ("head_lr", float, "how many times as fast the head learns (default with --finetune: 50)"),
    ("distill", str, "checkpoint, or a table by `part predict`, whose probabilities are learned along with the labels"),
    ("soft", float, "share of the loss that those have"),
    ("slots", int, "of a LinParT"),
    ("pair_bias", str, "of a LinParT: none, projected or landmark"),
    ("precision", str, "auto, bf16 or fp32"),
    ("devices", int, "processes or GPUs of a node"),
    ("nodes", int, "as started by torchrun or SLURM"),
    ("workers", int, "processes that decode jets, for each device (default: as fit the machine)"),
    ("memory", float, "GB of decoded jets that each device keeps"),
)
_NONE_IS_0 = ("jets_per_epoch", "val_jets")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_plan(parser)
    parser.add_argument("--resume", action="store_true", help="continue the run of this name")
    parser.add_argument("--dry-run", action="store_true", help="print plan, memory and estimated time; train nothing")


def add_plan(parser: argparse.ArgumentParser) -> None:
    """The options that make a Plan."""
    parser.add_argument("dataset", help="JetClass, QuarkGluon or TopLandscape")
    parser.add_argument("model", help=", ".join(MODELS))
    parser.add_argument("features", nargs="?", default="kin", help="kin, kinpid, full or kinpidplus (default: kin)")
    parser.add_argument("--train", nargs="+", required=True, metavar="PATH", help="files, folders or globs")
    parser.add_argument("--val", nargs="+", required=True, metavar="PATH", help="files, folders or globs")
    parser.add_argument("--name", help="of the run and its checkpoint (default: MODEL-FEATURES)")
    for name, kind, text in _OPTIONS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=text + _default(name))
    parser.add_argument("--balanced", action="store_true", help="classes come equally often, whatever the files hold")
    parser.add_argument("--reflect", action="store_true", help="half of the jets are seen in a mirror")
    parser.add_argument("--tensorboard", action="store_true", help="write TensorBoard's log, too")
    parser.add_argument("--packed", action="store_true", help="on a GPU, ParT by kernels that know no padding")


def _default(name: str) -> str:
    """What the published recipes have, where that is one number."""
    value = _DEFAULTS[name]
    others = {model: chosen[name] for model in MODELS if name in (chosen := recipe("JetClass", model))}
    return "" if value is None else f" (default: {', '.join([str(value), *(f'{m} {v}' for m, v in others.items())])})"


def plan_of(args: argparse.Namespace) -> Plan:
    """The published recipe with what the arguments say. Raises PartError."""
    given = {key: value for key, value in vars(args).items() if key in _DEFAULTS and value is not None}
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    given |= {key: None for key in _NONE_IS_0 if given.get(key) == 0}
    name = args.name or f"{args.model}-{args.features}".lower()
    return Plan(**(recipe(args.dataset, args.model, bool(args.finetune)) | given | {"name": name}))


def run(args: argparse.Namespace) -> None:
    plan = plan_of(args)
    if args.dry_run:
        from part.training.dry_run import dry_run

        print(dry_run(plan))
        return
    from lightning.pytorch.utilities import rank_zero_only

    from part.training.trainer import train

    path = train(plan, args.resume)
    if rank_zero_only.rank == 0:
        print(f"Wrote {path}.")
