"""The way from a click on a page to Explore."""

from pathlib import Path
from typing import Any

import streamlit as st

from app.state import session
from app.state.selection import JetSelection

EXPLORE = Path(__file__).parents[2] / "pages" / "explore" / "page.py"


def open_in_explore(**choices: Any) -> None:
    """Let the run that follows a callback open Explore, with some of the shared choices replaced."""
    st.session_state["to_explore"] = choices


def go_to_explore() -> None:
    """Open Explore if a click asked for it, at the beginning of a run of a page; the page that is left is unchanged."""
    if (choices := st.session_state.pop("to_explore", None)) is not None:
        st.switch_page(EXPLORE, query_params=session.choices_with(JetSelection, **choices))
