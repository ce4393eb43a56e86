"""The places of the files that an exported script needs, wherever it was saved."""

import os
from pathlib import Path

from part.errors import PartError
from part.jets.formats.opening import split_tree
from part.models.checkpoints.catalogue import bundled_names
from part.models.numerics.precision import parse_model_name

_PROJECT = Path(__file__).parents[2]  # the checkout, if the package is installed from one in place


def find_jets(path: str) -> str:
    """Return the place of a file of jets: as given, or below the project's folder. URLs stay as they are.

    Raises
    ------
    PartError
        If it is at neither place.
    """
    return path if "://" in path else _find(path, "jets")


def find_model(name: str) -> str:
    """Return a shipped name as it is, and the place of weights or of a training's folder as `find_jets` finds jets.

    Raises
    ------
    PartError
        If there is no such name or place.
    """
    place, _ = parse_model_name(name)
    return name if place in bundled_names() else _find(place, "model") + name.removeprefix(place)


def _find(path: str, option: str) -> str:
    for place in (path, os.path.join(_PROJECT, path)):
        if os.path.exists(split_tree(place)[0]):
            return place
    raise PartError(f"There is no {path} here; say where it is with --{option}.")
