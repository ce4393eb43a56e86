"""Download of public files: resumed after an interruption, and verified by their checksums.

An incomplete download is called NAME.part and kept for the next attempt; a file with its final name is complete.
"""

import hashlib
import re
from collections.abc import Callable
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from part.errors import PartError
from part.jets.fetch.catalogue import RemoteFile
from part.progress import ProgressCallback

TIMEOUT = 60  # seconds without a byte
READ_SIZE = 2**18  # bytes


def digest(path: Path, kind: str = "sha256") -> str:
    """Return the checksum of a file of any size, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def fetch(
    remote: RemoteFile,
    path: Path,
    mirror: str | None = None,
    force: bool = False,
    check: Callable[[Path], None] | None = None,
    progress: ProgressCallback | None = None,
) -> bool:
    """Download a file unless it is there already.

    Parameters
    ----------
    remote : RemoteFile
    path : Path
        Where the file goes.
    mirror : str, optional
        A URL or a folder that holds a file of the same name.
    force : bool
        Replace another file at `path`.
    check : callable, optional
        Called with the path of a file without a published checksum; raises PartError if it is not the expected one.
    progress : ProgressCallback, optional
        Called with the number of bytes so far and in all.

    Returns
    -------
    bool
        Whether the file had to be downloaded.

    Raises
    ------
    PartError
        If the download fails (the bytes so far are kept in `path`.part, and the next call resumes), if it gives another
        file than expected (which is deleted), or if another file is at `path` and `force` is not set.
    """
    url, partial = _address(remote, mirror), path.with_name(f"{path.name}.part")
    if path.exists():
        problem = _find_problem(path, remote, check)
        if problem is None:
            return False
        if not force or path.is_dir():
            remedy = "move it" if path.is_dir() else "move it or use --force"
            raise PartError(f"{path} exists already, but {problem}; it was not changed: {remedy}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, partial, progress)
    except (OSError, HTTPException, ValueError) as error:
        resume_hint = f"; {partial} is kept, run the same command again to resume" if partial.exists() else ""
        raise PartError(f"Could not download {url} to {path.parent}: {describe_error(error)}{resume_hint}.") from None
    if problem := _find_problem(partial, remote, check):
        partial.unlink()
        raise PartError(f"{url} is not the expected file: {problem}; it was deleted.")
    partial.replace(path)
    return True


def _address(remote: RemoteFile, mirror: str | None) -> str:
    if mirror is None:
        return remote.url
    base = mirror if "://" in mirror else Path(mirror).absolute().as_uri()
    return f"{base.rstrip('/')}/{remote.file}"


def _find_problem(path: Path, remote: RemoteFile, check: Callable[[Path], None] | None) -> str | None:
    """Return why a file is not the expected one, or None."""
    try:
        if remote.checksum is not None:
            kind, expected = remote.checksum.split(":")
            actual = digest(path, kind)
            return None if actual == expected else f"its {kind} is {actual}, expected {expected}"
        if check is not None:
            check(path)
    except OSError as error:
        return f"it cannot be read ({describe_error(error)})"
    except PartError as error:
        return str(error).removesuffix(".")
    return None


def _download(url: str, partial: Path, progress: ProgressCallback | None) -> None:
    """Append the missing bytes to `partial`, or rewrite it if the server sends the whole file."""
    response, done, total = _request(url, partial.stat().st_size if partial.exists() else 0)
    if response is None:
        return
    with response, partial.open("ab" if done else "wb") as file:
        while content := response.read(READ_SIZE):
            file.write(content)
            done += len(content)
            if progress and total:
                progress(f"Downloading {partial.stem}", done, total)
    if total is not None and done < total:  # http.client reports a lost connection as the end of the file
        raise ConnectionError(f"the connection was lost after {done:,} of {total:,} bytes")


def _request(url: str, n_local: int) -> tuple[HTTPResponse | None, int, int | None]:
    """Request the bytes that follow the first `n_local`.

    Returns the response, the offset at which it starts, and the total size if the server reports it. The response is
    None if no byte is missing. The offset is 0 if the server ignores ranges, has fewer bytes than are here, or sends
    another range.
    """
    request = Request(url, headers={"User-Agent": "ParTScope"} | ({"Range": f"bytes={n_local}-"} if n_local else {}))
    try:
        response = urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        if error.code != 416 or not n_local:
            raise
        error.close()
        complete = _content_range(error.headers)[1] == n_local
        return (None, n_local, n_local) if complete else _request(url, 0)
    if response.status == 206:
        start, total = _content_range(response.headers)
        if start == n_local:
            return response, n_local, total
        response.close()
        if not n_local:
            raise ConnectionError(f"the server sent bytes from {start} on without a request for them")
        return _request(url, 0)
    length = response.headers.get("Content-Length", "")
    return response, 0, int(length) if length.isdecimal() else None


def _content_range(headers: Message) -> tuple[int | None, int | None]:
    """Return the first byte and the total size of `Content-Range: bytes 5-9/10`, `*/10` or `5-9/*`."""
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)", headers.get("Content-Range", ""))
    start, total = match.groups() if match else (None, None)
    return None if start is None else int(start), None if total is None else int(total)


def describe_error(error: BaseException) -> str:
    """Return the message of a network or file error, without Python's error numbers and class names."""
    if isinstance(error, HTTPError):
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, URLError):
        return describe_error(error.reason) if isinstance(error.reason, Exception) else str(error.reason)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
