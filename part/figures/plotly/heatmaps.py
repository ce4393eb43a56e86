"""Draw matrix, mosaic and class rows with plotly.

plotly's heatmaps report no clicks, so an invisible point lies on each cell, for clicks and for the hover.
Shapes: L layers, H heads, n constituents.
"""

import numpy as np
import plotly.graph_objects as go

from part.figures.heatmaps import ClassRows, Heatmap, Matrix, Mosaic
from part.figures.palette import Theme
from part.figures.plotly.slots import draw_slots
from part.figures.plotly.theme import colorbar, colorscale, empty_figure, scaled_values, to_html


def draw_matrix(data: Matrix, theme: Theme, height: int, accent: str, background: str | None) -> go.Figure:
    if data.jet_view.attends_to_slots:
        return draw_slots(data, theme, height, accent, background)
    n = len(data.order)
    figure = empty_figure(theme, height, background)
    figure.add_trace(_heatmap(data, data.values, theme))
    figure.add_trace(_matrix_points(data))
    _constituent_axis(figure.layout.xaxis, data, "key", n)
    _constituent_axis(figure.layout.yaxis, data, "query", n)
    figure.update_yaxes(autorange=None, range=[n - 0.5, -0.5], scaleanchor="x", constrain="domain")
    figure.update_xaxes(constrain="domain", constraintoward="right")
    for _, _, stop in data.groups[:-1]:
        figure.add_hline(stop - 0.5, line={"color": theme.text, "width": 1})
        figure.add_vline(stop - 0.5, line={"color": theme.text, "width": 1})
    if data.selected is not None:
        line = {"color": accent, "width": 2}
        low, high = data.selected - 0.5, data.selected + 0.5
        figure.add_shape(type="rect", x0=-0.5, x1=n - 0.5, y0=low, y1=high, line=line)
    return figure


def draw_class(data: ClassRows, theme: Theme, height: int, accent: str, background: str | None) -> go.Figure:
    layers, heads, tokens = data.values.shape
    rows = data.values.reshape(layers * heads, tokens)
    figure = empty_figure(theme, height, background)
    figure.add_trace(_heatmap(data, rows, theme))
    figure.add_trace(_class_points(data))
    _constituent_axis(figure.layout.xaxis, data, "key", tokens, shift=1)
    figure.update_yaxes(
        range=[layers * heads - 0.5, -0.5],
        tickvals=[layer * heads + (heads - 1) / 2 for layer in range(layers)],
        ticktext=[f"layer {layer + 1}" for layer in range(layers)],
        tickangle=-90,
        ticks="",
        title_text="head",
    )
    for layer in range(1, layers):
        figure.add_hline(layer * heads - 0.5, line={"color": theme.text, "width": 1})
    figure.add_vline(0.5, line={"color": theme.text, "width": 1})
    if data.selected is not None:
        low, high = data.selected + 0.5, data.selected + 1.5
        line = {"color": accent, "width": 2}
        figure.add_shape(type="rect", x0=low, x1=high, y0=-0.5, y1=layers * heads - 0.5, line=line)
    return figure


def draw_mosaic(data: Mosaic, theme: Theme, height: int, accent: str, background: str | None) -> go.Figure:
    """Draw the mosaic without hover on cells, whose texts would take megabytes."""
    layers, heads = data.values.shape[:2]
    n = max(data.values.shape[2:])
    canvas, tile = data.canvas()
    figure = empty_figure(theme, height, background)
    figure.add_trace(_heatmap(data, canvas, theme))
    for axis, count, letter in ((figure.layout.xaxis, heads, "H"), (figure.layout.yaxis, layers, "L")):
        axis.update(
            tickvals=[i * tile + (n - 1) / 2 for i in range(count)],
            ticktext=[f"{letter}{i + 1}" for i in range(count)],
            ticks="",
            showline=False,
        )
    figure.update_xaxes(side="top", constrain="domain", constraintoward="right")
    figure.update_yaxes(range=[len(canvas) - 0.5, -0.5], scaleanchor="x", constrain="domain")
    figure.update_layout(margin={"t": 30, "b": 10, "l": 34})
    return figure


