"""python -m part train DATASET MODEL [FEATURES], or train --config DATA.yaml MODEL: train a tagger."""

import argparse
from dataclasses import Field
from pathlib import Path

from part.cli.options import add_fields, given_values
from part.cli.options import default_text as plain_default_text
from part.models.build import MODELS
from part.training.arguments import assign_words
from part.training.config import TrainingConfig
from part.training.recipes import config_from_options, published_recipe
from part.training.requirements import require_lightning


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_training_options(parser)
    parser.add_argument("--resume", action="store_true", help="continue the run of this name")
    parser.add_argument(
        "--dry-run", action="store_true", help="print choices, memory and estimated time; train nothing"
    )


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a TrainingConfig."""
    add_fields(parser, TrainingConfig, _default_text)
    actions = {action.dest: action for action in parser._actions}

    def config(path: str) -> str:
        """Return the path of a data config, with which the model is the only word."""
        actions["model"].required, actions["dataset"].metavar = False, "model"
        return path

    actions["config"].type = config


def _default_text(field: Field) -> str:
    """Return the default, and what the published recipes of other models have in its place."""
    recipes = {model: published_recipe("JetClass", model) for model in MODELS}
    others = "".join(f", {model} {recipe[field.name]}" for model, recipe in recipes.items() if field.name in recipe)
    return plain_default_text(field).replace(")", f"{others})")


def training_config(args: argparse.Namespace, resume: bool = False) -> TrainingConfig:
    """Return the published recipe with what the arguments change. Raises PartError."""
    values = given_values(TrainingConfig, args)
    words = {name: values.pop(name) for name in ("dataset", "model", "features") if name in values}
    return config_from_options(values | assign_words(words, args.config), resume)


def run(args: argparse.Namespace) -> None:
    require_lightning()
    config = training_config(args, args.resume)
    if args.dry_run:
        from part.training.dry_run import dry_run

        print(dry_run(config))
        return
    from lightning.pytorch.utilities import rank_zero_only

    from part.io import check_folder
    from part.training.trainer import train

    check_folder(Path(config.out) / config.name)
    path = train(config, args.resume)
    rank_zero_only(print)(f"Wrote {path}.")
