"""What is in a folder, entry by entry: one that cannot be opened stops none of the others, and its reason is kept."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from part.io import describe

LINK = {errno.ENOENT: "is a link that leads nowhere", errno.ELOOP: "is a link to itself"}


def entries_of(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Return what is in a folder without what is hidden.

    Parameters
    ----------
    folder : Path
        A folder, which need not exist.

    Returns
    -------
    paths : list of Path
        The files and folders that are there, sorted.
    left_out : dict of str to str
        Why others cannot be opened, by their names as they can be printed.
    """
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return [], {}
    except OSError as error:
        return [], {printable(folder.name): f"cannot be listed: {describe(error)}"}
    reasons = {path: reason for path in found if (reason := why_not(path))}
    return [path for path in found if path not in reasons], {printable(p.name): r for p, r in reasons.items()}


def walk(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder, also those that cannot be opened; folders that cannot be listed are left out."""
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def why_not(path: Path) -> str | None:
    """Return why an entry of a folder is no file or folder that can be opened, or None."""
    try:
        path.name.encode()
        mode = path.stat().st_mode
    except UnicodeEncodeError:
        return "has a name that is no UTF-8"
    except OSError as error:
        return LINK.get(error.errno or 0, f"cannot be opened: {describe(error)}")
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else "is a pipe or a device"


def printable(name: str) -> str:
    """Return a file's name as text that tables and pages can hold."""
    return name.encode(errors="backslashreplace").decode()


def left_out_sentence(left_out: dict[str, str], most: int = 5) -> str:
    """Return one line that names what is left out, each with its reason; "" if that is nothing."""
    texts = [f"{name[:60]} {reason[:160]}" for name, reason in left_out.items()]
    more = f"; {len(texts) - most} more" if len(texts) > most else ""
    return f"Left out: {'; '.join(texts[:most])}{more}." if texts else ""
