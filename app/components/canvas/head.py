"""One attention head as a canvas with hover: over particles or over slots; a click chooses a query."""

from collections.abc import Callable

from app.components.canvas.canvas import canvas_component, on_click
from app.services.library import JetView, View, head_payload

_COMPONENTS = {kind: canvas_component(kind) for kind in ("matrix", "slots")}


def canvas_kind(jet_view: JetView) -> str:
    """Return which of the two canvases shows a head of this model; a key of one cannot be used for the other."""
    return "slots" if jet_view.attends_to_slots else "matrix"


def draw_head(
    jet_view: JetView,
    view: View,
    key: str,
    painted: str,
    theme: str,
    on_particle: Callable[[int], None],
    limits: tuple[float, float] | None = None,
    caption: str | None = None,
) -> None:
    """Draw the view's head.

    Parameters
    ----------
    jet_view, view, limits
        What is shown, as `figure_data` takes it.
    key : str
        The component's key; it differs by `canvas_kind`.
    painted : str
        What the canvas reports once it is drawn.
    theme : str
        "light" or "dark".
    on_particle : callable
        Receives the index in the file of the query that is clicked.
    caption : str, optional
        In place of the head's name and quantity.
    """
    caption = caption or f"{view.title}: {{quantity}}"
    payload = head_payload(jet_view, view, limits, caption, theme, painted)
    _COMPONENTS[canvas_kind(jet_view)](data=payload, key=key, on_particle_change=on_click(key, on_particle))
