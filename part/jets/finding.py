"""The files of jets that names, folders and globs stand for."""

import os
from collections.abc import Sequence
from glob import glob
from pathlib import Path

from part.errors import PartError
from part.jets.formats.opening import SUFFIXES, WITHOUT_OBJECTS
from part.jets.notices import say
from part.listing import entries_of, left_out_sentence

DESCRIPTIONS = (".md", ".txt", ".json", ".yaml", ".yml", ".log")  # of files that lie beside jets, and are none


def find_files(patterns: Sequence[str]) -> list[Path]:
    """Find files of jets.

    Parameters
    ----------
    patterns : sequence of str
        Files, folders (of which all files of jets are taken, by their suffixes) and globs. Each may end in ":NAME",
        the tree or table to read of ROOT and HDF5 files.

    Returns
    -------
    list of Path
        Sorted, each file once.

    Raises
    ------
    PartError
        If a pattern matches nothing.
    """
    files: list[Path] = []
    for pattern in patterns:
        matches = _matches(pattern)
        if not matches and ":" in pattern:
            place, _, tree = pattern.rpartition(":")
            matches = [_with_tree(path, tree, os.path.isfile(place)) for path in _matches(place)] if tree else []
        if not matches:
            expected = f"a file, a folder of {', '.join(SUFFIXES)} files, or a glob"
            raise PartError(f"No jets at {pattern}: expected {expected}.")
        files += matches
    return sorted(set(files))


def _matches(pattern: str) -> list[Path]:
    path = Path(pattern)
    if os.path.isdir(path):
        return _of_folder(path)
    return [path] if os.path.isfile(path) else [Path(name) for name in glob(pattern)]


def _of_folder(folder: Path) -> list[Path]:
    """Return the files of jets in a folder, and say what is left out of it."""
    paths, left_out = entries_of(folder)
    taken = [path for path in paths if path.is_file() and path.suffix.lower() in SUFFIXES]
    for path in paths:
        if path not in taken and path.suffix.lower() not in DESCRIPTIONS:
            left_out[path.name] = "is a folder" if path.is_dir() else "is no file of jets by its suffix"
    if taken and left_out:
        say(f"{folder}: {left_out_sentence(left_out)}")
    return taken


def _with_tree(path: Path, tree: str, is_alone: bool) -> Path:
    """Return the path that names a tree; parquet and npz files, among those of a folder, have none."""
    return Path(f"{path}:{tree}") if is_alone or path.suffix.lower() not in WITHOUT_OBJECTS else path
