"""The files of jets that the app may open: those under the data folders, and uploads by the hash of their content."""

import hashlib
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Self

from app.services.uploads import UPLOAD, upload_path
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.config.config import DataConfig
from part.jets.formats.opening import jet_objects
from part.jets.formats.trees import TREE
from part.jets.schema import Dataset
from part.listing import printable, walk, why_not

ROOT = Path(__file__).parents[2]
SUFFIXES = (".root", ".parquet", ".h5", ".hdf5", ".npz")  # of listed files; the content decides how one is read
MAX_LISTED = 500


@dataclass(frozen=True)
class JetFile:
    """A file that may be opened, and how it is read.

    Attributes
    ----------
    name : str
        The name that the user and the URL know, relative to its data folder.
    path : Path
        The location on disk, with ":NAME" at its end where a tree was chosen.
    sha256 : str
        The hash of its content.
    tree : str
        The name of the chosen tree of a ROOT file, "" for the one that readers take by themselves.
    config : DataConfig or None
        What its jets are made by; None for a file with JetClass's names.
    dataset : Dataset or None
        The classes that its labels count, with a data config.
    """

    name: str
    path: Path
    sha256: str
    tree: str = ""
    config: DataConfig | None = None
    dataset: Dataset | None = None

    @property
    def key(self) -> str:
        """A hash that tells its jets from others."""
        if not self.tree and not self.config:
            return self.sha256
        made_by = f"{self.config.sha256}{self.dataset}" if self.config else ""
        return hashlib.sha256(f"{self.sha256}:{self.tree}{made_by}".encode()).hexdigest()

    def for_model(self, model: Tagger) -> Self:
        """Return the file as a model reads it."""
        return replace(self, config=model.data_config, dataset=model.dataset if model.data_config else None)

    def conceal(self, text: str) -> str:
        """Return a text in which the file has the name that the user knows, instead of its location on the server."""
        end = f":{self.tree}" if self.tree else ""
        return text.replace(str(self.path).removesuffix(end), self.name.removesuffix(end))

    @property
    def uploaded(self) -> bool:
        return self.name.startswith(UPLOAD)


def folders() -> list[Path]:
    """Return the folder of shipped samples, then those of PARTSCOPE_DATA (separated by colons) or ./data."""
    configured = os.environ.get("PARTSCOPE_DATA")
    chosen = [Path(text) for text in configured.split(os.pathsep) if text] if configured else [ROOT / "data"]
    return [folder.resolve() for folder in (ROOT / "data_samples", *chosen) if folder.is_dir()]


def runs_folder() -> Path:
    """Return the folder of training runs, PARTSCOPE_RUNS or ./runs; it need not exist yet."""
    return (ROOT / os.environ.get("PARTSCOPE_RUNS", "runs")).resolve()


def performance_folder() -> Path:
    """Return the folder of measurements, PARTSCOPE_PERFORMANCE or ./performance."""
    return (ROOT / os.environ.get("PARTSCOPE_PERFORMANCE", "performance")).resolve()


def listed() -> list[str]:
    """Return the names of the files on offer, relative to their folder, shipped ones first."""
    return list_readable()[0]


def list_readable() -> tuple[list[str], dict[str, str]]:
    """Return the names of the files on offer, and what is not listed, each with its reason."""
    names: dict[str, None] = {}
    left_out, more = {}, 0
    for folder in folders():
        for path in sorted(path for path in walk(folder) if path.suffix.lower() in SUFFIXES):
            name = path.relative_to(folder)
            if any(word.startswith(".") for word in name.parts) or name.as_posix() in names:
                continue
            if reason := why_not(path) or _unprintable(name):
                left_out[printable(name.as_posix())] = reason
            elif len(names) < MAX_LISTED:
                names[name.as_posix()] = None
            else:
                more += 1
    if more:
        left_out[f"{more} more files"] = f"than the {MAX_LISTED} that are listed; ?file=NAME in the URL opens them"
    return list(names), left_out


def _unprintable(name: Path) -> str | None:
    """Return why a file in a folder whose own name is no UTF-8 is left out, or None."""
    return None if printable(str(name)) == str(name) else "has a name that is no UTF-8"


def find(name: str) -> JetFile:
    """Return the file of a listed name, of another path below a data folder, or of an upload.

    ":NAME" after the name of a ROOT file chooses one of its trees.

    Raises
    ------
    PartError
        If there is no such file, or if it is outside all data folders.
    """
    path, tree = _path(name), ""
    if path is None and ":" in name.removeprefix(UPLOAD):
        file_name, _, tree = name.rpartition(":")
        path = _path(file_name) if tree else None
    if path is None and name.startswith(UPLOAD):
        raise PartError("The uploaded file is no longer here; please upload it again.")
    if path is None:
        raise PartError(f"The file {name[:100]} cannot be opened: it is in no data folder.")
    status = path.stat()
    place = Path(f"{path}:{tree}") if tree else path
    return JetFile(name, place, _sha256(path, status.st_mtime_ns, status.st_size), tree)


def trees_of(name: str) -> tuple[str, ...]:
    """Return the names of a file with each of its trees or tables of jets; () where there is no choice, or no file."""
    base = without_tree(name)
    path = _path(base)
    if path is None:
        return ()
    status = path.stat()
    names = _jet_objects(path, status.st_mtime_ns, status.st_size)
    return tuple(f"{base}:{tree}" for tree in names) if len(names) > 1 else ()


def with_tree(name: str) -> str:
    """Return the name of a file with one of its trees of jets where there are several and none is chosen."""
    trees = trees_of(name) if name == without_tree(name) else ()
    return next((tree for tree in trees if tree.endswith(f":{TREE}")), trees[0]) if trees else name


def without_tree(name: str) -> str:
    """Return the name of a file without the tree that it chooses."""
    if ":" not in name.removeprefix(UPLOAD) or _path(name) is not None:
        return name
    return name.rpartition(":")[0]


@cache
def _jet_objects(path: Path, modified: int, size: int) -> tuple[str, ...]:
    try:
        return jet_objects(str(path))
    except PartError:  # said where the file is read
        return ()


def _path(name: str) -> Path | None:
    return upload_path(name) if name.startswith(UPLOAD) else _below_folders(name)


def _below_folders(name: str) -> Path | None:
    if not name or "\0" in name:
        return None
    for folder in folders():
        try:
            path = (folder / name).resolve()  # follows "..", links and absolute names, so that none leads outside
        except (OSError, RuntimeError):  # a name that is too long, or a circle of links
            continue
        if path.is_relative_to(folder) and os.path.isfile(path):
            return path
    return None


@cache
def _sha256(path: Path, modified: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
