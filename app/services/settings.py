"""What visitors may do, which the operator of a server says in one file, `partscope.toml` or PARTSCOPE_SETTINGS.

Without the file, whoever opens the app on their own machine may do everything, and visitors of a server that other
machines reach may look at jets and models, but neither train nor measure, nor name files of the server.
"""

import os
import tomllib
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import streamlit as st

from app.services.files import ROOT
from part.errors import PartError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Settings:
    """What each visitor may do.

    Attributes
    ----------
    training, measuring : bool
        Whether visitors may start, stop and resume trainings, and measure the speed of models.
    local_paths : bool
        Whether a training may name any file of the server; without, those in the folders of the app alone.
    jobs : int
        The studies and comparisons that one browser tab may run at the same time.
    login : bool
        Whether visitors must log in by OpenID Connect, as `.streamlit/secrets.toml` says.
    emails : tuple of str
        Patterns of the addresses that may log in, such as "*@cern.ch"; () for all that the provider knows.
    """

    training: bool
    measuring: bool
    local_paths: bool
    jobs: int
    login: bool = False
    emails: tuple[str, ...] = ()


def settings() -> Settings:
    """Return what visitors may do. Raises PartError for a file that says it in another way."""
    path = Path(os.environ.get("PARTSCOPE_SETTINGS") or ROOT / "partscope.toml")
    if not path.exists():
        if "PARTSCOPE_SETTINGS" in os.environ:
            raise PartError("The settings file that PARTSCOPE_SETTINGS names is not there.")
        is_local = st.get_option("server.address") in LOOPBACK
        return Settings(is_local, is_local, is_local, 32 if is_local else 4)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, _modified: int) -> Settings:
    try:
        given = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise PartError(f"{path.name} cannot be read: {error}.") from None
    defaults = Settings(False, False, False, 4)
    for name, value in given.items():
        if name not in {item.name for item in fields(Settings)}:
            raise PartError(f"{path.name} has an unknown setting {name}.")
        expected = type(getattr(defaults, name))
        if type(value) is not (list if expected is tuple else expected):
            raise PartError(f"{path.name}: {name} is {value!r}; expected a {expected.__name__}.")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return Settings(**(vars(defaults) | values))


def require(permission: str, what: str) -> None:
    """Raise PartError unless visitors may do something, `permission` being the name of a setting."""
    if not getattr(settings(), permission):
        raise PartError(f"{what} is turned off on this server; its operator can allow it.")
