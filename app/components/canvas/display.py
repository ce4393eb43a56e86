"""The jet in the η-φ plane with attention as edges, as SVG; a click chooses a constituent."""

from collections.abc import Callable

import streamlit as st

from app.components.canvas.canvas import canvas_component, on_click

_component = canvas_component("display")
Zoom = tuple[float, float, float] | None


def draw_display(
    payload: dict, key: str, on_particle: Callable[[int], None], on_zoom: Callable[[Zoom], None] | None = None
) -> None:
    """Draw a payload of `part.figures.canvas.display`.

    A click calls on_particle with the index in the file. Where the payload says the zoom, a zoom calls on_zoom with
    Δη, Δφ and half a side of the square, or None.
    """

    def zoomed() -> None:
        square = st.session_state[key].zoom
        if on_zoom is not None and square is not None:
            on_zoom((float(square[0]), float(square[1]), float(square[2])) if square else None)

    more = {"on_zoom_change": zoomed} if on_zoom else {}
    _component(data=payload, key=key, on_particle_change=on_click(key, on_particle), **more)
