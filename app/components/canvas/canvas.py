"""The canvas components, and the callback of a click."""

from collections.abc import Callable

import streamlit as st

from app.services.library import canvas_css, canvas_html, canvas_script


def canvas_component(kind: str) -> Callable:
    """Return the Streamlit component of a kind of canvas: "mosaic", "matrix", "slots", "display" or "table"."""
    return st.components.v2.component(
        f"partscope_{kind}", html=canvas_html(kind), css=canvas_css(kind), js=canvas_script(kind)
    )


def on_click(key: str, on_particle: Callable[[int], None]) -> Callable[[], None]:
    """Return the callback of a component's trigger "particle", whose number counts from 1, as in the file."""

    def callback() -> None:
        number = st.session_state[key].particle
        if number:
            on_particle(int(number) - 1)

    return callback
