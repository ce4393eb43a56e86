"""Tars of jets, unpacked atomically into folders of files, with a manifest of what each folder should hold."""

import json
import shutil
import tarfile
from pathlib import Path

from part.errors import PartError
from part.jets.fetch.catalogue import RemoteFile
from part.jets.fetch.download import describe_error
from part.progress import ProgressCallback

MANIFEST = ".unpacked.json"  # in each folder: file -> bytes
SPLITS = ("train", "val", "test")


def is_unpacked(remote: RemoteFile, folder: Path, force: bool = False) -> bool:
    """Return whether a folder holds the files of a tar, by their names and sizes.

    Parameters
    ----------
    remote : RemoteFile
        The tar.
    folder : Path
        Where it would be unpacked.
    force : bool
        An incomplete or changed folder may be replaced.

    Returns
    -------
    bool
        False if the tar is to be unpacked into the folder.

    Raises
    ------
    PartError
        If the folder is incomplete and `force` is not set, or if it holds other files, which would be lost.
    """
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise PartError(f"{folder} is a file; expected a folder, or nothing yet.")
    present = _files(folder)
    try:
        listed = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        listed = {}
    changed = sorted(name for name in listed if present.get(name) != listed[name])
    if listed and not changed:
        return True
    if foreign := sorted(present.keys() - listed.keys()):
        raise PartError(f"{folder} holds {foreign[0]}, which is not from {remote.file}; move it away first.")
    if changed and not force:
        raise PartError(
            f"{folder / changed[0]} is missing or was changed; use --force to download {remote.file} again."
        )
    return False


def unpack(tar: Path, folder: Path, progress: ProgressCallback | None = None) -> int:
    """Replace a folder by the files of a tar, atomically.

    Folders that hold a single folder and nothing else are skipped. Files of several splits, `train_...` and the like,
    go into `train/`, `val/` and `test/`, so that passing the whole folder does not train on the test jets.

    Parameters
    ----------
    tar, folder : Path
    progress : ProgressCallback, optional
        Called with the number of bytes so far and in all.

    Returns
    -------
    int
        The number of files.

    Raises
    ------
    PartError
        For a damaged tar, or one with members outside of the folder. The folder is then unchanged.
    """
    hidden, old = (folder.with_name(f".{folder.name}.{word}") for word in ("unpack", "old"))
    _clean_up(folder, hidden, old)  # after a run that was killed
    try:
        hidden.mkdir(parents=True)
        _extract(tar, hidden, progress)
        inner = _sort_by_split(hidden)
        files = _files(inner)
        (inner / MANIFEST).write_text(json.dumps(files, indent=1))
        if folder.exists():
            folder.rename(old)
        inner.rename(folder)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise PartError(f"Could not unpack {tar} into {folder}: {describe_error(error)}.") from None
    finally:
        _clean_up(folder, hidden, old)
    return len(files)


def _clean_up(folder: Path, hidden: Path, old: Path) -> None:
    """Restore the old folder if it was not replaced, and delete what else is left."""
    if old.exists() and not folder.exists():
        old.rename(folder)
    for path in (hidden, old):
        shutil.rmtree(path, ignore_errors=True)


def _files(folder: Path) -> dict[str, int]:
    """Return the size in bytes of each file but the manifest, by its path in the folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}


def _extract(tar: Path, folder: Path, progress: ProgressCallback | None) -> None:
    total = tar.stat().st_size
    with tarfile.open(tar) as archive:
        for member in archive:
            archive.extract(member, folder, filter="data")  # rejects members outside of the folder
            if progress:
                progress(f"Unpacking {tar.name}", min(member.offset_data + member.size, total), total)


def _sort_by_split(folder: Path) -> Path:
    """Return the innermost folder that holds all files, after moving these to a folder for each split."""
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
