"""Draw one head of a model that attends to slots with plotly: attention to the slots, and what the slots consist of.

Shapes: n constituents, K slots.
"""

import numpy as np
import plotly.graph_objects as go

from part.figures.heatmaps import Matrix
from part.figures.palette import Theme
from part.figures.plotly.theme import axis, colorbar, colorscale, empty_figure, scaled_values, to_html

LEFT, RIGHT = (0.0, 0.42), (0.58, 1.0)  # of the width, with space for the first colour bar between


def draw_slots(data: Matrix, theme: Theme, height: int, accent: str, background: str | None) -> go.Figure:
    figure = empty_figure(theme, height, background)
    attention = (data.values, data.limits, data.scale, data.signed, data.quantity_title)
    weights = (data.slot_weights, data.slot_weight_limits, "linear", True, "Weight in the slot")
    for number, (span, panel) in enumerate(((LEFT, attention), (RIGHT, weights)), 1):
        figure.add_trace(_panel(data, number, span[1], *panel, theme))
        horizontal = axis(theme) | {"domain": span, "title_text": "slot", "anchor": f"y{number}", "nticks": 6}
        vertical = axis(theme) | _rows(data) | {"anchor": f"x{number}"}
        if number == 1:
            vertical |= {"title_text": to_html(f"constituent, {data.order_title}")}
        figure.update_layout({f"xaxis{number}": horizontal, f"yaxis{number}": vertical})
        for _, _, stop in data.groups[:-1]:
            figure.add_hline(stop - 0.5, line={"color": theme.text, "width": 1}, xref=f"x{number}", yref=f"y{number}")
        if data.selected is not None:
            ends = {"x0": 0.5, "x1": data.values.shape[1] + 0.5}
            ends |= {"y0": data.selected - 0.5, "y1": data.selected + 0.5}
            line = {"color": accent, "width": 2}
            figure.add_shape(type="rect", line=line, xref=f"x{number}", yref=f"y{number}", **ends)
    return figure


def _rows(data: Matrix) -> dict:
    return {
        "range": [len(data.order) - 0.5, -0.5],
        "tickvals": [position for position, _ in data.ticks],
        "ticktext": [label for _, label in data.ticks],
    }


def _panel(
    data: Matrix,
    number: int,
    right: float,
    values: np.ndarray,
    limits: tuple[float, float],
    scale: str,
    signed: bool,
    title: str,
    theme: Theme,
) -> go.Heatmap:
    low, high = scaled_values(np.array(limits), limits, scale).tolist()
    particles = data.jet_view.constituents
    names = [f"{i + 1}: {particles.describe(i)}" for i in data.order.tolist()]
    return go.Heatmap(
        z=scaled_values(values, limits, scale),
        x=np.arange(1, values.shape[1] + 1),
        y=np.arange(len(values)),
        zmin=low,
        zmax=high,
        colorscale=colorscale(signed, theme),
        colorbar=colorbar(title, limits, scale, theme) | {"x": right + 0.01},
        customdata=np.broadcast_to(np.array(names)[:, None], values.shape),
        text=[[f"{value:.3g}" for value in row] for row in values.tolist()],
        hovertemplate=f"<b>%{{customdata}}</b><br>slot %{{x}}<br>{title.lower()} <b>%{{text}}</b><extra></extra>",
        xaxis=f"x{number}",
        yaxis=f"y{number}",
    )
