"""The progress of jobs, the button that cancels them, and the reasons of failures."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.components.guard import fragment
from app.services.jobs import Job
from app.services.library import PartError


@partial(fragment, run_every=0.5)
def show_progress(jobs: Sequence[Job | None]) -> None:
    """Follow jobs; the whole page runs again when they end."""
    running = [job for job in jobs if job and job.is_running]
    if not running:
        st.rerun()
    fraction = sum(1.0 if job.result is not None else job.fraction for job in jobs if job) / len(jobs)
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(fraction, text=running[0].stage)
        st.button("Cancel", key="cancel", on_click=_cancel, args=(running,))
    st.caption("It goes on while you look at something else, also on another page.")


def _cancel(running: Sequence[Job]) -> None:
    for job in running:
        job.cancel()


def user_error(job: Job | None) -> PartError | None:
    """Return why a job failed, if it did."""
    return job.error if job else None
