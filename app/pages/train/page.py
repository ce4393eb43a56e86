"""Train: start, watch and stop runs. A run is a process of its own; this page only reads what it writes."""

from pathlib import Path

import streamlit as st

from app.components.messages import line, note, show_errors
from app.components.theme import theme_name
from app.pages.train.about import about
from app.pages.train.attention import attention
from app.pages.train.charts import charts
from app.pages.train.form import form
from app.pages.train.header import header
from app.pages.train.listing import listing
from app.pages.train.state import TrainState
from app.services import runs
from app.state import session

STYLE = Path(__file__).with_name("style.css")
REFRESH = 2.0  # seconds between two readings of active runs


def render() -> None:
    st.html(STYLE)
    all_runs, chosen = _resolve()
    is_busy = any(run.is_active for run in all_runs)
    left, right = st.columns((0.365, 0.635), gap="medium")
    with left:
        line('<div class="jet"><b>Train</b><span>{}</span></div>', f"{len(all_runs)} run{'s' * (len(all_runs) != 1)}")
        if all_runs:
            st.fragment(_list, run_every=REFRESH if is_busy else None)(_outline(all_runs, chosen))
        with st.expander("New run", expanded=not all_runs):
            form(is_busy)
    with right:
        if chosen:
            st.fragment(_watch, run_every=REFRESH if chosen.is_active else None)(chosen.is_active)
        else:
            show_errors(session.get_error())
            note("There is no run yet. Start one on the left: it continues when this page or the app is closed.")


def _resolve() -> tuple[list[runs.Run], runs.Run | None]:
    """Return all runs, and the requested one or the first, which the session and the URL then name."""
    session.load()
    all_runs, requested = runs.list_runs(), session.read(TrainState).run
    chosen = next((run for run in all_runs if run.name == requested), None)
    if requested and not chosen and all_runs:
        session.set_error(f"There is no run {requested[:100]}; this is another one.")
    chosen = chosen or (all_runs[0] if all_runs else None)
    session.store(TrainState(chosen.name if chosen else ""))
    return all_runs, chosen


def _outline(all_runs: list[runs.Run], chosen: runs.Run | None) -> tuple[str | None, set[tuple[str, str]]]:
    """Return what the layout of the whole page depends on."""
    return chosen and chosen.name, {(run.name, run.state) for run in all_runs}


def _list(outline: tuple[str | None, set[tuple[str, str]]]) -> None:
    """Draw the list of runs; the whole page runs again if one was chosen, began or ended."""
    all_runs, chosen = _resolve()
    if chosen is None or _outline(all_runs, chosen) != outline:
        st.rerun()
    listing(all_runs, chosen)


def _watch(is_active: bool) -> None:
    """Draw the chosen run, again and again while it is active."""
    _, chosen = _resolve()
    if chosen is None or chosen.is_active != is_active:
        st.rerun()
    theme = theme_name()
    show_errors(session.get_error())
    header(chosen)
    charts(chosen, theme)
    attention(chosen, theme)
    about(chosen)


render()
