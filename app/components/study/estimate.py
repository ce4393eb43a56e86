"""About how long Run will take, beside its button."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

import streamlit as st

from app.components.durations import rough_duration
from app.components.guard import fragment
from app.components.messages import grouped
from app.services.models import prefetch
from app.services.studies import Task
from app.state import session

WAIT = 0.3  # seconds for an estimate that is not known yet, before the page goes on without it


def show_estimate(tasks: Sequence[Task]) -> None:
    """Draw the number of jets and the time that tasks take together which have not been run."""
    show_wait(tuple(task.key for task in tasks), len(tasks[0].entries), partial(_seconds, tasks))


def show_wait(key: tuple, jets: int, seconds: Callable[[], float | None]) -> None:
    """Draw the number of jets, unless it is 0, and the time; this appears later where models have to be tried first.

    Parameters
    ----------
    key : tuple
        What the work is found by.
    jets : int
        How many it takes.
    seconds : callable
        Returns about how long it takes, None where nothing tells.
    """
    found = st.session_state.get("estimates")
    if found is None or found[0] != key:
        found = st.session_state["estimates"] = key, prefetch(seconds)
    future = found[1]
    if future.done():
        _draw(jets, future)
    else:
        fragment(_follow, run_every=WAIT)(future)


def _follow(future: Future) -> None:
    if future.done():
        session.rerun()
    st.caption("Estimating …")


def _draw(jets: int, future: Future) -> None:
    seconds = None if future.cancelled() or future.exception() else future.result()
    if seconds is not None:
        counted = f"{grouped(jets)} jet{'s' * (jets != 1)}, about" if jets else "About"
        st.caption(f"{counted} {rough_duration(seconds)}")


def _seconds(tasks: Sequence[Task]) -> float | None:
    """Return about how long the tasks take together that have not been run."""
    estimates = [task.estimate() for task in tasks if task.can_run]
    known = [seconds for seconds in estimates if seconds is not None]
    return sum(known) if known and len(known) == len(estimates) else None
