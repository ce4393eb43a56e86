"""Draw how good the models are: rejections, accuracy against latency, calibration.

Shapes: M models.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from part.benchmarking.cost import BATCH
from part.comparison.result import Comparison
from part.comparison.text import format_number
from part.figures.palette import Theme, get_theme
from part.figures.plotly.theme import axis, empty_figure

MAX_REJECTIONS = 14


def draw_rejections(comparison: Comparison, theme_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Draw 1/εB of each class with its interval; where no background passes, an arrow at the number of its jets.

    Of many classes those with the most jets are drawn.
    """
    theme, points = get_theme(theme_name), rejections_drawn(comparison)
    figure = empty_figure(theme, height, None)
    for m in range(len(comparison.names)):
        figure.add_trace(_rejection_points(comparison, m, accents[m]))
    labels = [
        f"{comparison.dataset.titles[signal]}<br><span style='font-size:11px'>{100 * efficiency:g} %</span>"
        for signal, _, efficiency in points.values()
    ]
    lowest = min((trace.x - trace.error_x.arrayminus).min() for trace in figure.data)
    figure.update_xaxes(_logarithmic(np.log10(lowest) - 0.1, np.log10(comparison.background_jets) + 0.15))
    figure.update_xaxes(title_text="background rejection 1/ε<sub>B</sub>", **_grid(theme))
    figure.update_yaxes(tickvals=list(range(len(points))), ticktext=labels, range=[len(points) - 0.5, -0.5])
    figure.update_yaxes(ticks="", ticklabelstandoff=4, tickfont={"size": 13, "color": theme.text})
    longest = max(len(comparison.dataset.titles[signal]) for signal, _, _ in points.values())
    return figure.update_layout(margin={"l": max(74, min(7 * longest + 14, 170))})


def rejections_drawn(comparison: Comparison) -> dict[str, tuple[int, int, float]]:
    """Return the rejections that are drawn: of many classes those with the most jets, in their order."""
    jets = np.bincount(comparison.labels, minlength=len(comparison.dataset.titles))
    names = sorted(comparison.rejections, key=lambda name: -jets[comparison.rejections[name][0]])[:MAX_REJECTIONS]
    return {name: point for name, point in comparison.rejections.items() if name in names}


def _rejection_points(comparison: Comparison, m: int, accent: str) -> go.Scatter:
    """Draw one model's points, shifted from the line of the class so that models do not overlap."""
    models, most = len(comparison.names), comparison.background_jets
    points = rejections_drawn(comparison)
    values = [comparison.quality[m][name] for name in points]
    shown = np.array([most if value is None else value for value in values], float)
    bounds = [comparison.interval(m, name) for name in points]
    bounds = [(x, x) if b is None else b for x, b in zip(shown, bounds, strict=True)]
    low, high = np.clip(np.array(bounds), None, most).T
    texts = [
        ("> " if v is None else "") + f"{format_number(x, 1)} [{format_number(a, 1)}, {format_number(b, 1)}]"
        for v, x, (a, b) in zip(values, shown, bounds, strict=True)
    ]
    return go.Scatter(
        x=shown,
        y=np.arange(len(values)) + (m - (models - 1) / 2) * 0.6 / models,
        mode="markers",
        marker={"color": accent, "size": 8, "symbol": ["triangle-right" if v is None else "circle" for v in values]},
        error_x={"array": high - shown, "arrayminus": shown - low, "thickness": 1.5, "width": 0},
        customdata=texts,
        hovertemplate=f"{comparison.names[m]}: <b>%{{customdata}}</b><extra></extra>",
    )


