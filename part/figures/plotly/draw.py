"""Which function draws which figure, and what a click in it means."""

from collections.abc import Sequence

import plotly.graph_objects as go

from part.figures.data import FigureData
from part.figures.display import Display
from part.figures.heatmaps import ClassRows, Matrix, Mosaic
from part.figures.plotly.display import draw_display
from part.figures.plotly.heatmaps import draw_class, draw_matrix, draw_mosaic
from part.figures.plotly.prediction import draw_prediction
from part.figures.plotly.theme import theme as theme_named
from part.figures.prediction import Prediction


def draw_screen(
    data: FigureData,
    theme: str = "light",
    height: int = 380,
    accent: str | None = None,
    background: str | None = None,
) -> go.Figure:
    """The figure, `height` px high and as wide as its place (350 px at least).

    theme: "light" or "dark". accent: "#rrggbb" of the model, for bars, edges and what is chosen.
    background: none, so that the page's shows, unless given.
    """
    look = theme_named(theme)
    chosen = accent or look.accent
    match data:
        case Matrix():
            return draw_matrix(data, look, height, chosen, background)
        case Mosaic():
            return draw_mosaic(data, look, height, chosen, background)
        case ClassRows():
            return draw_class(data, look, height, chosen, background)
        case Display():
            return draw_display(data, look, height, accent, background)
        case Prediction():
            return draw_prediction(data, look, height, chosen, background)


def picked(data: FigureData, points: Sequence[dict]) -> int | None:
    """The constituent (in file order) that a click in a figure meant; None if nothing or no constituent.

    points: the selection's, each with "x" and "y". A row of a matrix, a column of class rows, a
    particle or the query of an edge in a display.
    """
    if not points:
        return None
    match data:
        case Matrix():
            return int(data.order[round(points[0]["y"])])
        case ClassRows():
            position = round(points[0]["x"]) - 1
            return int(data.order[position]) if position >= 0 else None
        case Display():
            number = points[0].get("customdata", [None])[0]
            return None if number is None else int(number) - 1
    return None
