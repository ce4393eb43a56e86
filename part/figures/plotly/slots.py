"""One head over slots in plotly: what each constituent asks of them, and what they are made of.

Shapes: n constituents, K slots.
"""

import numpy as np
import plotly.graph_objects as go

from part.figures.heatmaps import Matrix
from part.figures.plotly.theme import Theme, axis, base, colorbar, colorscale, drawn, html
from part.figures.view import SIGNED

LEFT, RIGHT = (0.0, 0.42), (0.58, 1.0)  # of the width, with room for the first colour bar between


def draw_slots(data: Matrix, look: Theme, height: int, accent: str, background: str | None) -> go.Figure:
    figure = base(look, height, background)
    made_of = (data.made_of, data.made_of_limits, "linear", SIGNED[0], "Weight in the slot")
    shown = (data.values, data.limits, data.scale, data.quantity, data.quantity_title)
    for number, (span, panel) in enumerate(((LEFT, shown), (RIGHT, made_of)), 1):
        figure.add_trace(_panel(data, number, span[1], *panel, look))
        horizontal = axis(look) | {"domain": span, "title_text": "slot", "anchor": f"y{number}", "nticks": 6}
        vertical = axis(look) | _rows(data) | {"anchor": f"x{number}"}
        if number == 1:
            vertical |= {"title_text": html(f"constituent, {data.order_title}")}
        figure.update_layout({f"xaxis{number}": horizontal, f"yaxis{number}": vertical})
        for _, _, stop in data.groups[:-1]:
            figure.add_hline(stop - 0.5, line={"color": look.text, "width": 1}, xref=f"x{number}", yref=f"y{number}")
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
    quantity: str,
    title: str,
    look: Theme,
) -> go.Heatmap:
    low, high = drawn(np.array(limits), limits, scale).tolist()
    particles = data.scene.constituents
    names = [f"{i + 1}: {particles.describe(i)}" for i in data.order.tolist()]
    return go.Heatmap(
        z=drawn(values, limits, scale),
        x=np.arange(1, values.shape[1] + 1),
        y=np.arange(len(values)),
        zmin=low,
        zmax=high,
        colorscale=colorscale(quantity, look),
        colorbar=colorbar(title, limits, scale, look) | {"x": right + 0.01},
        customdata=np.broadcast_to(np.array(names)[:, None], values.shape),
        text=[[f"{value:.3g}" for value in row] for row in values.tolist()],
        hovertemplate=f"<b>%{{customdata}}</b><br>slot %{{x}}<br>{title.lower()} <b>%{{text}}</b><extra></extra>",
        xaxis=f"x{number}",
        yaxis=f"y{number}",
    )
