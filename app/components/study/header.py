"""The line on top of a study: what is studied, on how many jets, the button that starts it; and how far it is."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.components.messages import line
from app.services import studies as studying
from app.services.jobs import Job
from app.services.studies import Task
from app.state.resolve import Choice
from app.state.selection import MAX_COMPARED, adopt, mirror

KINDS = {"json": "JSON", "csv": "CSV", "npz": "NPZ"}


def head(title: str, choice: Choice, tasks: Sequence[Task]) -> None:
    """tasks: what Run starts, one after the other; with none there is nothing to run."""
    with st.container(horizontal=True, vertical_alignment="center", key="study_line"):
        first_jets(title, choice, "studied", 100)
        buttons(choice, tasks)


def first_jets(title: str, choice: Choice, field: str, step: int, further: str = "") -> None:
    """Which jets the page is about, and the number of them; field: of the Selection that holds it."""
    names = st.session_state.get("upload_names", {})
    count = min(getattr(choice.selection, field), len(choice.candidates))
    jets = f"{count:,} of {len(choice.candidates):,}".replace(",", " ")
    passing = "" if len(choice.candidates) == len(choice.sample) else " that pass"
    told = f"the first {jets} jets{passing}{further} · {names.get(choice.file.name, choice.file.name)}"
    line('<div class="jet"><b>{}</b><span>{}</span></div>', title, told)
    most = max(min(len(choice.candidates), MAX_COMPARED), 1)
    st.number_input(
        "How many jets",
        1,
        most,
        key=mirror(field, max(min(count, most), 1)),
        on_change=adopt,
        args=(field,),
        step=step,
        label_visibility="collapsed",
        width=130,
    )


def buttons(choice: Choice, tasks: Sequence[Task]) -> None:
    """Run, unless all is done, and what is done to take along."""
    if not tasks or any(task.job is None or task.job.error for task in tasks):
        st.button("Run", key="run", on_click=_start, args=(tasks,), type="primary", disabled=not tasks)
    if finished := [task for task in tasks if task.job and task.job.result]:
        _exports(choice, finished)


def _start(tasks: Sequence[Task]) -> None:
    for task in tasks:
        task.start()


def _exports(choice: Choice, finished: Sequence[Task]) -> None:
    shown = st.session_state.get("upload_names", {}).get(choice.file.name, choice.file.name)
    with st.popover("Export", key="export"):
        for number, task in enumerate(finished):
            st.caption(task.name)
            with st.container(horizontal=True):
                for kind, label in KINDS.items():
                    st.download_button(
                        label,
                        data=partial(studying.export, task, task.job.result, shown, kind),
                        file_name=f"{task.name}.{kind}",
                        key=f"export_{number}_{kind}",
                        on_click="ignore",
                    )


@st.fragment(run_every=0.5)
def progress(jobs: Sequence[Job | None]) -> None:
    """Follow the work; the whole page comes again when it ends."""
    running = [job for job in jobs if job and job.running]
    if not running:
        st.rerun()
    share = sum(job.share for job in jobs if job) / len(jobs)
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(share, text=running[0].stage)
        st.button("Cancel", key="cancel", on_click=_cancel, args=(running,))
    st.caption("It goes on while you look at something else, also on another page.")


def _cancel(running: Sequence[Job]) -> None:
    for job in running:
        job.cancel()
