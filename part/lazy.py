"""What is imported on first use only: names of packages (PEP 562), so that `--help` need not wait for torch; HTML."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ClassVar


def lazy_imports(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package.

    Parameters
    ----------
    package : str
        The package's `__name__`.
    modules : mapping
        The names that it offers, each with the module that defines it.
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(modules[name]), name)

    return get


class ShownInNotebooks:
    """An object that a notebook shows as HTML.

    `part` says how when it is imported, so that traces and results need not know `part.notebook`, which knows them.
    """

    to_html: ClassVar[Callable[[Any], str]]

    def _repr_html_(self) -> str:
        return self.to_html(self)
