"""Dataclass fields with the metadata that makes them options of a command."""

import math
from dataclasses import MISSING, field, fields
from typing import Any

from part.errors import PartError

MAX_SEED = 2**32 - 1  # the largest of NumPy's generators that Lightning takes, too


def option(help: str, default: Any = MISSING, key: str | None = None, **metadata: Any) -> Any:
    """Return a dataclass field that is also an option of a command, see `part.cli.options.add_fields`.

    Parameters
    ----------
    help : str
        What the option means, as the command's help says it.
    default : any
        The field's default; without one the option is required.
    key : str, optional
        The name in files and flags, where it is not the field's.
    **metadata
        `flag`: the option where it is not `--field-name`; `parse`: from text to the value, by default the type of the
        default; `choices`, `nargs`, `metavar` and `required` as argparse takes them.
    """
    metadata |= {"help": help} | ({"key": key, "flag": f"--{key.replace('_', '-')}"} if key else {})
    return field(default=default, metadata=metadata)


def check_values(options: Any) -> None:
    """Raise PartError for a dataclass with an option that is no number, or with a seed that is none."""
    for item in fields(options):
        value = getattr(options, item.name)
        if "help" not in item.metadata:
            continue
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(number, float) and math.isnan(number) for number in numbers):
            raise PartError(f"{item.name} is {value}; expected a number.")
        if item.name == "seed" and not 0 <= value <= MAX_SEED:
            raise PartError(f"seed is {value}; expected a whole number from 0 to {MAX_SEED}.")
