"""The drawings of a report's pictures, as matplotlib figures and as SVG."""

import re
from collections.abc import Callable
from typing import Any

from part.figures.charts import Chart
from part.figures.matplotlib import draw_matplotlib, figure_bytes
from part.figures.matplotlib.charts import draw_chart
from part.report.content import Picture

HEATMAP_DPI = 300


Drawn = Callable[[Picture, str], None]  # receives a picture once it is drawn, with its SVG


def ignore(picture: Picture, text: str) -> None:
    """Do nothing with a picture that is drawn."""


def draw(picture: Picture) -> Any:
    """Return the matplotlib figure of a picture."""
    if isinstance(picture.data, Chart):
        return draw_chart(picture.data, picture.width)
    return draw_matplotlib(picture.data, picture.width)


def pdf(picture: Picture) -> bytes:
    """Return a picture as PDF."""
    return figure_bytes(draw(picture), "pdf", {"Title": picture.data.title}, heatmap_dpi=HEATMAP_DPI)


def svg(picture: Picture) -> tuple[str, float]:
    """Return the SVG of a picture, without a background of its own, and its width in inches."""
    figure = draw(picture)
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    text = figure_bytes(figure, "svg", {"Title": picture.data.title}, heatmap_dpi=HEATMAP_DPI).decode()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return text[text.index("<svg") :], float(figure.get_size_inches()[0])
