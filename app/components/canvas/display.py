"""The jet in the η-φ plane with attention as edges, as SVG; a click chooses a constituent."""

from collections.abc import Callable

from app.components.canvas.canvas import canvas_component, on_click

_component = canvas_component("display")


def draw_display(payload: dict, key: str, on_particle: Callable[[int], None]) -> None:
    """Draw a payload of `part.figures.canvas.display`; a click calls on_particle with the index in the file."""
    _component(data=payload, key=key, on_particle_change=on_click(key, on_particle))
