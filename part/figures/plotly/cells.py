"""Draw tables of coloured cells with plotly: numbers of heads, and grids."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from part.figures.cell_texts import bar_title, cell_texts
from part.figures.charts import Grid, HeadMap, colour_limits
from part.figures.palette import TRANSPARENT, Theme
from part.figures.plotly.fitting import NARROWEST, fit_beside, fit_numbers, fit_title, text_width
from part.figures.plotly.theme import (
    BAR_TITLE,
    BESIDE_BAR,
    FLAT_BAR,
    bar_above,
    colorscale,
    empty_figure,
    flat_colorbar,
    to_html,
)

CHARACTER_WIDTH = 7.2  # px of the names beside cells and bars
MAX_TEXTS = 24  # columns of cells that may have room for numbers; of more, hovers tell them
MAX_LONG_TEXTS = 16  # columns of cells that are wide enough for a zero before the point
ROW = 15  # px, the least for the name of a row


def draw_head_map(chart: HeadMap, theme: Theme, height: int) -> go.Figure:
    texts, power = cell_texts(chart.values) if chart.texts is None else ([list(row) for row in chart.texts], 0)
    below = 30 if chart.columns and not power else 46
    figure = _cells(chart, texts, theme, height, "Layer %{y}, " + ("%{x}" if chart.columns else "head %{x}"), 52, below)
    figure.update_traces(y0=1, **({"x": list(chart.columns)} if chart.columns else {"x0": 1}))
    title = _with_power("" if chart.columns else "Head", power)
    figure.update_xaxes(title_text=fit_title(title), **({"type": "category"} if chart.columns else {"dtick": 1}))
    figure.update_yaxes(dtick=1, title_text="Layer")
    if chart.notes is not None:
        cells = figure.data[-1]
        template = cells.hovertemplate.replace("<extra>", "<br>%{hovertext}<extra>")
        cells.update(hovertext=[list(map(to_html, row)) for row in chart.notes], hovertemplate=template)
    if chart.marked is not None:
        frame = {"type": "rect", "line": {"color": theme.text, "width": 1.5}, "fillcolor": TRANSPARENT}
        for layer, head in np.argwhere(chart.marked).tolist():
            left = head - 0.5 if chart.columns else head + 0.5
            figure.add_shape(x0=left, x1=left + 1, y0=layer + 0.5, y1=layer + 1.5, **frame)
    return figure


def draw_grid(chart: Grid, theme: Theme, height: int) -> go.Figure:
    texts, power = cell_texts(chart.values)
    widest, longest = (max(map(len, names), default=0) for names in (chart.rows, chart.columns))
    title = _with_power(chart.column_title, power)
    left = 24 + int(CHARACTER_WIDTH * widest) + (22 if chart.row_title else 0)
    slanted = _are_crowded(chart.columns, NARROWEST - left - BESIDE_BAR)
    below = 28 + int(0.75 * CHARACTER_WIDTH * longest) if slanted else 26
    below += 20 if title else 0
    height = max(height, ROW * len(chart.rows) + below + FLAT_BAR + BAR_TITLE)
    figure = _cells(chart, texts, theme, height, "%{y}, %{x}", left, below)
    figure.update_traces(x=list(chart.columns), y=list(chart.rows))
    figure.update_xaxes(
        title_text=fit_title(title),
        tickangle=-45 if slanted else 0,
        title_standoff=6 if slanted else None,
        dtick=1,  # plotly would leave out some of many names
        type="category",  # plotly would take names that are numbers for positions
    )
    row_title, _ = fit_beside(chart.row_title, height - below - FLAT_BAR)
    return figure.update_yaxes(title_text=row_title, dtick=1, type="category")


def _are_crowded(names: Sequence[str], width: float) -> bool:
    """Return whether neighbours among the names of columns would touch each other in a width [px]."""
    needed = [12 * (text_width(a) + text_width(b)) / 2 + 4 for a, b in pairwise(names)]
    return max(needed, default=0) * len(names) > width


def _with_power(title: str, power: int) -> str:
    """Return the title of the columns with the unit of the numbers in the cells."""
    units = f"numbers × 10<sup>{power}</sup>".replace("-", "−") if power else ""
    return f"{title} ({units})" if title and units else title or units


def _cells(
    chart: HeadMap | Grid, texts: list[list[str]], theme: Theme, height: int, cell: str, left: int, below: int
) -> go.Figure:
    figure = empty_figure(theme, height, None)
    low, high = colour_limits(chart)
    if chart.values.shape[1] > MAX_LONG_TEXTS:
        texts = [
            [text.replace("0.", ".") if text.lstrip("−").startswith("0.") else text for text in row] for row in texts
        ]
    title = fit_title(bar_title(chart), 12, left)
    room = height - below - bar_above(figure, title)
    fits = partial(fit_numbers, size=12, margin=left + BESIDE_BAR, height=room)
    few = chart.values.shape[1] <= MAX_TEXTS
    error = "" if chart.error is None else " ± %{customdata:.2~g}"
    empty = ~np.isfinite(chart.values)
    if empty.any():
        figure.add_trace(_without_data(empty, theme, fits))
    figure.add_trace(
        go.Heatmap(
            z=chart.values,
            customdata=chart.error,
            text=[[to_html(text).replace("\n", "<br>") for text in row] for row in texts],
            texttemplate=fits(texts) if few else "",
            textfont={"size": 12},
            zmin=low,
            zmax=high,
            colorscale=colorscale(chart.signed, theme),
            colorbar=flat_colorbar((low, high), theme, title),
            xgap=1,
            ygap=1,
            hoverongaps=False,
            hovertemplate=f"{cell}: <b>%{{z:.4~g}}</b>{error} {to_html(chart.unit)}<extra></extra>",
        )
    )
    plain = {"ticks": "", "showline": False, "ticklabelstandoff": 4, "tickfont": {"size": 12, "color": theme.text}}
    figure.update_xaxes(plain, tickfont_size=12 if chart.values.shape[1] <= 40 else 10)
    # A title without a standoff keeps its distance; labels are sometimes measured before they are drawn.
    figure.update_xaxes(title_standoff=None)
    figure.update_yaxes(plain, autorange="reversed")
    return figure.update_layout(margin={"l": left, "b": below})


def _without_data(empty: np.ndarray, theme: Theme, fits: Callable[[list[list[str]]], str]) -> go.Heatmap:
    """Draw the cells without a number, so that they do not look like a small one."""
    texts = np.where(empty, "╱╱", "").tolist()
    return go.Heatmap(
        z=np.where(empty, 0.0, np.nan),
        text=texts,
        texttemplate=fits(texts),
        textfont={"size": 10, "color": theme.faint},
        colorscale=[[0, theme.grid], [1, theme.grid]],
        showscale=False,
        xgap=1,
        ygap=1,
        hoverongaps=False,
        hovertemplate="no data<extra></extra>",
    )
