"""All heads of a model as a canvas; a click chooses one."""

from collections.abc import Callable

import streamlit as st

from app.components.canvas.canvas import asset, script

_component = st.components.v2.component(
    "partscope_mosaic", html=asset("mosaic.html"), css=asset("mosaic.css"), js=script("mosaic.js")
)


def mosaic(pixels: bytes, key: str, on_head: Callable[[int, int], None]) -> None:
    """pixels: from `backend.mosaic_pixels`. on_head(layer, head), from 0, is called before the next run."""

    def clicked() -> None:
        picked = st.session_state[key].head
        if picked:
            on_head(int(picked["layer"]), int(picked["head"]))

    _component(data=pixels, key=key, on_head_change=clicked)
