"""The available checkpoints: those that come with the project, and those in a folder."""

import os
from pathlib import Path

from part.errors import PartError
from part.io import check_regular
from part.limits import shorten
from part.listing import entries_of
from part.models.checkpoints.cards import parse_card

_PACKAGED = Path(__file__).parents[2] / "bundled"  # where a wheel has them
SUFFIXES = (".safetensors", ".pt", ".json")
BUNDLED = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[3] / "checkpoints"


def checkpoints_in(folder: Path) -> dict[str, Path]:
    """List the checkpoints in a folder by name; see `list_checkpoints`, which says what is left out as well."""
    return list_checkpoints(folder)[0]


def list_checkpoints(folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """List the checkpoints in a folder.

    Parameters
    ----------
    folder : Path
        A folder, which need not exist.

    Returns
    -------
    checkpoints : dict of str to Path
        The file of each name: a `.safetensors`, a weaver `.pt`, whose name keeps its suffix, or a card that refers to
        the weights of another checkpoint. The optimizers' files that weaver writes beside its `.pt` are left out.
    left_out : dict of str to str
        Why other entries that are called like these are none, by name.
    """
    paths, left_out = entries_of(folder)
    left_out = {name: reason for name, reason in left_out.items() if Path(name).suffix in SUFFIXES}
    left_out |= {path.name: "is a folder" for path in paths if path.suffix == ".json" and path.is_dir()}
    files = [path for path in paths if path.suffix in SUFFIXES and path.is_file()]
    checkpoints = {path.stem: path for path in files if path.suffix == ".safetensors"}
    checkpoints |= {path.name: path for path in files if path.suffix == ".pt" and not path.stem.endswith("_optimizer")}
    for path in files:
        if path.suffix == ".json" and path.stem not in checkpoints:
            try:
                checkpoints |= {path.stem: path} if "weights" in parse_card(path) else {}
            except PartError as error:
                left_out[path.name] = str(error).removeprefix(f"{path} ").rstrip(".")
    return dict(sorted(checkpoints.items())), left_out


def bundled_names() -> list[str]:
    """Return the names of the checkpoints that come with the project."""
    return list(checkpoints_in(BUNDLED))


def resolve(name: str | Path) -> Path:
    """Return the file of a bundled name or of a path. Raises PartError if there is none."""
    path = Path(name)
    if os.path.isfile(path):  # which is False for a name that no file can have
        return path
    check_regular(path)
    bundled = checkpoints_in(BUNDLED)
    if str(name) in bundled:
        return bundled[str(name)]
    more = " The other trained models come with the repository." if BUNDLED == _PACKAGED else ""
    raise PartError(
        f"There is no checkpoint {shorten(name)}: give a file or one of {', '.join(bundled) or 'none shipped'}.{more}"
    )
