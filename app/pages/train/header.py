"""The line above a run: its model and state, how far it is, and the buttons that control it."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.components.durations import duration
from app.components.messages import grouped, line, show_error
from app.pages.train.listing import COLOURS
from app.pages.train.state import TrainState
from app.services import runs, shipped_runs
from app.services.library import PartError
from app.services.runs import Run, RunProgress
from app.state import session
from app.state.selection import JetSelection

EXPLORE = Path(__file__).parents[1] / "explore" / "page.py"
STOP_HELP = "It finishes its present step. What is done of the epoch is lost, and Resume begins the epoch again."
RESUME_HELP = "Continue after the last finished epoch, or from the start if there is none"
OPEN_HELP = "The model after its last finished epoch"


def header(run: Run) -> None:
    """Draw the line with its buttons, then why the run failed, and how far it is."""
    state = shipped_runs.state(run)
    about = " · ".join((run.config["model"], run.config["dataset"], f"{run.config['features']} inputs"))
    with st.container(horizontal=True, vertical_alignment="center", key="run_line"):
        markup = '<div class="jet"><b>{}</b><span>{}</span><i class="state" style="background:{}">{}</i></div>'
        line(markup, run.name, about, COLOURS[state], state)
        if run.can_stop:
            is_stopping = run.state == "stopping"
            st.button("Stop", key="stop", on_click=_try, args=(runs.stop, run), help=STOP_HELP, disabled=is_stopping)
        if run.can_resume:
            st.button("Resume", key="resume", on_click=_try, args=(runs.resume, run), help=RESUME_HELP)
        if run.checkpoint or shipped_runs.is_checkpoint(run):
            name = run.name if shipped_runs.is_checkpoint(run) else runs.checkpoint_name(run)
            choices = session.choices_with(JetSelection, models=(name,))
            with st.container(key="open_run", width="content"):
                st.page_link(EXPLORE, label="Open in Explore", help=OPEN_HELP, query_params=choices)
    if run.state == "failed":
        show_error(run.reason or "It ended without any output.")
    if shipped_runs.is_checkpoint(run):
        return
    progress = runs.run_progress(run)
    st.progress(min(max(progress.run_fraction, 0.0), 1.0), text=_summary(run, progress))


def _try(control: Callable[[Run], None], run: Run) -> None:
    try:
        control(runs.reload(run))
        session.update(TrainState)  # clears the error of the last action
    except PartError as error:
        session.set_error(str(error))


def _summary(run: Run, progress: RunProgress) -> str:
    if run.is_active and not run.epochs_done and not progress.epoch_fraction:
        return "Reading the jets, then the first steps"
    texts = [f"{run.epochs_done} of {run.epochs} epochs done"]
    if run.is_active and run.epochs_done < run.epochs:
        texts = [f"Epoch {progress.epoch} of {run.epochs}, {100 * progress.epoch_fraction:.0f} %"]
    if progress.jets_per_second:
        texts.append(f"{grouped(progress.jets_per_second)} jets/s")
    if progress.seconds_left:
        texts.append(f"{duration(progress.seconds_left)} left")
    elif seconds := run.training.get("seconds"):
        texts.append(f"{duration(seconds)} of training")
    return " · ".join(texts)
