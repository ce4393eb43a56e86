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
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):
        raise PartError(f"The run {run.name} has no attention of epoch {epoch}.") from None


def snapshot_key(run: Run, epoch: int) -> str:
    """Return a key that changes whenever the file of a snapshot is written."""
    path = snapshot_path(run.folder / "attention", epoch)
    return f"{run.name}/{epoch}/{path.stat().st_mtime_ns if path.exists() else 0}"
