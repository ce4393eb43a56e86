"""python -m part train DATASET MODEL [FEATURES]: train a tagger."""

import argparse
from dataclasses import Field

from part.cli.options import add_fields, given_values
from part.cli.options import default_text as plain_default_text
from part.models.build import MODELS
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


def _default_text(field: Field) -> str:
    """Return the default, and what the published recipes of other models have in its place."""
    recipes = {model: published_recipe("JetClass", model) for model in MODELS}
    others = "".join(f", {model} {recipe[field.name]}" for model, recipe in recipes.items() if field.name in recipe)
    return plain_default_text(field).replace(")", f"{others})")


def training_config(args: argparse.Namespace) -> TrainingConfig:
    """Return the published recipe with what the arguments change. Raises PartError."""
    return config_from_options(given_values(TrainingConfig, args))


def run(args: argparse.Namespace) -> None:
    require_lightning()
    config = training_config(args)
    if args.dry_run:
        from part.training.dry_run import dry_run

        print(dry_run(config))
        return
    from lightning.pytorch.utilities import rank_zero_only

    from part.training.trainer import train

    path = train(config, args.resume)
    rank_zero_only(print)(f"Wrote {path}.")
