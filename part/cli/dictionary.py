"""python -m part dictionary --model MODEL --train ... --val ... --name NAME: train a dictionary of features."""

import argparse
from pathlib import Path

from part.cli.options import add_fields, from_args
from part.training.dictionary.config import DictionaryConfig
from part.training.requirements import require_lightning


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_fields(parser, DictionaryConfig)
    parser.add_argument("--resume", action="store_true", help="continue the run of this name")


def run(args: argparse.Namespace) -> None:
    require_lightning()
    from part.io import check_folder
    from part.training.dictionary.train import train_dictionary

    config = from_args(DictionaryConfig, args)
    check_folder(Path(config.out) / config.name)
    path = train_dictionary(config, args.resume)
    print(f"Wrote {path}. Measure it with python -m part study dictionary --model {config.model} --dictionary {path}.")
