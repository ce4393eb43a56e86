"""The jet in the η-φ plane with attention as edges, as SVG; a click chooses a constituent."""

from collections.abc import Callable

import streamlit as st

from app.components.canvas.canvas import asset, on_click, script

_component = st.components.v2.component(
    "partscope_display",
    html=asset("display.html"),
    css=asset("display.css") + asset("tip.css"),
    js=script("display.js"),
)


def draw_display(payload: dict, key: str, on_particle: Callable[[int], None]) -> None:
    """Draw a payload of `services.canvas.display`; a click calls on_particle with the index in the file."""
    _component(data=payload, key=key, on_particle_change=on_click(key, on_particle))
