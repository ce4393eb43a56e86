"""The runs in a table; a click chooses one."""

from functools import partial

from app.components.canvas.table import draw_table
from app.pages.train.state import TrainState
from app.services import shipped_runs
from app.services.runs import Run
from app.state import session

COLOURS = {
    "running": "#2f9e62",
    "stopping": "#c9a227",
    "finished": "#3b7dd8",
    "stopped": "#9aa3b2",
    "failed": "#d1495b",
    "recorded": "#7a5fc9",
    "shipped": "#7a5fc9",
}
ROW = 19
MAX_ROWS = 18


def listing(all_runs: list[Run], chosen: Run) -> None:
    """Draw the table of all runs, in which the chosen one is marked."""
    columns = _columns(all_runs)
    states = "/".join(f"{run.name}:{run.state}:{run.epochs_done}" for run in all_runs)
    payload = {
        "key": f"{shipped_runs.run_key(chosen)}|{states}",
        "height": (min(len(all_runs), MAX_ROWS) + 1) * ROW + 2,
        "columns": [(heading, is_text) for heading, (is_text, _) in columns.items()],
        "rows": [list(row) for row in zip(*(texts for _, texts in columns.values()), strict=True)],
        "numbers": list(range(1, len(all_runs) + 1)),
        "colours": [COLOURS[shipped_runs.state(run)] for run in all_runs],
        "chosen": next(i for i, run in enumerate(all_runs, 1) if run.folder == chosen.folder),
    }
    draw_table(payload, "runs", partial(_choose, all_runs))


def _choose(all_runs: list[Run], row: int) -> None:
    if row < len(all_runs):
        session.update(TrainState, run=shipped_runs.run_key(all_runs[row]))


def _columns(all_runs: list[Run]) -> dict[str, tuple[bool, list[str]]]:
    """Return by heading whether the column is text, and its texts; a narrow table cuts off the last columns."""
    best = [shipped_runs.best_accuracy(run) for run in all_runs]
    return {
        "run": (True, [run.name for run in all_runs]),
        "state": (True, [shipped_runs.state(run) for run in all_runs]),
        "epochs": (False, [f"{run.epochs_done}/{run.epochs}" for run in all_runs]),
        "best": (False, ["" if value is None else f"{value:.3f}" for value in best]),
        "model": (True, [run.config["model"] for run in all_runs]),
        "dataset": (True, [run.config["dataset"] for run in all_runs]),
    }