def draw_pareto(comparison: Comparison, theme_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Draw accuracy against the time per jet in a batch; the line joins models that no other beats in both."""
    theme = get_theme(theme_name)
    figure = empty_figure(theme, height, None)
    times = np.array([1e3 * cost.batch for cost in comparison.costs])
    values = np.array([quality["accuracy"] for quality in comparison.quality])
    best = [m for m in np.argsort(times) if not ((times <= times[m]) & (values > values[m])).any()]
    line = {"color": theme.faint, "width": 1, "dash": "dot", "shape": "hv"}
    figure.add_trace(go.Scatter(x=times[best], y=values[best], mode="lines", line=line, hoverinfo="skip"))
    for m in range(len(times)):
        figure.add_trace(_model_point(comparison, m, times[m], values[m], accents[m]))
    low, high = np.log10([times.min(), times.max()])
    figure.update_xaxes(
        _logarithmic(low - 0.2, high + max(0.25 * (high - low), 0.25))
    )  # leaves space for names on the right
    figure.update_xaxes(title_text=f"time a jet in a batch of {BATCH} [ms]", **_grid(theme))
    ends = np.array([comparison.interval(m, "accuracy") or (values[m], values[m]) for m in range(len(values))])
    pad = max(0.15 * np.ptp(ends), 0.01)  # plotly would show one accuracy between -1 and 1
    return figure.update_yaxes(title_text="accuracy", range=[ends.min() - pad, ends.max() + pad], **_grid(theme))


def _model_point(comparison: Comparison, m: int, time: float, value: float, accent: str) -> go.Scatter:
    name, (low, high) = comparison.names[m], comparison.interval(m, "accuracy") or (value, value)
    return go.Scatter(
        x=[time],
        y=[value],
        mode="markers+text",
        text=[f" {name}"],
        textposition="bottom right" if m % 2 else "top right",  # keeps names of close models apart
        textfont={"color": accent, "size": 14},
        cliponaxis=False,
        marker={"color": accent, "size": 12},
        error_y={"array": [high - value], "arrayminus": [value - low], "thickness": 1.5, "width": 0},
        hovertemplate=f"{name}: <b>{value:.4f}</b> [{low:.4f}, {high:.4f}] at <b>{time:.2f} ms</b><extra></extra>",
    )


def draw_reliability(comparison: Comparison, theme_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Draw the accuracy in bins of confidence, and below, the number of jets in each bin."""
    theme = get_theme(theme_name)
    figure = empty_figure(theme, height, None)
    figure.set_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.78, 0.22], vertical_spacing=0.05)
    figure.update_xaxes(axis(theme))
    figure.update_yaxes(axis(theme))
    diagonal = {"color": theme.faint, "width": 1, "dash": "dot"}
    figure.add_trace(go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=diagonal, hoverinfo="skip"), 1, 1)
    for curve, name, accent in zip(comparison.reliability, comparison.names, accents, strict=False):
        filled = curve.counts > 0
        edges = (np.arange(len(curve.counts)) + 0.5) / len(curve.counts)
        tip = f"{name}: <b>%{{y:.3f}}</b> right at %{{x:.3f}}, %{{customdata}} jets<extra></extra>"
        points = go.Scatter(
            x=curve.confidence[filled],
            y=curve.accuracy[filled],
            mode="lines+markers",
            line={"color": accent, "width": 2},
            marker={"size": 6},
            customdata=curve.counts[filled],
            hovertemplate=tip,
        )
        figure.add_trace(points, 1, 1)
        steps = {"color": accent, "width": 1.5, "shape": "hvh"}
        figure.add_trace(go.Scatter(x=edges, y=curve.counts, mode="lines", line=steps, hoverinfo="skip"), 2, 1)
    figure.update_xaxes(range=[0, 1])
    figure.update_xaxes(title_text="confidence", row=2, col=1)
    figure.update_yaxes(title_text="accuracy", range=[0, 1], **_grid(theme), row=1, col=1)
    figure.update_yaxes(title_text="jets", rangemode="tozero", nticks=3, row=2, col=1)
    return figure


def _logarithmic(low: float, high: float) -> dict:
    """Return a logarithmic axis from 10^low to 10^high with enough ticks, also within one decade."""
    digits = (1, 1.5, 2, 3, 5, 7) if high - low < 0.9 else (1, 2, 5) if high - low < 2 else (1,)
    marks = [digit * 10.0**k for k in range(int(np.floor(low)), int(np.ceil(high)) + 1) for digit in digits]
    return {"type": "log", "range": [low, high], "tickvals": marks, "ticktext": [f"{mark:g}" for mark in marks]}


def _grid(theme: Theme) -> dict:
    return {"showgrid": True, "gridcolor": theme.grid}
