"""The payload of one attention head, over particles or over slots."""

from part.figures.canvas.matrix import matrix_payload
from part.figures.canvas.slots import slots_payload
from part.figures.heatmaps import Matrix, make_heatmap
from part.figures.jet_view import JetView
from part.figures.view import View


def head_payload(
    jet_view: JetView,
    view: View,
    limits: tuple[float, float] | None,
    caption: str,
    theme: str,
    painted: str,
) -> bytes:
    """Return what the canvas of the view's head draws.

    Parameters
    ----------
    jet_view, view, limits
        See `figure_data`.
    caption : str
        The line above, in which {quantity} stands for the quantity's title.
    theme : str
        "light" or "dark".
    painted : str
        What the canvas reports as drawn.
    """
    data = make_heatmap(Matrix, jet_view, view, limits)
    payload = slots_payload if jet_view.attends_to_slots else matrix_payload
    return payload(data, caption.format(quantity=data.quantity_title), theme, painted)
