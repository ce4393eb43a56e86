"""The curves of a training in plotly."""

import numpy as np
import plotly.graph_objects as go

from part.figures.curves import Curves
from part.figures.plotly.theme import Theme, base, theme

VALIDATION = {"light": "#c8601a", "dark": "#f2a15f"}


def draw_loss(curves: Curves, look_name: str, height: int) -> go.Figure:
    """Training loss by step, faint, its running mean, and the validation loss after each epoch."""
    look = theme(look_name)
    figure = _figure(look, height)
    faint = {"color": look.accent, "width": 1}
    figure.add_trace(go.Scatter(x=curves.steps, y=curves.loss, line=faint, opacity=0.3, mode="lines", hoverinfo="skip"))
    figure.update_traces(showlegend=False)
    name = f"training, mean of {curves.window}" if curves.window > 1 else "training"
    line = {"color": look.accent, "width": 2}
    tip = "step %{x:,}: training <b>%{y:.3f}</b><extra></extra>"
    mode = "lines" if len(curves.steps) > 1 else "markers"
    mean = go.Scatter(x=curves.steps, y=curves.mean, line=line, mode=mode, name=name, hovertemplate=tip)
    figure.add_trace(mean)
    tip = "step %{x:,}: validation <b>%{y:.4f}</b><extra></extra>"
    figure.add_trace(_points(curves.val_steps, curves.val_loss, VALIDATION[look.name], "validation", tip))
    figure.update_xaxes(title_text="step", rangemode="tozero")
    # Not plotly's legend, which complains to the browser's console while the page has no width for it yet.
    told = ((look.accent, name), (VALIDATION[look.name], "validation"))
    text = "   ".join(f"<span style='color:{colour}'>● {word}</span>" for colour, word in told)
    place = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
    figure.add_annotation(text=text, showarrow=False, font={"size": 12}, **place)
    return figure.update_layout(showlegend=False)


def draw_metric(curves: Curves, name: str, look_name: str, height: int) -> go.Figure:
    """A metric on the validation jets after each epoch; name: "accuracy" or "auc"."""
    look = theme(look_name)
    figure = _figure(look, height)
    tip = f"epoch %{{x}}: {name} <b>%{{y:.4f}}</b><extra></extra>"
    values = getattr(curves, name)
    figure.add_trace(_points(curves.epochs, values, VALIDATION[look.name], name, tip))
    marks = {"dtick": 1, "tick0": 0} if len(values) < 8 else {}
    last = max(float(curves.epochs.max()) if len(values) else 1.0, 2.0)
    if not len(values):
        figure.update_yaxes(showticklabels=False, range=[0, 1])
    if len(values) == 1:  # plotly would take a range of two around it
        figure.update_yaxes(range=[values[0] - 0.05, values[0] + 0.05])
    return figure.update_xaxes(title_text="epoch", range=[0.6, last + 0.4], **marks)


def _figure(look: Theme, height: int) -> go.Figure:
    figure = base(look, height, None)
    figure.update_xaxes(tickformat="~s")
    figure.update_yaxes(showgrid=True, gridcolor=look.grid, nticks=6)
    return figure.update_layout(
        margin={"l": 46, "r": 6, "t": 18, "b": 40}, uirevision="same"
    )  # a zoom outlives updates


def _points(x: np.ndarray, y: np.ndarray, colour: str, name: str, tip: str) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        name=name,
        line={"color": colour, "width": 2},
        marker={"size": 5 if len(x) < 30 else 3},
        hovertemplate=tip,
    )
