"""Train: start, watch and stop runs. A run is a process of its own; this page only reads what it writes."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from app.components.messages import line, note
from app.pages.train.about import about
from app.pages.train.attention import attention
from app.pages.train.charts import charts
from app.pages.train.form import form
from app.pages.train.header import complaint, head
from app.pages.train.listing import listing
from app.services import runs as training
from app.state import selection as session

PAGES = Path(__file__).parents[1]
EVERY = 2.0  # seconds between looks at what runs


def render() -> None:
    st.html(PAGES.parent / "train.css")
    runs, chosen = _choose()
    every = EVERY if any(run.active for run in runs) else None
    left, right = st.columns((0.365, 0.635), gap="medium")
    with left:
        line('<div class="jet"><b>Train</b><span>{}</span></div>', f"{len(runs)} run{'s' * (len(runs) != 1)}")
        if runs:
            st.fragment(_list, run_every=every)(_state(runs, chosen))
        with st.expander("New run", expanded=not runs):
            form(any(run.active for run in runs))
    with right:
        if chosen:
            st.fragment(_watch, run_every=every if chosen.active else None)(chosen.active)
        else:
            complaint()
            note("There is no run yet. Start one on the left: it goes on when this page is closed, and the app, too.")


def _choose() -> tuple[list[training.Run], training.Run | None]:
    """All runs, and the one that is asked for or the first; the session and the URL then say which."""
    runs, asked = training.list_runs(), session.load()
    chosen = next((run for run in runs if run.name == asked.run), None)
    if asked.run and not chosen and runs:
        session.complain(f"There is no run {asked.run[:100]}; this is another.")
    chosen = chosen or (runs[0] if runs else None)
    session.store(replace(asked, run=chosen.name if chosen else ""))
    return runs, chosen


def _state(runs: list[training.Run], chosen: training.Run | None) -> tuple:
    """What the whole page depends on."""
    return chosen and chosen.name, {(run.name, run.state) for run in runs}


def _list(before: tuple) -> None:
    """The list as it is now; the whole page comes again when a run is chosen, begins or ends."""
    runs, chosen = _choose()
    if _state(runs, chosen) != before or chosen is None:
        st.rerun()
    listing(runs, chosen)


def _watch(active: bool) -> None:
    """The chosen run, again and again while it runs."""
    _, chosen = _choose()
    if chosen is None or chosen.active != active:
        st.rerun()
    theme = st.context.theme.type or "light"
    complaint()
    head(chosen)
    charts(chosen, theme)
    attention(chosen, theme)
    about(chosen)


render()
