"""Figures for papers, in matplotlib: objects of their own, without pyplot's global state."""

import io

from matplotlib.figure import Figure

from part.errors import PartError
from part.figures.data import FigureData
from part.figures.display import Display
from part.figures.heatmaps import ClassRows, Matrix, Mosaic
from part.figures.matplotlib.display import draw_display
from part.figures.matplotlib.heatmaps import draw_class, draw_matrix, draw_mosaic
from part.figures.matplotlib.prediction import draw_prediction
from part.figures.matplotlib.style import style
from part.figures.prediction import Prediction
from part.figures.style import COLUMN

NARROWEST, WIDEST = 2.4, 12.0


def draw_paper(data: FigureData, width: float = COLUMN) -> Figure:
    """The figure, `width` inches wide; PartError if that is too narrow or too wide."""
    if not NARROWEST <= width <= WIDEST:
        raise PartError(f"The width is {width:g} inches; expected {NARROWEST:g} to {WIDEST:g}.")
    with style():
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


def save_paper(figure: Figure, kind: str, metadata: dict[str, str], dpi: int = 300) -> bytes:
    """The figure as "png", "svg" or "pdf"; heatmaps in the latter have 600 dots per inch.

    metadata: what the kind of file has room for, such as Title. No date, so that a figure can be compared.
    """
    if kind != "png":
        metadata = {"CreationDate" if kind == "pdf" else "Date": None} | metadata
        dpi = 600
    out = io.BytesIO()
    with style():
        figure.savefig(out, format=kind, dpi=dpi, metadata=metadata)
    return out.getvalue()
