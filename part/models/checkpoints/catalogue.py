"""The available checkpoints: those that come with the project, and those in a folder."""

from contextlib import suppress
from pathlib import Path

from part.errors import PartError
from part.limits import shorten
from part.models.checkpoints.cards import parse_card

_PACKAGED = Path(__file__).parents[2] / "bundled"  # where a wheel has them
BUNDLED = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[3] / "checkpoints"


def checkpoints_in(folder: Path) -> dict[str, Path]:
    """List the checkpoints in a folder by name.

    Parameters
    ----------
    folder : Path
        A folder, which need not exist.

    Returns
    -------
    dict
        The file of each name: a `.safetensors`, a weaver `.pt`, whose name keeps its suffix, or a card that refers to
        the weights of another checkpoint. The optimizers' files that weaver writes beside its `.pt` are left out.
    """
    files = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
    checkpoints = {path.stem: path for path in files if path.suffix == ".safetensors"}
    checkpoints |= {path.name: path for path in files if path.suffix == ".pt" and not path.stem.endswith("_optimizer")}
    checkpoints |= {path.stem: path for path in files if path.suffix == ".json" and _is_alias(path)}
    return dict(sorted(checkpoints.items()))


def bundled_names() -> list[str]:
    """Return the names of the checkpoints that come with the project."""
    return list(checkpoints_in(BUNDLED))


def resolve(name: str | Path) -> Path:
    """Return the file of a bundled name or of a path. Raises PartError if there is none."""
    path = Path(name)
    with suppress(OSError):  # a name of some thousand letters is that of no file
        if path.is_file():
            return path
    bundled = checkpoints_in(BUNDLED)
    if str(name) in bundled:
        return bundled[str(name)]
    more = " The other trained models come with the repository." if BUNDLED == _PACKAGED else ""
    raise PartError(
        f"There is no checkpoint {shorten(name)}: give a file or one of {', '.join(bundled) or 'none shipped'}.{more}"
    )


def _is_alias(path: Path) -> bool:
    """Return whether a JSON file is a card that refers to the weights of another checkpoint."""
    if path.with_suffix(".safetensors").exists():
        return False
    try:
        return path.is_file() and "weights" in parse_card(path)
    except PartError:
        return False
