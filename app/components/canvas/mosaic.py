"""All heads of a model as a canvas; a click chooses one."""

from collections.abc import Callable

import streamlit as st

from app.components.canvas.canvas import canvas_component

_component = canvas_component("mosaic")


def draw_mosaic(pixels: bytes, key: str, on_head: Callable[[int, int], None]) -> None:
    """Draw the pixels of `services.figures.mosaic_pixels`; a click calls on_head(layer, head), which count from 0."""

    def callback() -> None:
        clicked = st.session_state[key].head
        if clicked:
            on_head(int(clicked["layer"]), int(clicked["head"]))

    _component(data=pixels, key=key, on_head_change=callback)
