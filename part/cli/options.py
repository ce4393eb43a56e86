"""Options that several commands share, each written once, and options that come from the fields of a dataclass."""

import argparse
import ast
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from part.errors import PartError
from part.jets.class_groups import GROUP_HELP
from part.options import check_values

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from part.inference.cluster import Cluster
    from part.inference.tagger import Tagger

T = TypeVar("T", bound="DataclassInstance")
_ARGPARSE = ("choices", "nargs", "metavar")  # metadata of a field that argparse takes unchanged


def add_model(parser: argparse.ArgumentParser) -> None:
    text = "shipped name, checkpoint, weaver .pt, or folder of one training; also NAME@bf16"
    parser.add_argument("--model", required=True, help=text)
    add_training_files(parser)
    add_dataset(parser)


def add_training_files(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe weights trained with weaver-core."""
    parser.add_argument("--config", type=Path, help="data config of the training (weaver's .yaml or .auto.yaml)")
    parser.add_argument("--network", type=Path, help="network file of the training (.py), which is read and never run")
    text = "what nothing else says of the network: a keyword of weaver-core, classes or roles.QUANTITY; may be repeated"
    parser.add_argument("-o", "--option", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help=text)


def training_files(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of `load_model` that `add_training_files` gives: config, network and options."""
    return {"config": args.config, "network": args.network, "options": parse_options(args.option)}


def parse_options(pairs: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return options by name. A value is a literal of Python or YAML (True, null, 4, [16, 32]), otherwise a word."""
    words = {"true": True, "false": False, "null": None, "none": None}
    options = {}
    for name, text in pairs:
        try:
            options[name] = words[text.lower()] if text.lower() in words else ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            options[name] = text
    return options


def add_dataset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", help="dataset of weaver weights whose number of classes fits more than one")


def add_groups(parser: argparse.ArgumentParser) -> None:
    """Add the options that count groups of classes as one class each, and choose the background."""
    text = f"{GROUP_HELP}; it counts as one class"
    parser.add_argument("--group", action="append", default=[], metavar="GROUP", help=text)
    text = "class or group that rejections and ROC curves refer to; by default QCD, or else the last class"
    parser.add_argument("--background", default="", metavar="CLASS", help=text)


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add the options that share the jets out among processes, see `open_workers`."""
    group = parser.add_mutually_exclusive_group()
    text = "processes on this machine that share the jets, one core or GPU each (needs Dask)"
    group.add_argument("--workers", type=int, metavar="N", help=text)
    text = "address of a Dask scheduler whose workers share the jets, such as tcp://host:8786"
    group.add_argument("--scheduler", metavar="ADDRESS", help=text)


@contextmanager
def open_workers(args: argparse.Namespace, models: "Mapping[str, Tagger]") -> "Generator[Cluster | None, None, None]":
    """Open the workers of `--workers` or `--scheduler` for models by the names that were given for them."""
    if args.workers is None and args.scheduler is None:
        yield None
        return
    from part.inference.cluster import open_cluster
    from part.inference.worker_tasks import ModelSource
    from part.models.checkpoints.training_files import arguments_of

    files = training_files(args)
    own = {name: files if "model" in args else arguments_of(name, files) for name in models}  # as they were loaded
    sources = [ModelSource(name, args.device, args.dataset, own[name]).matching(models[name]) for name in models]
    with open_cluster(sources, args.workers, args.scheduler) as cluster:
        yield cluster


def add_jets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jets", required=True, nargs="+", help="files, folders, globs or URLs")


def add_entries(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", type=int, help="first entry, counted through all files in a row")
    parser.add_argument("--stop", type=int, help="entry after the last")
    text = "end at the first jet that cannot be used, or whose labels say several classes, instead of counting them"
    parser.add_argument("--strict", action="store_true", help=text)


def add_output(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("--out", required=True, type=Path, help=help)
    add_force(parser)


def add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="overwrite existing files")


def check_outputs(force: bool, *paths: Path) -> None:
    """Raise PartError if one of the files cannot be written, or exists, unless `force`."""
    from part.io import check_writable

    for path in paths:
        check_writable(path)
    if not force and (existing := [path for path in paths if path.exists()]):
        raise PartError(f"{existing[0]} exists; use --force to overwrite it.")


def default_text(item: Field) -> str:
    """Return what the help says of a field's default."""
    has_none = isinstance(item.default, bool) or item.default in (MISSING, None, "", ())
    return "" if has_none else f" (default: {_text(item.default)})"


def add_fields(
    parser: argparse.ArgumentParser, cls: "type[DataclassInstance]", default_text: Callable[[Field], str] = default_text
) -> None:
    """Add an option for each field of a dataclass that was made by `part.options.option`.

    An option that is not given is None, so that `given_values` knows; the help says the default.
    """
    for item in fields(cls):
        if "help" not in item.metadata:
            continue
        flag = item.metadata.get("flag") or f"--{item.name.replace('_', '-')}"
        arguments: dict[str, Any] = {"help": item.metadata["help"] + default_text(item), "default": None}
        if flag.startswith("-"):
            arguments["dest"] = item.name
            if item.default is MISSING:
                arguments["required"] = item.metadata.get("required", True)
        if isinstance(item.default, bool):
            arguments["action"] = "store_false" if item.default else "store_true"
        else:
            has_type = item.default is not MISSING and item.default is not None and not isinstance(item.default, tuple)
            arguments["type"] = item.metadata.get("parse") or (type(item.default) if has_type else str)
            if flag.startswith("-") and "choices" not in item.metadata:
                arguments["metavar"] = flag.lstrip("-").replace("-", "_").upper()
            arguments |= {name: item.metadata[name] for name in _ARGPARSE if name in item.metadata}
        parser.add_argument(flag, **arguments)


def given_values(cls: "type[DataclassInstance]", args: argparse.Namespace) -> dict[str, Any]:
    """Return the values of the options that were given, by the names of the dataclass' fields."""
    values = {item.name: getattr(args, item.name) for item in fields(cls) if "help" in item.metadata}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in values.items() if v is not None}


def from_args(cls: type[T], args: argparse.Namespace) -> T:
    """Return the dataclass with the options that were given and the defaults of the others. Raises PartError."""
    made = cls(**given_values(cls, args))
    check_values(made)
    return made


def check_number(args: argparse.Namespace, name: str, low: float = 0, high: float = math.inf) -> None:
    """Raise PartError for an option, by the name of its attribute, that is given and not from `low` to `high`."""
    value = getattr(args, name)
    if value is not None and not low <= value <= high:  # NaN is in no range
        expected = f"it must be {low:g} or more" if high == math.inf else f"expected a number from {low:g} to {high:g}"
        raise PartError(f"--{name.replace('_', '-')} is {value}; {expected}.")


def check_replicas(args: argparse.Namespace) -> None:
    """Raise PartError for a number of bootstrap draws that gives no intervals, unless it is 0."""
    if args.replicas < 0 or args.replicas == 1:
        raise PartError(f"--replicas is {args.replicas}; expected 0 for no intervals, or 2 or more.")


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
