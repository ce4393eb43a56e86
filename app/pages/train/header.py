"""The line on top of a run: what it is, how far it is, and what can be done with it."""

from pathlib import Path

import streamlit as st

from app.components.messages import line, refuse
from app.pages.train.listing import COLOURS
from app.services import runs as training
from app.services.runs import Progress, Run
from app.state import selection as session
from app.state.selection import change, complain

EXPLORE = Path(__file__).parents[1] / "explore" / "page.py"


def complaint() -> None:
    """What was refused, if anything was."""
    if sentence := session.complaint():
        refuse(sentence)


def head(run: Run) -> None:
    """The line with its buttons; then why it failed, or how far it is."""
    about = " · ".join((run.plan["model"], run.plan["dataset"], f"{run.plan['features']} inputs"))
    with st.container(horizontal=True, vertical_alignment="center", key="run_line"):
        markup = '<div class="jet"><b>{}</b><span>{}</span><i class="state" style="background:{}">{}</i></div>'
        line(markup, run.name, about, COLOURS[run.state], run.state)
        if run.can_stop:
            about = "It finishes the step it is at; what is done of the epoch is lost, and Resume begins it again."
            st.button("Stop", key="stop", on_click=_stop, args=(run,), help=about, disabled=run.state == "stopping")
        if run.can_resume:
            st.button(
                "Resume",
                key="resume",
                on_click=_resume,
                args=(run,),
                help="Go on after the last whole epoch, or begin anew",
            )
        if run.checkpoint and st.button("Open in Explore", key="open_run", help="As it is after its last whole epoch"):
            change(models=(training.checkpoint_name(run),))
            st.switch_page(EXPLORE)
    if run.state == "failed":
        refuse(run.reason or "It ended without a word.")
    known = training.progress(run)
    st.progress(min(max(known.share, 0.0), 1.0), text=_sentence(run, known))


def _stop(run: Run) -> None:
    _try(training.stop, run)


def _resume(run: Run) -> None:
    _try(training.resume, run)


def _try(act, run: Run) -> None:
    try:
        act(training.again(run))
        change()
    except training.BadInput as error:
        complain(str(error))


def _sentence(run: Run, known: Progress) -> str:
    if run.active and not run.done and not known.within:
        return "Reading the jets, then the first steps"
    parts = [f"{run.done} of {run.epochs} epochs done"]
    if run.active and run.done < run.epochs:
        parts = [f"Epoch {known.epoch} of {run.epochs}, {100 * known.within:.0f} %"]
    if known.jets_per_second:
        rate = f"{known.jets_per_second:,.0f}".replace(",", " ")
        parts.append(f"{rate} jets/s")
    if known.seconds_left:
        parts.append(f"{_duration(known.seconds_left)} left")
    elif seconds := run.training.get("seconds"):
        parts.append(f"{_duration(seconds)} of training")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
