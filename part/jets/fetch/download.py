"""Public datasets and weights: fetched, resumed after a break, checked by their sums.

What is on its way is called NAME.part and kept for the next attempt; what has its own name is whole.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from part.errors import PartError

TIMEOUT = 60  # seconds without a byte
PIECE = 2**18  # bytes read at a time

Progress = Callable[[str, int, int], None]  # what is being done, bytes done, bytes in all


@dataclass(frozen=True)
class Remote:
    """A file to be had: its folder below the user's, its URL, `md5:...` or `sha256:...`, and its rounded size.

    A tar is unpacked and `folder` is its own; anything else is put there. `checksum` is None where none is known.
    """

    folder: str
    url: str
    checksum: str | None
    size: str = "size unknown"

    @property
    def file(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def is_tar(self) -> bool:
        return self.file.endswith(".tar")

    @property
    def name(self) -> str:
        """`train_100M_part0`, `ParT_full`; what comes before the first _ is a group: `train`, `ParT`."""
        return Path(self.folder).name if self.is_tar else Path(self.file).stem


_ZENODO = "https://zenodo.org/record/6619768/files"
_CERN = "https://hqu.web.cern.ch/datasets"
_GITHUB = "https://github.com/jet-universe/particle_transformer/raw/main/models"


def _jetclass(name: str, md5: str, size: str) -> Remote:
    return Remote(f"JetClass/{name}", f"{_ZENODO}/JetClass_Pythia_{name}.tar", f"md5:{md5}", size)


def _weights(name: str, sha256: str | None, size: str = "size unknown") -> Remote:
    return Remote("weights", f"{_GITHUB}/{name}.pt", sha256 and f"sha256:{sha256}", size)


# md5: Zenodo 6619768 and get_datasets.py of jet-universe/particle_transformer (also for what its author converted from
# Zenodo 2603256 and 3164691). sha256: of the files in that repository, taken by us; ParT's were not at hand.
# The tars' sizes are those that other programs tell which fetch them; nothing relies on them.
REMOTES = {
    "JetClass": (
        _jetclass("train_100M_part0", "de4fd2dca2e68ab3c85d5cfd3bcc65c3", "15.2 GB"),
        _jetclass("train_100M_part1", "9722a359c5ef697bea0fbf79bf50f003", "15.2 GB"),
        _jetclass("train_100M_part2", "1e9f66cd1f915f9d10e90ae1d7761720", "15.2 GB"),
        _jetclass("train_100M_part3", "47348fc8985319fa4806da87500482fa", "15.2 GB"),
        _jetclass("train_100M_part4", "6b0ce16bd93b442a8d51914466990279", "15.2 GB"),
        _jetclass("train_100M_part5", "416e347512e716de51d392bee327b8e9", "15.2 GB"),
        _jetclass("train_100M_part6", "e9b9c1557b1b39bf0a16e4ab631ae451", "15.2 GB"),
        _jetclass("train_100M_part7", "5bfc6cb285ccb7680cefa9ac82ad1a2e", "15.2 GB"),
        _jetclass("train_100M_part8", "540c1a0d66dfad78d2b363c5740ccf86", "15.2 GB"),
        _jetclass("train_100M_part9", "668f40b3275167ff7104c48317c0ae2a", "15.2 GB"),
        _jetclass("val_5M", "7235ccb577ed85023ea3ab4d5e6160cf", "7.6 GB"),
        _jetclass("test_20M", "64e5156d26d101adeb43b8388207d767", "30.4 GB"),
    ),
    "QuarkGluon": (Remote("QuarkGluon", f"{_CERN}/QuarkGluon/QuarkGluon.tar", "md5:d8dd7f71a7aaaf9f1d2ee3cddef998f9"),),
    "TopLandscape": (
        Remote("TopLandscape", f"{_CERN}/TopLandscape/TopLandscape.tar", "md5:4fca2e47afbf321b0f201da6b804c404"),
    ),
    "weights": (
        _weights("ParT_full", None),
        _weights("ParT_kin", None),
        _weights("ParT_kinpid", None),
        _weights("ParticleNet_full", "375b81543769f4a0bd2de9818c5885a04c735b5462a64dcadc2a088edaf3d1d2", "1.5 MB"),
        _weights("ParticleNet_kin", "73aff244c657db0f7b62abe9ad13ec007c17cf10057ff1ad54c320f3bd4a4f26", "1.5 MB"),
        _weights("ParticleNet_kinpid", "f56876afb26a7f0782407fc4fde2502ac23656b47a970ad912e58502a0b8839b", "1.5 MB"),
    ),
}


def digest(path: Path, kind: str = "sha256") -> str:
    """The sum of a file of any size, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def fetch(
    remote: Remote,
    path: Path,
    mirror: str | None = None,
    force: bool = False,
    check: Callable[[Path], None] | None = None,
    progress: Progress | None = None,
) -> bool:
    """Put a whole `remote` at `path`; returns whether it had to be downloaded.

    mirror: a URL or a folder that holds `remote.file` too. check: raises PartError for a file that is not right;
    asked where no sum is known. Raises PartError, in one sentence, if the file cannot be had (what came so far is
    kept in `path`.part, and the next call goes on from there), if it is not the right one (nothing is kept), or if
    another file is at `path` and not to be replaced (`force`).
    """
    url, partial = _address(remote, mirror), path.with_name(f"{path.name}.part")
    if path.exists():
        wrong = _wrong(path, remote, check)
        if wrong is None:
            return False
        if not force or path.is_dir():
            way = "move it" if path.is_dir() else "move it or use --force"
            raise PartError(f"{path} is there already, but {wrong}; it was left alone: {way}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, partial, progress)
    except (OSError, HTTPException, ValueError) as error:
        kept = f"; {partial} is kept, run the same again to go on from there" if partial.exists() else ""
        raise PartError(f"Could not download {url} to {path.parent}: {reason(error)}{kept}.") from None
    if wrong := _wrong(partial, remote, check):
        partial.unlink()
        raise PartError(f"{url} is not what it should be: {wrong}; it was not kept.")
    partial.replace(path)
    return True


def _address(remote: Remote, mirror: str | None) -> str:
    if mirror is None:
        return remote.url
    base = mirror if "://" in mirror else Path(mirror).absolute().as_uri()
    return f"{base.rstrip('/')}/{remote.file}"


def _wrong(path: Path, remote: Remote, check: Callable[[Path], None] | None) -> str | None:
    """What is wrong with a file, or None."""
    try:
        if remote.checksum is not None:
            kind, expected = remote.checksum.split(":")
            found = digest(path, kind)
            return None if found == expected else f"its {kind} is {found}, expected {expected}"
        if check is not None:
            check(path)
    except OSError as error:
        return f"it cannot be read ({reason(error)})"
    except PartError as error:
        return str(error).removesuffix(".")
    return None


def _download(url: str, partial: Path, progress: Progress | None) -> None:
    """Append to `partial` what it lacks, or write it anew if the server sends all."""
    response, done, total = _ask(url, partial.stat().st_size if partial.exists() else 0)
    if response is None:
        return
    with response, partial.open("ab" if done else "wb") as file:
        while piece := response.read(PIECE):
            file.write(piece)
            done += len(piece)
            if progress and total:
                progress(f"Downloading {partial.stem}", done, total)
    if total is not None and done < total:  # http.client ends the same way for a lost connection as at the end
        raise ConnectionError(f"the connection was lost after {done:,} of {total:,} bytes")


def _ask(url: str, have: int) -> tuple[HTTPResponse | None, int, int | None]:
    """The answer to a request for what follows the first `have` bytes, where it starts, and the bytes in all if told.

    No answer (None) means that there is no more. A server that ignores ranges starts at 0, and so do we if it has fewer
    bytes than we, or sends another range.
    """
    request = Request(url, headers={"User-Agent": "ParTScope"} | ({"Range": f"bytes={have}-"} if have else {}))
    try:
        response = urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        if error.code != 416 or not have:
            raise
        error.close()
        complete = _range(error.headers)[1] == have
        return (None, have, have) if complete else _ask(url, 0)
    if response.status == 206:
        start, total = _range(response.headers)
        if start == have:
            return response, have, total
        response.close()
        if not have:
            raise ConnectionError(f"the server sent bytes from {start} on without being asked")
        return _ask(url, 0)
    length = response.headers.get("Content-Length", "")
    return response, 0, int(length) if length.isdecimal() else None


def _range(headers) -> tuple[int | None, int | None]:
    """`Content-Range: bytes 5-9/10` or `*/10` or `5-9/*` -> the first byte and the bytes in all."""
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)", headers.get("Content-Range", ""))
    start, total = match.groups() if match else (None, None)
    return None if start is None else int(start), None if total is None else int(total)


def reason(error: Exception) -> str:
    """What went wrong, without Python's numbers and names for it."""
    if isinstance(error, HTTPError):
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, URLError):
        return reason(error.reason) if isinstance(error.reason, Exception) else str(error.reason)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
