"""The runs in a table; a click chooses one."""

from functools import partial

import streamlit as st

from app.components.canvas.canvas import asset, clicked, script
from app.services import runs as training
from app.services.runs import Run
from app.state.selection import change

COLOURS = {
    "running": "#2f9e62",
    "stopping": "#c9a227",
    "finished": "#3b7dd8",
    "stopped": "#9aa3b2",
    "failed": "#d1495b",
}
HEIGHT = 12 * 19
_component = st.components.v2.component(
    "partscope_runs", html=asset("table.html"), css=asset("table.css"), js=script("table.js")
)


def listing(runs: list[Run], chosen: Run) -> None:
    columns = _columns(runs)
    states = "/".join(f"{run.name}:{run.state}:{run.done}" for run in runs)
    payload = {
        "key": f"{chosen.name}|{states}",
        "height": HEIGHT,
        "columns": [(name, is_text) for name, (is_text, _) in columns.items()],
        "rows": [list(row) for row in zip(*(texts for _, texts in columns.values()), strict=True)],
        "numbers": list(range(1, len(runs) + 1)),
        "colours": [COLOURS[run.state] for run in runs],
        "chosen": next(i for i, run in enumerate(runs, 1) if run.name == chosen.name),
    }
    _component(data=payload, key="runs", on_particle_change=clicked("runs", partial(_choose, runs)))


def _choose(runs: list[Run], place: int) -> None:
    if place < len(runs):
        change(run=runs[place].name)


def _columns(runs: list[Run]) -> dict[str, tuple[bool, list[str]]]:
    """Heading -> whether it is text, and a text a run; what may be cut off at the side comes last."""
    best = [training.best_accuracy(run) for run in runs]
    return {
        "run": (True, [run.name for run in runs]),
        "state": (True, [run.state for run in runs]),
        "epochs": (False, [f"{run.done}/{run.epochs}" for run in runs]),
        "best": (False, ["" if value is None else f"{value:.3f}" for value in best]),
        "model": (True, [run.plan["model"] for run in runs]),
        "dataset": (True, [run.plan["dataset"] for run in runs]),
    }
