"""The one guard around pages, fragments and callbacks: what fails says so in its place, and stops nothing else."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import streamlit as st

from app.components.messages import show_error
from app.services.failures import sentence_on
from app.state import session


def guarded(draw: Callable[..., Any], report: Callable[[str], None] = show_error) -> Callable[..., Any]:
    """Return a function that draws what `draw` draws, or says that it failed.

    Parameters
    ----------
    draw : callable
        A page, a fragment or a callback.
    report : callable
        Takes the sentence: bad input in its own words, any other error as a number that the server's log explains.
    """

    @wraps(draw)
    def attempt(*args: Any, **kwargs: Any) -> Any:
        try:
            return draw(*args, **kwargs)
        except Exception as error:  # Streamlit's own control flow is no Exception
            report(sentence_on(error))

    return attempt


def fragment(draw: Callable[..., Any], run_every: float | None = None) -> Callable[..., Any]:
    """Return a guarded fragment, which Streamlit runs on its own."""
    return st.fragment(guarded(draw), run_every=run_every)


def callback(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a callback of a widget whose failure the page shows; usable as a decorator."""
    return guarded(function, session.set_error)
