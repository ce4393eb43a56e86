"""Draw tables of coloured cells with plotly: numbers of heads, and grids."""

import numpy as np
import plotly.graph_objects as go

from part.figures.cell_texts import cell_texts
from part.figures.charts import Grid, HeadMap, colour_limits
from part.figures.palette import TRANSPARENT, Theme
from part.figures.plotly.theme import TOP_OF_BAR, colorscale, empty_figure, flat_colorbar, to_html

CHARACTER_WIDTH = 7.2  # px of the names beside cells and bars
MAX_TEXTS = 24  # columns of cells that are wide enough for numbers; of more, hovers tell them
MAX_LONG_TEXTS = 16  # columns of cells that are wide enough for a zero before the point


def draw_head_map(chart: HeadMap, theme: Theme, height: int) -> go.Figure:
    texts, power = cell_texts(chart.values)
    if chart.texts is not None:
        texts, power = [["<br>".join(map(to_html, text.split("\n"))) for text in row] for row in chart.texts], 0
    figure = _cells(chart, texts, theme, height, "Layer %{y}, " + ("%{x}" if chart.columns else "head %{x}"))
    figure.update_traces(y0=1, **({"x": list(chart.columns)} if chart.columns else {"x0": 1}))
    units = f"numbers × 10<sup>{power}</sup>" if power else ""
    title = " · ".join(filter(None, ("" if chart.columns else "head", to_html(chart.unit), units)))
    figure.update_xaxes(title_text=title, **({"type": "category"} if chart.columns else {"dtick": 1}))
    figure.update_yaxes(dtick=1, title_text="layer")
    if chart.notes is not None:
        cells = figure.data[-1]
        template = cells.hovertemplate.replace("<extra>", "<br>%{hovertext}<extra>")
        cells.update(hovertext=[list(map(to_html, row)) for row in chart.notes], hovertemplate=template)
    if chart.texts is not None:
        figure.update_traces(textfont_size=11)
    if chart.marked is not None:
        frame = {"type": "rect", "line": {"color": theme.text, "width": 1.5}, "fillcolor": TRANSPARENT}
        for layer, head in np.argwhere(chart.marked).tolist():
            left = head - 0.5 if chart.columns else head + 0.5
            figure.add_shape(x0=left, x1=left + 1, y0=layer + 0.5, y1=layer + 1.5, **frame)
    return figure


def draw_grid(chart: Grid, theme: Theme, height: int) -> go.Figure:
    texts, power = cell_texts(chart.values)
    figure = _cells(chart, texts, theme, height, "%{y}, %{x}")
    figure.update_traces(x=list(chart.columns), y=list(chart.rows))
    units = f"numbers × 10<sup>{power}</sup>" if power else ""
    slanted = sum(map(len, chart.columns)) > 36
    figure.update_xaxes(
        title_text=" · ".join(filter(None, (to_html(chart.column_title), to_html(chart.unit), units))),
        tickangle=-45 if slanted else 0,
        title_standoff=6 if slanted else None,
        dtick=1,  # plotly would leave out some of many names
        type="category",  # plotly would take names that are numbers for positions
    )
    figure.update_yaxes(title_text=to_html(chart.row_title), dtick=1, type="category")
    widest, longest = (max(map(len, names), default=0) for names in (chart.rows, chart.columns))
    left = 24 + int(CHARACTER_WIDTH * widest) + (22 if chart.row_title else 0)
    below = 28 + int(0.75 * CHARACTER_WIDTH * longest) + (20 if chart.column_title else 0) if slanted else 46
    return figure.update_layout(margin={"l": left, "b": below})


def _cells(chart: HeadMap | Grid, texts: list[list[str]], theme: Theme, height: int, cell: str) -> go.Figure:
    figure = empty_figure(theme, height, None)
    low, high = colour_limits(chart)
    if chart.values.shape[1] > MAX_LONG_TEXTS:
        texts = [
            [text.replace("0.", ".") if text.lstrip("−").startswith("0.") else text for text in row] for row in texts
        ]
    error = "" if chart.error is None else " ± %{customdata:.2~g}"
    empty = ~np.isfinite(chart.values)
    if empty.any():
        figure.add_trace(_without_data(empty, theme))
    figure.add_trace(
        go.Heatmap(
            z=chart.values,
            customdata=chart.error,
            text=texts,
            texttemplate="%{text}" if chart.values.shape[1] <= MAX_TEXTS else "",
            textfont={"size": 12 if chart.values.shape[1] <= 6 else 11 if chart.values.shape[1] <= 8 else 10},
            zmin=low,
            zmax=high,
            colorscale=colorscale(chart.signed, theme),
            colorbar=flat_colorbar((low, high), theme),
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
    return figure.update_layout(margin={"t": TOP_OF_BAR})


def _without_data(empty: np.ndarray, theme: Theme) -> go.Heatmap:
    """Draw the cells without a number, so that they do not look like a small one."""
    return go.Heatmap(
        z=np.where(empty, 0.0, np.nan),
        text=np.where(empty, "╱╱", ""),
        texttemplate="%{text}",
        textfont={"size": 10, "color": theme.faint},
        colorscale=[[0, theme.grid], [1, theme.grid]],
        showscale=False,
        xgap=1,
        ygap=1,
        hoverongaps=False,
        hovertemplate="no data<extra></extra>",
    )
