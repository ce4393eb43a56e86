"""Files on web servers: their first bytes, and whole copies of those that cannot be read in parts."""

import http.client
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from part.errors import PartError

N_FIRST = 8
TIMEOUT = 60  # seconds
VERSION = ("ETag", "Last-Modified", "Content-Range", "Content-Length")  # headers that change with a file
T = TypeVar("T")
Version = tuple[str | None, ...]


def is_web(path: str) -> bool:
    """Return whether a path is the address of a file on a web server."""
    return path.startswith(("http://", "https://"))


def first_bytes(url: str) -> tuple[bytes, Version]:
    """Return the first bytes of a file, and what its version is. Raises PartError."""

    def look(response: http.client.HTTPResponse) -> tuple[bytes, Version]:
        return response.read(N_FIRST), tuple(response.headers.get(name) for name in VERSION)

    return _request(url, {"Range": f"bytes=0-{N_FIRST - 1}"}, look)


@cache
def download(url: str, version: Version) -> str:
    """Return the path of a copy of a file, which is made once for each version of it and goes with this process.

    Raises
    ------
    PartError
        If the server does not send all of it.
    """
    with tempfile.NamedTemporaryFile(dir=_folder().name, delete=False) as file:

        def save(response: http.client.HTTPResponse) -> str | None:
            shutil.copyfileobj(response, file)
            return response.headers.get("Content-Length")

        expected = _request(url, {}, save)
    size = Path(file.name).stat().st_size
    if expected is not None and size != int(expected):
        Path(file.name).unlink()
        raise PartError(f"{url}: the connection ended after {size} of {expected} bytes; expected the whole file")
    return file.name


@cache
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="partscope-")  # deleted when the process ends


def _request(url: str, headers: dict[str, str], use: Callable[[http.client.HTTPResponse], T]) -> T:
    """Return what a function makes of the answer to a request. Raises PartError."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as response:
            return use(response)
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        reason = getattr(error, "reason", None) or error
        raise PartError(f"{url}: cannot be read ({reason}); expected a file of jets") from error
