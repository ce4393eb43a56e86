"""A table with coloured dots and a chosen row; a click on a row calls back with its number."""

from collections.abc import Callable

import streamlit as st

from app.components.canvas.canvas import asset, on_click, script

_component = st.components.v2.component(
    "partscope_table", html=asset("table.html"), css=asset("table.css"), js=script("table.js")
)


def draw_table(payload: dict, key: str, on_row: Callable[[int], None]) -> None:
    """Draw a payload of `services.canvas.table`; a click calls on_row with the row's number less one."""
    _component(data=payload, key=key, on_particle_change=on_click(key, on_row))
