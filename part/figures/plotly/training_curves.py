"""Draw the curves of a training with plotly."""

import numpy as np
import plotly.graph_objects as go

from part.figures.palette import Theme, get_theme
from part.figures.plotly.theme import empty_figure, write_legend
from part.figures.training_curves import TrainingCurves


def draw_loss(curves: TrainingCurves, theme_name: str, height: int) -> go.Figure:
    """Draw the training loss by step, its running mean, and the validation loss after each epoch.

    Parameters
    ----------
    curves : TrainingCurves
        The losses.
    theme_name : str
        "light" or "dark".
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    theme = get_theme(theme_name)
    figure = _figure(theme, height)
    faint = {"color": theme.accent, "width": 1}
    figure.add_trace(go.Scatter(x=curves.steps, y=curves.loss, line=faint, opacity=0.3, mode="lines", hoverinfo="skip"))
    figure.update_traces(showlegend=False)
    name = f"training, mean of {curves.window}" if curves.window > 1 else "training"
    line = {"color": theme.accent, "width": 2}
    tip = "step %{x:,}: training <b>%{y:.3f}</b><extra></extra>"
    mode = "lines" if len(curves.steps) > 1 else "markers"
    mean = go.Scatter(x=curves.steps, y=curves.mean, line=line, mode=mode, name=name, hovertemplate=tip)
    figure.add_trace(mean)
    tip = "step %{x:,}: validation <b>%{y:.4f}</b><extra></extra>"
    figure.add_trace(_points(curves.val_steps, curves.val_loss, theme.series[1], "validation", tip))
    figure.update_xaxes(title_text="step", rangemode="tozero")
    entries = ((theme.accent, name), (theme.series[1], "validation"))
    write_legend(figure, [(colour, f"● {word}") for colour, word in entries])
    return figure.update_layout(showlegend=False)


def draw_metric(curves: TrainingCurves, name: str, theme_name: str, height: int) -> go.Figure:
    """Draw a metric on the validation jets after each epoch, "accuracy" or "auc"."""
    theme = get_theme(theme_name)
    figure = _figure(theme, height)
    tip = f"epoch %{{x}}: {name} <b>%{{y:.4f}}</b><extra></extra>"
    values = getattr(curves, name)
    figure.add_trace(_points(curves.epochs, values, theme.series[1], name, tip))
    marks = {"dtick": 1, "tick0": 0} if len(values) < 8 else {}
    last = max(float(curves.epochs.max()) if len(values) else 1.0, 2.0)
    if not len(values):
        figure.update_yaxes(showticklabels=False, range=[0, 1])
    if len(values) == 1:  # plotly would show a range of two around it
        figure.update_yaxes(range=[values[0] - 0.05, values[0] + 0.05])
    return figure.update_xaxes(title_text="epoch", range=[0.6, last + 0.4], **marks)


def _figure(theme: Theme, height: int) -> go.Figure:
    figure = empty_figure(theme, height, None)
    figure.update_xaxes(tickformat="~s")
    figure.update_yaxes(showgrid=True, gridcolor=theme.grid, nticks=6)
    return figure.update_layout(
        margin={"l": 46, "r": 6, "t": 18, "b": 40}, uirevision="same"
    )  # keeps a zoom through updates


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
