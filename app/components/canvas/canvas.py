"""The files of the canvas components, and the callback of a click."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent


def asset(name: str) -> str:
    """Return the text of a file in this folder."""
    return (_HERE / name).read_text(encoding="utf-8")


def script(name: str) -> str:
    """Return a component's JavaScript, preceded by the helpers that all of them share."""
    return asset("shared.js") + asset(name)


def on_click(key: str, on_particle: Callable[[int], None]) -> Callable[[], None]:
    """Return the callback of a component's trigger "particle", whose number counts from 1, as in the file."""

    def callback() -> None:
        number = st.session_state[key].particle
        if number:
            on_particle(int(number) - 1)

    return callback
