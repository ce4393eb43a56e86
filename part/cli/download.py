"""python -m part download: public datasets and published weights, checked by their sums."""

import argparse
import sys
from functools import partial
from pathlib import Path

from part.errors import PartError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", help="JetClass, QuarkGluon, TopLandscape or weights (default: list them)")
    parser.add_argument("--part", nargs="+", metavar="NAME", help="train, val, train_100M_part0, ParT_full, ... of it")
    parser.add_argument("--out", default=Path("data"), type=Path, help="folder to put it in (default: data)")
    parser.add_argument("--mirror", metavar="URL", help="or a folder: where the same files are, all beside each other")
    parser.add_argument("--keep-tar", action="store_true", help="do not delete a dataset's tar once it is unpacked")
    parser.add_argument("--force", action="store_true", help="replace what is there but is not whole")


def run(args: argparse.Namespace) -> None:
    from part.jets.fetch.download import REMOTES

    if args.what is None:
        _show(REMOTES)
        return
    for remote in _chosen(REMOTES, args.what, args.part):
        progress = _Megabytes()
        try:
            (_dataset if remote.is_tar else _weights)(remote, args, progress)
        finally:
            progress.end()


class _Megabytes:
    """Progress in bytes, told in megabytes."""

    def __init__(self):
        from part.progress import Progress

        self._progress, self._midline = Progress(), False

    def __call__(self, stage: str, done: int, total: int) -> None:
        mega = 10**6
        # The last one counts even if it is not full, so that the end is reached with the last byte and not before.
        self._progress(f"{stage}, MB", -(-done // mega) if done == total else done // mega, -(-total // mega))
        self._midline = done < total

    def end(self) -> None:
        """What is said next, of an error too, begins on its own line."""
        if self._midline and sys.stderr.isatty():
            print(file=sys.stderr)


def _show(remotes: dict) -> None:
    for what, parts in remotes.items():
        print(what)
        for remote in parts:
            print(f"  {remote.name:18}{remote.size:14}{remote.checksum or 'no sum known'}\n    {remote.url}")


def _chosen(remotes: dict, what: str, parts: list[str] | None) -> list:
    """The files of a dataset, or those of its parts: a name, or the group it begins with."""
    if what not in remotes:
        raise PartError(f"There is no {what}; expected {', '.join(remotes)}.")
    if parts is None:
        return list(remotes[what])
    if len(remotes[what]) == 1:
        raise PartError(f"{what} comes whole; leave out --part.")
    offered = {remote: (remote.name.partition("_")[0], remote.name) for remote in remotes[what]}
    known = dict.fromkeys(name for pair in zip(*offered.values(), strict=True) for name in pair)
    if odd := [part for part in parts if part not in known]:
        raise PartError(f"{what} has no part {odd[0]}; expected some of {', '.join(known)}.")
    return [remote for remote, names in offered.items() if set(names) & set(parts)]


def _dataset(remote, args: argparse.Namespace, progress) -> None:
    """Download a tar beside the folder that it becomes."""
    from part.jets.fetch.archives import unpack, unpacked
    from part.jets.fetch.download import fetch

    folder = args.out / remote.folder
    if unpacked(remote, folder, args.force):
        print(f"{folder} is there and whole.")
        return
    tar = folder.parent / remote.file
    new = fetch(remote, tar, args.mirror, args.force, progress=progress)
    count = unpack(tar, folder, progress)
    if new and not args.keep_tar:
        tar.unlink()
    print(f"{folder}: {count} files{f', and {tar} stays' if tar.exists() else ''}.")


def _weights(remote, args: argparse.Namespace, progress) -> None:
    from part.jets.fetch.download import digest, fetch

    path = args.out / remote.folder / remote.file
    new = fetch(remote, path, args.mirror, args.force, partial(_check, remote.name), progress)
    sums = (
        "its sum is right"
        if remote.checksum
        else f"no sum is known, it loads as what it should be; sha256 {digest(path)}"
    )
    print(f"{path} {'is new' if new else 'was there'}: {sums}.")


def _check(name: str, path: Path) -> None:
    """Raises PartError unless the file holds the model that its name says, for JetClass."""
    from part.models.checkpoints.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(path, "JetClass")
    found = f"{checkpoint.model.config.model}_{checkpoint.features.name}"
    if found != name:
        raise PartError(f"{path} holds a {found}, expected a {name}.")
