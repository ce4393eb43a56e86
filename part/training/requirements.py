"""The requirements of a training beyond the dependencies of the library."""

import importlib.util

from part.errors import PartError


def require_lightning() -> None:
    """Raise PartError with the command that installs Lightning if it is missing."""
    if importlib.util.find_spec("lightning") is None:
        raise PartError("Training needs Lightning: pip install lightning.")