def _heatmap(data: Heatmap, values: np.ndarray, theme: Theme) -> go.Heatmap:
    low, high = scaled_values(np.array(data.limits), data.limits, data.scale).tolist()
    return go.Heatmap(
        z=scaled_values(values, data.limits, data.scale),
        zmin=low,
        zmax=high,
        colorscale=colorscale(data.signed, theme),
        colorbar=colorbar(data.quantity_title, data.limits, data.scale, theme),
        hoverinfo="skip",
        hoverongaps=False,
    )


def _constituent_axis(axis, data: Heatmap, role: str, n: int, shift: int = 0) -> None:
    marks = [(0.0, "class")] * shift + [(position + shift, label) for position, label in data.ticks]
    if shift:  # the label of the first constituent would overlap that of the class token
        marks = [mark for mark in marks if mark[0] == 0 or mark[0] > n / 10]
    axis.update(
        range=[-0.5, n - 0.5],
        tickvals=[position for position, _ in marks],
        ticktext=[label for _, label in marks],
        tickangle=0,
        title_text=to_html(f"{role}, {data.order_title}"),
    )


def _points(x: np.ndarray, y: np.ndarray, trace: type, **options) -> go.Scatter | go.Scattergl:
    invisible = {"marker": {"opacity": 0}}
    marker = {"size": 6, "opacity": 0}
    return trace(x=x, y=y, mode="markers", marker=marker, selected=invisible, unselected=invisible, **options)


def _matrix_points(data: Matrix) -> go.Scatter | go.Scattergl:
    particles, order, n = data.jet_view.constituents, data.order, len(data.order)
    query, key = (index.ravel() for index in np.indices((n, n)))
    i, j = order[query], order[key]
    columns = [
        i + 1,
        j + 1,
        particles.pt[i],
        particles.pt[j],
        particles.pair_delta_r[i, j],
        data.values.ravel(),
    ]
    lines = [
        "<b>%{customdata[0]:.0f} → %{customdata[1]:.0f}</b>  %{text}",
        "p<sub>T</sub> %{customdata[2]:.3~g} → %{customdata[3]:.3~g} GeV, ΔR %{customdata[4]:.3f}",
        f"{data.quantity_title.lower()} <b>%{{customdata[5]:.3~g}}</b>",
    ]
    for quantity, title in (("scores_qk", "q·k/√d"), ("bias", "bias")):
        if data.jet_view.trace.has(quantity) and quantity != data.quantity:
            lines.append(f"{title} %{{customdata[{len(columns)}]:.3~g}}")
            columns.append(data.jet_view.head(quantity, data.view.layer, data.view.head)[i, j])
    names = np.array([particles.symbol(index) for index in order])
    text = [f"{a} → {b}" for a in names for b in names] if particles.has_species else None
    lines[0] = lines[0] if text else lines[0].replace("  %{text}", "")
    return _points(
        _small(key),
        _small(query),
        go.Scattergl,
        customdata=np.stack(columns, -1).astype(np.float32),
        text=text,
        hovertemplate="<br>".join(lines) + "<extra></extra>",
    )


def _small(index: np.ndarray) -> np.ndarray:
    return index.astype(np.int16)


def _class_points(data: ClassRows) -> go.Scatter | go.Scattergl:
    layers, heads, tokens = data.values.shape
    row, token = (index.ravel() for index in np.indices((layers * heads, tokens)))
    particles = data.jet_view.constituents
    names = np.array(["class token", *(f"{i + 1}: {particles.describe(i)}" for i in data.order)])
    return _points(
        _small(token),
        _small(row),
        go.Scatter,
        customdata=np.stack([row // heads + 1, row % heads + 1, data.values.ravel()], -1).astype(np.float32),
        text=[to_html(name) for name in names[token].tolist()],
        hovertemplate="<b>%{text}</b><br>class layer %{customdata[0]:.0f}, head %{customdata[1]:.0f}"
        "<br>attention <b>%{customdata[2]:.3~g}</b><extra></extra>",
    )
