"""Train: start, watch and stop runs. A run is a process of its own; this page only reads what it writes."""

from pathlib import Path

import streamlit as st

from app.components.guard import fragment
from app.components.messages import caption, line, note, show_errors
from app.components.theme import theme_name
from app.pages.train.about import about
from app.pages.train.attention import attention
from app.pages.train.charts import charts
from app.pages.train.choice import outline_of, resolve
from app.pages.train.example import example
from app.pages.train.form import form
from app.pages.train.header import header
from app.pages.train.listing import listing
from app.pages.train.record import record
from app.services import shipped_runs
from app.services.library import left_out_sentence
from app.state import session

STYLE = Path(__file__).with_name("style.css")
REFRESH = 2.0  # seconds between two readings of active runs


def render() -> None:
    st.html(STYLE)
    session.load()
    all_runs, chosen, left_out = resolve()
    is_busy = any(run.is_active for run in all_runs)
    left, right = st.columns((0.41, 0.59), gap="medium")
    with left:
        own = sum(not shipped_runs.is_shipped(run) for run in all_runs)
        counts = f"{own} run{'s' * (own != 1)} of yours, {len(all_runs) - own} that come with the project"
        line('<div class="jet"><b>Train</b><span>{}</span></div>', counts)
        if all_runs:
            with st.container(key="run_list"):
                fragment(_list, run_every=REFRESH if is_busy else None)(outline_of(all_runs, chosen))
        with st.container(key="new_run"):
            caption(left_out_sentence(left_out))
            example(is_busy)
            with st.expander("New run"):
                form(is_busy)
    with right:
        if chosen:
            fragment(_watch, run_every=REFRESH if chosen.is_active else None)(chosen.is_active)
        else:
            show_errors(session.get_error())
            note("There is no run yet. Start one on the left: it continues when this page or the app is closed.")


def _list(outline: tuple[str | None, set[tuple[str, str]]]) -> None:
    """Draw the list of runs; the whole page runs again if one was chosen, began or ended."""
    session.load(from_url=False)
    all_runs, chosen, _ = resolve()
    if chosen is None or outline_of(all_runs, chosen) != outline:
        session.rerun()
    listing(all_runs, chosen)


def _watch(is_active: bool) -> None:
    """Draw the chosen run, again and again while it is active."""
    session.load(from_url=False)
    _, chosen, _ = resolve()
    if chosen is None or chosen.is_active != is_active:
        session.rerun()
    theme = theme_name()
    show_errors(session.get_error())
    header(chosen)
    if shipped_runs.is_checkpoint(chosen):
        record(chosen, theme)
    else:
        charts(chosen, theme)
        attention(chosen, theme)
    about(chosen)


render()
