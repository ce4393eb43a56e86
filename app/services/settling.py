"""How the heads of a run settle from epoch to epoch."""

from app.services.caching import cached
from app.services.runs import Run, snapshot_epochs, snapshot_key
from part.figures.charts import Plot
from part.figures.settling import settling_chart
from part.training.runs.snapshots import load_snapshot


def find_settling(run: Run) -> Plot | None:
    """Return the chart of a run with the attention of two epochs or more, else None. Raises PartError."""
    epochs = snapshot_epochs(run)
    if len(epochs) < 2:
        return None
    return _settling(str(run.folder), tuple(snapshot_key(run, epoch) for epoch in epochs), run)


@cached(max_entries=8)
def _settling(folder: str, keys: tuple[str, ...], _run: Run) -> Plot | None:
    loaded = {epoch: load_snapshot(_run, epoch) for epoch in snapshot_epochs(_run)}
    patterns = {epoch: arrays["pattern"] for epoch, arrays in loaded.items() if "pattern" in arrays}
    same = {pattern.shape for pattern in patterns.values()}
    return settling_chart(patterns) if len(patterns) > 1 and len(same) == 1 else None
