"""`python -m part download`: public datasets and published weights, verified by their checksums."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from part.errors import PartError

if TYPE_CHECKING:
    from part.jets.fetch.catalogue import RemoteFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", help="JetClass, QuarkGluon, TopLandscape or weights (default: list them)")
    parser.add_argument(
        "--part", nargs="+", metavar="NAME", help="parts to download, such as train, val, train_100M_part0 or ParT_full"
    )
    parser.add_argument("--out", default=Path("data"), type=Path, help="folder to put it in (default: data)")
    parser.add_argument("--mirror", metavar="URL", help="URL or folder that holds copies of all files")
    parser.add_argument("--keep-tar", action="store_true", help="do not delete a dataset's tar after unpacking it")
    parser.add_argument("--force", action="store_true", help="replace files that are incomplete or changed")


def run(args: argparse.Namespace) -> None:
    """Download what is missing, or list what there is. Raises PartError."""
    from part.jets.fetch.catalogue import REMOTE_FILES

    if args.what is None:
        _list(REMOTE_FILES)
        return
    for remote in _select(REMOTE_FILES, args.what, args.part):
        progress = _Megabytes()
        try:
            (_download_dataset if remote.is_tar else _download_weights)(remote, args, progress)
        finally:
            progress.end_line()


class _Megabytes:
    """A progress callback for bytes, which are displayed in megabytes."""

    def __init__(self):
        from part.progress import TerminalProgress

        self._progress, self._midline = TerminalProgress(), False

    def __call__(self, stage: str, done: int, total: int) -> None:
        mega = 10**6
        # The last, incomplete megabyte counts as one, so that the end is reached with the last byte and not before.
        self._progress(f"{stage}, MB", -(-done // mega) if done == total else done // mega, -(-total // mega))
        self._midline = done < total

    def end_line(self) -> None:
        """Move to a new line, so that no other text, such as an error, follows the progress on its line."""
        if self._midline and sys.stderr.isatty():
            print(file=sys.stderr)


def _list(remote_files: Mapping[str, Sequence["RemoteFile"]]) -> None:
    for what, remotes in remote_files.items():
        print(what)
        width = max(len(remote.name) for remote in remotes) + 2
        for remote in remotes:
            print(f"  {remote.name:{width}}{remote.size:14}{remote.checksum or 'no checksum'}\n    {remote.url}")


def _select(
    remote_files: Mapping[str, Sequence["RemoteFile"]], what: str, requested: list[str] | None
) -> list["RemoteFile"]:
    """Return the files of a dataset, or of it those with a requested name or group."""
    if what not in remote_files:
        raise PartError(f"There is no {what}; expected {', '.join(remote_files)}.")
    if requested is None:
        return list(remote_files[what])
    if len(remote_files[what]) == 1:
        raise PartError(f"{what} is a single file; leave out --part.")
    names = {remote: (remote.name.partition("_")[0], remote.name) for remote in remote_files[what]}
    available = dict.fromkeys(name for pair in zip(*names.values(), strict=True) for name in pair)
    if unknown := [name for name in requested if name not in available]:
        raise PartError(f"{what} has no part {unknown[0]}; expected some of {', '.join(available)}.")
    return [remote for remote, pair in names.items() if set(pair) & set(requested)]


def _download_dataset(remote: "RemoteFile", args: argparse.Namespace, progress: _Megabytes) -> None:
    """Download a tar next to the folder into which it is unpacked."""
    from part.io import check_folder
    from part.jets.fetch.archives import is_unpacked, unpack
    from part.jets.fetch.download import fetch

    folder = args.out / remote.folder
    if is_unpacked(remote, folder, args.force):
        print(f"{folder} is complete already.")
        return
    check_folder(folder.parent)
    tar = folder.parent / remote.file
    downloaded = fetch(remote, tar, args.mirror, args.force, progress=progress)
    count = unpack(tar, folder, progress)
    if downloaded and not args.keep_tar:
        tar.unlink()
    print(f"{folder}: {count} files{f'; {tar} was kept' if tar.exists() else ''}.")


def _download_weights(remote: "RemoteFile", args: argparse.Namespace, progress: _Megabytes) -> None:
    from part.io import check_folder
    from part.jets.fetch.download import digest, fetch

    path = args.out / remote.folder / remote.file
    if not path.exists():
        check_folder(path.parent)
    downloaded = fetch(remote, path, args.mirror, args.force, partial(_check_weights, remote.name), progress)
    verified = (
        "its checksum is correct"
        if remote.checksum
        else f"no checksum is published, it loads as the expected model; sha256 {digest(path)}"
    )
    print(f"{path} {'was downloaded' if downloaded else 'exists already'}: {verified}.")


def _check_weights(name: str, path: Path) -> None:
    """Raise PartError unless the file holds the JetClass model of this name."""
    from part.models.checkpoints.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(path, "JetClass")
    actual = f"{checkpoint.model.config.model}_{checkpoint.features.name}"
    if actual != name:
        raise PartError(f"{path} holds a {actual}, expected a {name}.")
