"""The button that starts a small training on the shipped jets."""

import streamlit as st

from app.components.guard import callback
from app.pages.train.state import TrainState
from app.services import runs, shipped_runs
from app.state import session

ABOUT = (
    "Trains a ParT of 2 layers from random weights on 1,600 shipped top and QCD jets and validates it on 400 others: 6 "
    "epochs, one to two minutes on two cores. It shows how attention forms, not how good a ParT can be: 400 jets tell "
    "an accuracy to 1.5 points, and published trainings see 1,000 times as many jets."
)


def example(is_busy: bool) -> None:
    """Draw the button and what it does.

    Parameters
    ----------
    is_busy : bool
        Whether a run is active, beside which no example starts.
    """
    reason = runs.unavailable_reason()
    st.button(
        "Train an example",
        key="start_example",
        type="primary",
        on_click=_start,
        disabled=bool(reason) or is_busy,
        help=reason or None,
    )
    st.caption(ABOUT)


@callback
def _start() -> None:
    session.update(TrainState, run=shipped_runs.start_example().name)
