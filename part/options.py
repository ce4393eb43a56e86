"""Dataclass fields with the metadata that makes them options of a command."""

from dataclasses import MISSING, field
from typing import Any


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
