"""About how long Run will take, beside its button."""

from collections.abc import Sequence

import streamlit as st

from app.components.durations import rough_duration
from app.components.guard import fragment
from app.components.messages import grouped
from app.services.models import prefetch
from app.services.studies import Task

WAIT = 0.3  # seconds for an estimate that is not known yet, before the page goes on without it


def show_estimate(tasks: Sequence[Task]) -> None:
    """Draw the number of jets and the time; it appears later where the model has to be tried first."""
    key = tuple(task.key for task in tasks)
    found = st.session_state.get("estimates")
    if found is None or found[0] != key:
        found = st.session_state["estimates"] = key, prefetch(_seconds, tasks)
    future = found[1]
    if future.done():
        _draw(tasks, future)
    else:
        fragment(_follow, run_every=WAIT)(tasks, future)


def _follow(tasks: Sequence[Task], future) -> None:
    if future.done():
        st.rerun()
    st.caption("Estimating …")


def _draw(tasks: Sequence[Task], future) -> None:
    seconds = None if future.cancelled() or future.exception() else future.result()
    if seconds is not None:
        jets = grouped(len(tasks[0].entries))
        st.caption(f"{jets} jet{'s' * (jets != '1')}, about {rough_duration(seconds)}")


def _seconds(tasks: Sequence[Task]) -> float | None:
    """Return about how long the tasks take together that have not been run."""
    estimates = [task.estimate() for task in tasks if task.can_run]
    known = [seconds for seconds in estimates if seconds is not None]
    return sum(known) if known and len(known) == len(estimates) else None
