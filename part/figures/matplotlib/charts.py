"""Draw charts of studies on paper."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from part.errors import PartError
from part.figures.axis_ranges import outer_edges
from part.figures.cell_texts import bar_title, cell_texts
from part.figures.charts import (
    Chart,
    Grid,
    HeadMap,
    Plane,
    Plot,
    Series,
    Surface,
    colour_limits,
)
from part.figures.flame import Flame
from part.figures.graph import Graph
from part.figures.matplotlib.flame import draw_flame
from part.figures.matplotlib.graph import draw_graph
from part.figures.matplotlib.plane import draw_plane
from part.figures.matplotlib.style import make_figure, publication_style, tex
from part.figures.palette import DARK_TEXT, LIGHT, LIGHT_TEXT, PAPER_FAINT, colormap, edge_colours, is_dark
from part.figures.style import COLUMN

LIMIT_LENGTH = 0.5  # of an arrow above a lower limit, relative to the limit
MIN_CELL = 0.3  # inches, the width that a number in a cell needs
TEXT_CELL = 0.55  # that of a few words


def draw_chart(chart: Chart, width: float = COLUMN) -> Figure:
    """Draw a chart for a paper.

    Parameters
    ----------
    chart : Chart
        One of the kinds in `part.figures.charts`.
    width : float
        Inches; the figure is wider where its cells need it.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    PartError
        If it is no chart.
    """
    with publication_style():
        match chart:
            case HeadMap():
                return _head_map(chart, width)
            case Grid():
                return _grid(chart, width)
            case Surface():
                return _surface(chart, width)
            case Plane():
                return draw_plane(*_figure(chart, width, 0.95 * width), chart)
            case Flame():
                return draw_flame(*_figure(chart, 2 * width, 0.9 * width), chart)
            case Graph():
                return draw_graph(*_figure(chart, 2.2 * width, 1.1 * width), chart)
            case Plot():
                return _plot(chart, width)
    raise PartError(f"There is no drawing of a {type(chart).__name__}.")


def _figure(chart: Chart, width: float, height: float) -> tuple[Any, Axes]:
    lines = textwrap.wrap(tex(chart.title), int(22 * width))
    figure = make_figure(width, height + 0.14 * len(lines))
    figure.suptitle("\n".join(lines), x=0.02, ha="left", fontsize=7)
    return figure, figure.add_subplot()


def _head_map(chart: HeadMap, width: float) -> Figure:
    layers, columns = chart.values.shape
    names = chart.columns or tuple(str(head + 1) for head in range(columns))
    cell = MIN_CELL if chart.texts is None else TEXT_CELL
    figure, axes = _cells(chart, max(width, cell * columns + 0.5), names, [str(i + 1) for i in range(layers)])
    axes.set_ylabel("Layer")
    if not chart.columns:
        axes.set_xlabel("Head")
    for layer, head in np.argwhere(chart.marked) if chart.marked is not None else ():
        axes.add_patch(Rectangle((head - 0.5, layer - 0.5), 1, 1, fill=False, linewidth=0.9))
    return figure


def _grid(chart: Grid, width: float) -> Figure:
    names = 0.06 * max(map(len, chart.rows))
    figure, axes = _cells(chart, max(width, MIN_CELL * len(chart.columns) + names + 0.4), chart.columns, chart.rows)
    axes.set_xlabel(tex(chart.column_title))
    axes.set_ylabel(tex(chart.row_title))
    if max(map(len, chart.columns)) * 0.055 > MIN_CELL:
        axes.tick_params(axis="x", labelrotation=90)
    return figure


def _cells(chart: HeadMap | Grid, width: float, columns: Sequence[str], rows: Sequence[str]) -> tuple[Figure, Axes]:
    words = getattr(chart, "texts", None)
    height = 0.9 + (0.24 if words is None else 0.34) * len(rows)
    figure, axes = _figure(chart, width, height)
    low, high = colour_limits(chart)
    image = axes.imshow(chart.values, _colormap(chart), Normalize(low, high), aspect="auto", interpolation="nearest")
    _hatch(axes, chart.values)
    texts, power = cell_texts(chart.values)
    if words is not None:
        texts, power = [[tex(text) for text in row] for row in words], 0
    size = 6 if words is None else min(6, 4.5 * (width - 0.5) / (TEXT_CELL * len(columns)))
    for (row, column), value in np.ndenumerate(chart.values):
        if np.isfinite(value):
            colour = LIGHT_TEXT if is_dark(np.array(image.cmap(image.norm(value))[:3])) else DARK_TEXT
            axes.text(column, row, texts[row][column], ha="center", va="center", fontsize=size, color=colour)
    axes.set_xticks(range(len(columns)), [tex(name) for name in columns])
    axes.set_yticks(range(len(rows)), [tex(name) for name in rows])
    axes.tick_params(length=0)
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
    bar.outline.set_linewidth(0.5)
    bar.set_label(_beside(bar_title(chart), height) + (f" (cells: $\\times 10^{{{power}}}$)" if power else ""))
    return figure, axes


def _surface(chart: Surface, width: float) -> Figure:
    figure, axes = _figure(chart, width, 0.8 * width)
    image = axes.pcolormesh(
        chart.x, chart.y, chart.values, cmap=_colormap(chart), norm=Normalize(*colour_limits(chart)), rasterized=True
    )
    _hatch(axes, chart.values)
    if chart.points is not None:
        axes.plot(*chart.points.T, ".", color=DARK_TEXT, markersize=0.6, alpha=0.3, rasterized=True)
        axes.set(xlim=outer_edges(chart.x), ylim=outer_edges(chart.y))  # as on the screen
    axes.set(xlabel=tex(chart.x_title), ylabel=tex(chart.y_title))
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
    bar.set_label(tex(chart.unit))
    bar.outline.set_linewidth(0.5)
    return figure


def _hatch(axes: Axes, values: np.ndarray) -> None:
    """Hatch what is below the colours, where some are missing."""
    if not np.isfinite(values).all():
        axes.patch.set(hatch="//////", edgecolor=PAPER_FAINT, linewidth=0)


def _colormap(chart: HeadMap | Grid | Surface) -> ListedColormap:
    return ListedColormap(colormap(chart.signed) / 255)


def _plot(chart: Plot, width: float) -> Figure:
    bars = [series for series in chart.series if series.style == "bars"]
    rows = max((len(series.x) for series in bars), default=0)
    height = 0.5 + 0.16 * rows * len(bars) if bars else 0.72 * width
    figure, axes = _figure(chart, width, height)
    for number, series in enumerate(chart.series):
        colour = PAPER_FAINT if series.colour is None else LIGHT.series[series.colour % len(LIGHT.series)]
        if bars:
            _bars(axes, series, colour, number, len(bars))
        else:
            _curve(axes, series, colour)
    if chart.log_x:
        axes.set_xscale("log")
    if chart.log_y:
        axes.set_yscale("log")
    if chart.x_ticks:
        axes.set_xticks(chart.x_ticks, [f"{x:g}" for x in chart.x_ticks], minor=False)
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel=tex(chart.x_title), ylabel=_beside(chart.y_title, height), xlim=chart.x_range)
    if not bars:
        axes.set_ylim(chart.y_range)
    if sum(bool(series.name) and series.in_legend for series in chart.series) > 1:
        figure.legend(loc="outside lower center", ncols=min(3, len(chart.series)), fontsize=6)
    return figure


def _beside(title: str, height: float) -> str:
    """Return a title in lines that fit beside the axes of a figure of this height [inches], titles and legend apart."""
    return "\n".join(tex(line) for line in textwrap.wrap(title, max(10, int((height - 0.9) / 0.06))))


def _bars(axes: Axes, series: Series, colour: str, number: int, count: int) -> None:
    height = 0.8 / count
    places = np.arange(len(series.x)) + (number - (count - 1) / 2) * height
    error = None if series.low is None else np.stack([series.y - series.low, series.high - series.y])
    colours = edge_colours(np.asarray(series.y), series.by_sign, colour)
    axes.barh(places, series.y, height, xerr=error, color=colours, label=tex(series.name), error_kw={"linewidth": 0.6})
    axes.set_yticks(range(len(series.x)), [tex(str(name)) for name in series.x])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(series.x) - 0.5, -0.5)


def _curve(axes: Axes, series: Series, colour: str) -> None:
    label = tex(series.name) if series.name and series.in_legend else None
    if series.style == "steps":
        axes.stairs(series.y, series.x, color=colour, label=label, baseline=None)
        return
    if series.style == "points":
        error = None if series.low is None else np.stack([series.y - series.low, series.high - series.y])
        axes.errorbar(series.x, series.y, error, fmt="o", markersize=2.5, linewidth=0.7, color=colour, label=label)
        for x, y, text in zip(series.x, series.y, series.printed_labels, strict=False):
            axes.annotate(tex(text), (x, y), (2, -5), textcoords="offset points", fontsize=5, color=colour)
        return
    if series.style == "limits":
        above = np.stack([np.zeros(len(series.y)), LIMIT_LENGTH * series.y])
        axes.errorbar(
            series.x, series.y, above, lolims=True, fmt="_", markersize=5, linewidth=0.7, color=colour, label=label
        )
        return
    axes.plot(series.x, series.y, ":" if series.dashed else "-", color=colour, linewidth=1.0, label=label)
    if series.low is not None and series.high is not None:
        axes.fill_between(series.x, series.low, series.high, color=colour, alpha=0.2, linewidth=0)
