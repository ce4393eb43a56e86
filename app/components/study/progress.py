"""The progress of jobs, the button that cancels them, and the reasons of failures."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.components.durations import rough_duration
from app.components.guard import fragment
from app.components.messages import said
from app.services.jobs import Job
from app.services.library import PartError
from app.state import session


@partial(fragment, run_every=0.5)
def show_progress(jobs: Sequence[Job | None], keeps: bool = False) -> None:
    """Follow jobs; the whole page runs again when they end.

    Parameters
    ----------
    jobs : sequence of Job or None
        What is followed.
    keeps : bool
        Whether a job that is cancelled leaves the result of what is done.
    """
    running = [job for job in jobs if job and job.is_running]
    if not running:
        session.rerun()
    fraction = sum(1.0 if job.result is not None else job.fraction for job in jobs if job) / len(jobs)
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(fraction, text=said(_text(running[0])))
        is_stopping = any(job.is_cancelled for job in running)
        st.button("Cancel", key="cancel", on_click=_cancel, args=(running, keeps), disabled=is_stopping)
    after = "Cancel shows the result of the jets so far." if keeps else "Cancel leaves nothing."
    st.caption(f"It goes on while you look at something else, also on another page. {after}")


def _text(job: Job) -> str:
    if job.is_cancelled:
        return f"{job.stage} · stopping after these"
    left = job.seconds_left
    return job.stage if left is None else f"{job.stage} · about {rough_duration(left)} left"


def _cancel(running: Sequence[Job], keep: bool) -> None:
    for job in running:
        job.cancel(keep)


def user_error(job: Job | None) -> PartError | None:
    """Return why a job failed, if it did."""
    return job.error if job else None
