"""The studies there are, by the name that the command line gives them."""

from importlib import import_module
from types import ModuleType

from part.errors import PartError

# Each module has `add_arguments(parser)` for its choices and `study_of(args)`, which makes the study of them.
STUDIES: dict[str, tuple[str, str]] = {}


def module_of(kind: str) -> ModuleType:
    """Only the module that is asked for is imported. Raises PartError for an unknown kind."""
    if kind not in STUDIES:
        raise PartError(f"There is no study {kind!r}; choose one of {', '.join(STUDIES)}.")
    return import_module(STUDIES[kind][0])
