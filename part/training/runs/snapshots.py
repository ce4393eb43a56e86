"""The attention of one jet after each epoch of a run, as `callbacks.attention_snapshots` writes it."""

import zipfile
from pathlib import Path

import numpy as np

from part.errors import PartError
from part.training.runs.folder import Run


def snapshot_path(folder: Path, epoch: int) -> Path:
    """Return the file of the snapshot after an epoch, in the folder `attention` of a run."""
    return folder / f"epoch_{epoch:03d}.npz"


def snapshot_epochs(run: Run) -> list[int]:
    """Return the epochs that have a snapshot; 0 is the model before its first step."""
    names = (path.stem.removeprefix("epoch_") for path in (run.folder / "attention").glob("epoch_*.npz"))
    return sorted(int(name) for name in names if name.isdigit())


def load_snapshot(run: Run, epoch: int) -> dict[str, np.ndarray]:
    """Return the arrays of the snapshot after an epoch (see `AttentionSnapshots`).

    Raises PartError if there is no such snapshot, or if it cannot be read.
    """
    try:
        path = snapshot_path(run.folder / "attention", epoch)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            arrays = dict(loaded)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):
        raise PartError(f"The run {run.name} has no attention of epoch {epoch}.") from None
    _check(run, epoch, arrays)
    return arrays


def _check(run: Run, epoch: int, arrays: dict[str, np.ndarray]) -> None:
    """Raise PartError unless the arrays are those of a jet of N particles, P layers, H heads and C classes."""
    shapes = {name: array.shape for name, array in arrays.items()}
    n = shapes.get("momenta", (0,))[0]
    known = len(shapes.get("momenta", ())) == 2 and n and shapes["momenta"][1] == 4
    known = known and len(shapes.get("probabilities", ())) == 1 and shapes.get("truth") == ()
    if "pattern" in arrays:
        known = known and len(shapes["pattern"]) == 4 and shapes["pattern"][2] == n
    if not known or any(array.dtype.kind not in "fiu" for array in arrays.values()):
        raise PartError(f"The attention of epoch {epoch} of the run {run.name} cannot be read: it has other arrays.")


def snapshot_key(run: Run, epoch: int) -> str:
    """Return a key that changes whenever the file of a snapshot is written."""
    path = snapshot_path(run.folder / "attention", epoch)
    return f"{run.name}/{epoch}/{path.stat().st_mtime_ns if path.exists() else 0}"
