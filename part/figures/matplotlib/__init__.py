"""Draw figures for papers with matplotlib, without pyplot's global state. Imports the figures' data and style."""

import io
from collections.abc import Sequence

from matplotlib.figure import Figure

from part.errors import PartError
from part.figures.data import FigureData
from part.figures.display import Display
from part.figures.heatmaps import ClassRows, Matrix, Mosaic
from part.figures.matplotlib.display import draw_display
from part.figures.matplotlib.heatmaps import draw_class, draw_matrix, draw_mosaic
from part.figures.matplotlib.panels import draw_panels
from part.figures.matplotlib.prediction import draw_prediction
from part.figures.matplotlib.style import publication_style
from part.figures.prediction import Prediction
from part.figures.style import COLUMN, TWO_COLUMNS

MIN_WIDTH, MAX_WIDTH = 2.4, 12.0  # inches


def draw_matplotlib(data: FigureData, width: float = COLUMN) -> Figure:
    """Draw a figure for a paper.

    Parameters
    ----------
    data : figure data
        What `part.figures.figure_data` returned.
    width : float
        Inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    PartError
        If the width is below `MIN_WIDTH` or above `MAX_WIDTH`.
    """
    _check_width(width)
    with publication_style():
        match data:
            case Matrix():
                return draw_matrix(data, width)
            case Mosaic():
                return draw_mosaic(data, width)
            case ClassRows():
                return draw_class(data, width)
            case Display():
                return draw_display(data, width)
            case Prediction():
                return draw_prediction(data, width)
    raise PartError(f"There is no drawing of a {type(data).__name__}.")


def chart_metadata(title: str, sentence: str, kind: str) -> dict[str, str]:
    """Return the entries of a chart's file, "png", "svg" or "pdf": its title, and what it shows if that is said."""
    return {"Title": title} | ({"Subject" if kind == "pdf" else "Description": sentence} if sentence else {})


def draw_models(figures: Sequence[FigureData], width: float = TWO_COLUMNS) -> Figure:
    """Draw the same figure of several models as panels, with one colour bar or one legend; see `draw_panels`."""
    _check_width(width)
    with publication_style():
        return draw_panels(figures, width)


def _check_width(width: float) -> None:
    if not MIN_WIDTH <= width <= MAX_WIDTH:
        raise PartError(f"The width is {width:g} inches; expected {MIN_WIDTH:g} to {MAX_WIDTH:g}.")


def figure_bytes(figure: Figure, kind: str, metadata: dict[str, str], dpi: int = 300, heatmap_dpi: int = 600) -> bytes:
    """Return a figure as the content of a file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    kind : str
        "png", "svg" or "pdf".
    metadata : dict of str
        Entries that the kind of file supports, such as Title. The date is left out, so that the same figure gives
        the same file.
    dpi, heatmap_dpi : int
        Dots per inch of a png, and of heatmaps in the other kinds.

    Returns
    -------
    bytes
    """
    entries: dict[str, str | None] = dict(metadata)
    if kind != "png":
        entries = {"CreationDate" if kind == "pdf" else "Date": None} | entries
        dpi = heatmap_dpi
    out = io.BytesIO()
    with publication_style():
        figure.savefig(out, format=kind, dpi=dpi, metadata=entries)
    return out.getvalue()
