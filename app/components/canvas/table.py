"""A table with coloured dots and a chosen row; a click on a row calls back with its number."""

from collections.abc import Callable

from app.components.canvas.canvas import canvas_component, on_click

_component = canvas_component("table")


def draw_table(payload: dict, key: str, on_row: Callable[[int], None]) -> None:
    """Draw a payload of `part.figures.canvas.table`; a click calls on_row with the row's number less one."""
    _component(data=payload, key=key, on_particle_change=on_click(key, on_row))
