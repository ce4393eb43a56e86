"""Tars of jets -> folders of files, whole or not at all, and with what came from where on record."""

import json
import shutil
import tarfile
from pathlib import Path

from part.errors import PartError
from part.jets.fetch.download import Progress, Remote, reason

LIST = ".unpacked.json"  # in each folder: file -> bytes
SPLITS = ("train", "val", "test")


def unpacked(remote: Remote, folder: Path, force: bool = False) -> bool:
    """Whether `folder` holds what a tar put there, by names and bytes; if not, it is to be made or (`force`) redone.

    Raises PartError for a folder that is neither whole nor to be replaced, or with files from elsewhere that would go.
    """
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise PartError(f"{folder} is a file; expected a folder, or nothing yet.")
    here = _files(folder)
    try:
        listed = json.loads((folder / LIST).read_text())
    except (OSError, ValueError):
        listed = {}
    changed = sorted(name for name in listed if here.get(name) != listed[name])
    if listed and not changed:
        return True
    if foreign := sorted(here.keys() - listed.keys()):
        raise PartError(f"{folder} holds {foreign[0]}, which is not from {remote.file}; move it away first.")
    if changed and not force:
        raise PartError(f"{folder / changed[0]} is gone or was changed; use --force to download {remote.file} again.")
    return False


def unpack(tar: Path, folder: Path, progress: Progress | None = None) -> int:
    """Put the files of a tar into `folder`, all or none, and what was there goes. Returns how many.

    Folders that hold a single folder and nothing else are left out. Files of several splits, `train_...` and the like,
    go into `train/`, `val/` and `test/`, so that nobody trains on the test jets by giving the folder.
    Raises PartError for a tar that is damaged, or has members that would end up elsewhere.
    """
    hidden, old = (folder.with_name(f".{folder.name}.{word}") for word in ("unpack", "old"))
    _tidy(folder, hidden, old)  # after a run that was killed
    try:
        hidden.mkdir(parents=True)
        _extract(tar, hidden, progress)
        inner = _arranged(hidden)
        files = _files(inner)
        (inner / LIST).write_text(json.dumps(files, indent=1))
        if folder.exists():
            folder.rename(old)
        inner.rename(folder)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise PartError(f"Could not unpack {tar} into {folder}: {reason(error)}.") from None
    finally:
        _tidy(folder, hidden, old)
    return len(files)


def _tidy(folder: Path, hidden: Path, old: Path) -> None:
    if old.exists() and not folder.exists():
        old.rename(folder)
    for path in (hidden, old):
        shutil.rmtree(path, ignore_errors=True)


def _files(folder: Path) -> dict[str, int]:
    """Path in the folder -> bytes, of all files but the list itself."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / LIST)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}


def _extract(tar: Path, folder: Path, progress: Progress | None) -> None:
    total = tar.stat().st_size
    with tarfile.open(tar) as archive:
        for member in archive:
            archive.extract(member, folder, filter="data")  # refuses what would lead out of the folder
            if progress:
                progress(f"Unpacking {tar.name}", min(member.offset_data + member.size, total), total)


def _arranged(folder: Path) -> Path:
    """The innermost folder that holds all files, these sorted by split."""
    while len(entries := sorted(folder.iterdir())) == 1 and entries[0].is_dir():
        folder = entries[0]
    if not entries:
        raise tarfile.ReadError("there are no files in it")
    for path in entries:
        split = path.name.partition("_")[0]
        if split in SPLITS and path.is_file():
            (folder / split).mkdir(exist_ok=True)
            path.rename(folder / split / path.name)
    return folder
