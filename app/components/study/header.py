"""The line on top of a study: which jets it takes, the button that starts it, and its results as files."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.components.guard import callback
from app.components.messages import grouped, line, plain
from app.components.study.context import StudyContext
from app.components.study.estimate import show_estimate
from app.components.titles import model_title
from app.components.toolbar import file_title
from app.services import studies
from app.services.studies import Task
from app.state import session
from app.state.resolve import ResolvedSelection
from app.state.selection import MAX_JETS, StudyState

KINDS = {"json": "JSON", "csv": "CSV", "npz": "NPZ"}


def study_header(title: str, question: str, context: StudyContext) -> None:
    """Draw the line; Run starts the context's tasks one after the other, and is disabled if there are none."""
    with st.container(horizontal=True, vertical_alignment="center", key="study_line"):
        n = context.state.n_studied
        choose_jets(title, context.resolved, StudyState, "n_studied", n, step=100, question=question)
        run_and_export(context)


def choose_jets(
    title: str,
    resolved: ResolvedSelection,
    state_class: type,
    field: str,
    requested: int,
    step: int,
    remark: str = "",
    question: str = "",
) -> None:
    """Say which jets the page is about, with the widget for their number.

    Parameters
    ----------
    title : str
        The page's title.
    resolved : ResolvedSelection
        Its candidates are the jets.
    state_class, field, requested
        Where the number is kept, and its value.
    step : int
        The step of the widget.
    remark : str
        Appended to the sentence.
    question : str
        What the page answers.
    """
    n_candidates = len(resolved.candidates)
    n = min(requested, n_candidates)
    passing = "" if n_candidates == len(resolved.sample) else " that pass"
    if resolved.filters:
        passing += f" with {', '.join(chosen.description for chosen in resolved.filters)}"
    text = f"the first {grouped(n)} of {grouped(n_candidates)} jets{passing}{remark} · {file_title(resolved.file)}"
    line('<div class="jet"><b>{}</b><i>{}</i><span>{}</span></div>', title, question, text)
    most = max(min(n_candidates, MAX_JETS), 1)
    st.number_input(
        "Number of jets",
        1,
        most,
        step=step,
        label_visibility="collapsed",
        width=130,
        **session.bind_widget(state_class, field, max(min(n, most), 1)),
    )


def run_and_export(context: StudyContext) -> None:
    """Draw Run, unless all is done, and the results that can be downloaded."""
    tasks = context.tasks
    if not tasks or any(task.can_run for task in tasks):
        st.button("Run", key="run", on_click=_start, args=(tasks,), type="primary", disabled=not tasks)
        if tasks and not any(task.job and task.job.is_running for task in tasks):
            with st.container(key="estimate", width="content"):
                show_estimate(tasks)
    if finished := [task for task in tasks if task.result is not None]:
        _exports(context, finished)


@callback
def _start(tasks: Sequence[Task]) -> None:
    for task in tasks:
        task.start()


def _exports(context: StudyContext, finished: Sequence[Task]) -> None:
    shown_name = file_title(context.file)
    with st.popover("Export", key="export"):
        for number, task in enumerate(finished):
            st.caption(plain(model_title(task.name)))
            with st.container(horizontal=True):
                for kind, label in KINDS.items():
                    st.download_button(
                        label,
                        data=partial(studies.export, task, shown_name, kind, context.resolved.filter_texts),
                        file_name=f"{task.name}.{kind}",
                        key=f"export_{number}_{kind}",
                        on_click="ignore",
                    )
