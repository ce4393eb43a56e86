"""Draw any figure, and find the constituent that a click in it chooses."""

from collections.abc import Sequence

import plotly.graph_objects as go

from part.errors import PartError
from part.figures.data import FigureData
from part.figures.display import Display
from part.figures.heatmaps import ClassRows, Matrix, Mosaic
from part.figures.palette import get_theme
from part.figures.plotly.display import draw_display
from part.figures.plotly.heatmaps import draw_class, draw_matrix, draw_mosaic
from part.figures.plotly.prediction import draw_prediction
from part.figures.prediction import Prediction


def draw_plotly(
    data: FigureData,
    theme: str = "light",
    height: int = 380,
    accent: str | None = None,
    background: str | None = None,
) -> go.Figure:
    """Draw a figure for the screen.

    Parameters
    ----------
    data : figure data
        What `part.figures.figure_data` returned.
    theme : str
        "light" or "dark".
    height : int
        Pixels; the figure is as wide as its container, which should have 350 px.
    accent : str, optional
        The model's colour "#rrggbb" for bars, edges and the chosen constituent, by default the theme's.
    background : str, optional
        By default transparent.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    page = get_theme(theme)
    accent_or_default = accent or page.accent
    match data:
        case Matrix():
            return draw_matrix(data, page, height, accent_or_default, background)
        case Mosaic():
            return draw_mosaic(data, page, height, accent_or_default, background)
        case ClassRows():
            return draw_class(data, page, height, accent_or_default, background)
        case Display():
            return draw_display(data, page, height, accent, background)
        case Prediction():
            return draw_prediction(data, page, height, accent_or_default, background)
    raise PartError(f"There is no drawing of a {type(data).__name__}.")


def clicked_constituent(data: FigureData, points: Sequence[dict]) -> int | None:
    """Find the constituent that a click in a figure chooses.

    Parameters
    ----------
    data : figure data
        What was drawn.
    points : sequence of dict
        The points of plotly's selection, each with "x" and "y", and "customdata" in a display.

    Returns
    -------
    int or None
        The constituent in file order: the row of a matrix, the column of class rows, a particle or the query of an
        edge in a display. None if the click hit no constituent.
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
