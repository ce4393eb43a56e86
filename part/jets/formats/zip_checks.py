"""The checks of a zip that Python's zipfile leaves out where only parts of it are read."""

import os
import struct
import zipfile
from functools import lru_cache

from part.errors import PartError

END = struct.Struct("<4s4H2LH")  # the record at the end of the list of entries
MARK = b"PK\x05\x06"
LONGEST = END.size + 65535  # with its comment
UNKNOWN = 0xFFFF  # entries; larger archives count them elsewhere
PIECE = 2**20


def check_directory(path: str, archive: zipfile.ZipFile) -> None:
    """Raise PartError if the list of entries is damaged: zipfile takes one that ends early as it is."""
    _check_directory(path, *_version(path), len(archive.infolist()))


def verify(path: str, name: str) -> None:
    """Compare an entry with its CRC-32, once for each version of the file.

    Raises
    ------
    zipfile.BadZipFile
        If it is damaged.
    """
    _verify(path, name, *_version(path))


def _version(path: str) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=256)
def _check_directory(path: str, inode: int, time: int, size: int, n_found: int) -> None:
    with open(path, "rb") as file:
        file.seek(max(size - LONGEST, 0))
        tail = file.read()
    place = tail.rfind(MARK)
    n_entries = END.unpack(tail[place : place + END.size])[4] if 0 <= place <= len(tail) - END.size else UNKNOWN
    if n_entries not in (UNKNOWN, n_found):
        raise PartError(
            f"{path}: {n_found} of {n_entries} entries are in its list of contents; expected an undamaged npz file"
        )
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            archive.open(entry).close()  # raises if the name before its data is another one
            if "\0" in entry.orig_filename:
                raise PartError(f"{path}: a name in its list of contents is damaged; expected an undamaged npz file")


@lru_cache(maxsize=4096)
def _verify(path: str, name: str, *_unchanged: int) -> None:
    with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
        while stream.read(PIECE):
            pass
