"""Files of jets by patterns."""

from collections.abc import Sequence
from glob import glob
from pathlib import Path

from part.errors import PartError
from part.jets.formats.opening import SUFFIXES, WITHOUT_OBJECTS


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
            matches = [_with_tree(path, tree, Path(place).is_file()) for path in _matches(place)] if tree else []
        if not matches:
            expected = f"a file, a folder of {', '.join(SUFFIXES)} files, or a glob"
            raise PartError(f"No jets at {pattern}: expected {expected}.")
        files += matches
    return sorted(set(files))


def _matches(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_dir():
        return [p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    return [path] if path.is_file() else [Path(name) for name in glob(pattern)]


def _with_tree(path: Path, tree: str, is_alone: bool) -> Path:
    """Return the path that names a tree; parquet and npz files, among those of a folder, have none."""
    return Path(f"{path}:{tree}") if is_alone or path.suffix.lower() not in WITHOUT_OBJECTS else path
