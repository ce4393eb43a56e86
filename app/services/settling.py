"""How the heads of a run settle from epoch to epoch."""

from contextlib import suppress

from app.services.caching import cached
from app.services.runs import Run, snapshot_epochs, snapshot_key
from part.errors import PartError
from part.figures.charts import Plot
from part.figures.settling import settling_chart
from part.training.runs.snapshots import load_snapshot


def find_settling(run: Run) -> Plot | None:
    """Return the chart of a run whose attention is known after two epochs or more, else None."""
    epochs = snapshot_epochs(run)
    if len(epochs) < 2:
        return None
    return _settling(str(run.folder), tuple(snapshot_key(run, epoch) for epoch in epochs), run)


@cached(max_entries=8)
def _settling(folder: str, keys: tuple[str, ...], _run: Run) -> Plot | None:
    patterns = {}
    for epoch in snapshot_epochs(_run):
        with suppress(PartError):  # which the page says where that epoch is chosen
            if "pattern" in (arrays := load_snapshot(_run, epoch)):
                patterns[epoch] = arrays["pattern"]
    has_one_shape = len({pattern.shape for pattern in patterns.values()}) == 1
    return settling_chart(patterns) if len(patterns) > 1 and has_one_shape else None
