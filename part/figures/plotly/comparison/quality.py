"""Draw how good the models are: rejections, accuracy against latency, calibration.

Shapes: M models.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from part.benchmarking.cost import BATCH
from part.comparison.result import Comparison
from part.comparison.text import rejection_text
from part.comparison.times import time_text
from part.figures.palette import Theme, get_theme
from part.figures.plotly.limits import draw_lower_limits
from part.figures.plotly.theme import axis, empty_figure, log_axis

MAX_REJECTIONS = 14


def draw_rejections(comparison: Comparison, theme_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Draw 1/εB of each class with its interval; where no background passes, an arrow from the limit at 95 %.

    Of many classes those with the most jets are drawn.
    """
    theme, points = get_theme(theme_name), rejections_drawn(comparison)
    figure = empty_figure(theme, height, None)
    for m in range(len(comparison.names)):
        for trace in _rejection_points(comparison, m, accents[m]):
            figure.add_trace(trace)
    ends = [
        trace.x if trace.error_x.arrayminus is None else trace.x - trace.error_x.arrayminus for trace in figure.data
    ]
    lowest = np.nanmin(np.concatenate(ends))
    figure.update_xaxes(_logarithmic(np.log10(lowest) - 0.1, np.log10(comparison.background_jets) + 0.15))
    figure.update_xaxes(title_text="background rejection 1/ε<sub>B</sub>", **_grid(theme))
    labels = [
        f"{comparison.dataset.titles[signal]}<br><span style='font-size:11px'>{100 * efficiency:g} %</span>"
        for signal, _, efficiency in points.values()
    ]
    figure.update_yaxes(tickvals=list(range(len(points))), ticktext=labels, range=[len(points) - 0.5, -0.5])
    figure.update_yaxes(ticks="", ticklabelstandoff=4, tickfont={"size": 13, "color": theme.text})
    longest = max(len(comparison.dataset.titles[signal]) for signal, _, _ in points.values())
    return figure.update_layout(margin={"l": max(74, min(7 * longest + 14, 170))})


def rejections_drawn(comparison: Comparison) -> dict[str, tuple[int, int, float]]:
    """Return the rejections that are drawn: of many classes those with the most jets, in their order."""
    jets = np.bincount(comparison.labels, minlength=len(comparison.dataset.titles))
    names = sorted(comparison.rejections, key=lambda name: -jets[comparison.rejections[name][0]])[:MAX_REJECTIONS]
    return {name: point for name, point in comparison.rejections.items() if name in names}


def _rejection_points(comparison: Comparison, m: int, accent: str) -> tuple[go.Scatter, go.Scatter]:
    """Draw one model's points and its limits, shifted from the line of the class so that models do not overlap.

    Intervals that are open, or end beyond the number of background jets, run out of the picture.
    """
    models, most, names = len(comparison.names), comparison.background_jets, list(rejections_drawn(comparison))
    places = np.arange(len(names)) + (m - (models - 1) / 2) * 0.6 / models
    counts, values = comparison.rejection_counts[m], comparison.quality[m]
    texts = {name: rejection_text(values[name], comparison.interval(m, name), counts[name]) for name in names}
    tip = f"{comparison.names[m]}: <b>%{{customdata}}</b><extra></extra>"
    known = np.array([values[name] is not None for name in names])
    drawn = [name for name in names if values[name] is not None]
    shown = np.array([values[name] for name in drawn], float)
    bounds = [comparison.interval(m, name) or (values[name], values[name]) for name in drawn]
    low, high = np.clip(np.array(bounds, float).reshape(-1, 2), None, 10 * most).T
    points = go.Scatter(
        x=shown,
        y=places[known],
        mode="markers",
        marker={"color": accent, "size": 8},
        error_x={"array": high - shown, "arrayminus": shown - low, "thickness": 1.5, "width": 0},
        customdata=[texts[name] for name in drawn],
        hovertemplate=tip,
    )
    none = [name for name in names if values[name] is None]
    limits = np.array([counts[name]["above"] for name in none])
    return points, draw_lower_limits(limits, places[~known], "right", accent, [texts[name] for name in none], tip)


def draw_pareto(comparison: Comparison, theme_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Draw accuracy against the time per jet in a batch, or against parameters where models were not timed in turns.

    The line joins models that no other beats in both; bars are intervals, those of times hold 68 % of the passes.
    """
    theme = get_theme(theme_name)
    figure = empty_figure(theme, height, None)
    costs, title = _costs(comparison)
    values = np.array([quality["accuracy"] for quality in comparison.quality])
    middle = costs[:, 1]
    best = [m for m in np.argsort(middle) if not ((middle <= middle[m]) & (values > values[m])).any()]
    line = {"color": theme.faint, "width": 1, "dash": "dot", "shape": "hv"}
    figure.add_trace(go.Scatter(x=middle[best], y=values[best], mode="lines", line=line, hoverinfo="skip"))
    for m in range(len(costs)):
        figure.add_trace(_model_point(comparison, m, costs[m], values[m], accents[m]))
    low, high = np.log10([costs.min(), costs.max()])
    figure.update_xaxes(
        _logarithmic(low - 0.2, high + max(0.25 * (high - low), 0.25))
    )  # leaves space for names on the right
    figure.update_xaxes(title_text=title, **_grid(theme))
    ends = np.array([comparison.interval(m, "accuracy") or (values[m], values[m]) for m in range(len(values))])
    pad = max(0.15 * np.ptp(ends), 0.01)  # plotly would show one accuracy between -1 and 1
    return figure.update_yaxes(title_text="accuracy", range=[ends.min() - pad, ends.max() + pad], **_grid(theme))


def _costs(comparison: Comparison) -> tuple[np.ndarray, str]:
    """Return the lower end, the median and the upper end (M, 3) of what models are compared by, and its title."""
    if not all(cost.is_timed for cost in comparison.costs):
        parameters = np.array([cost.parameters / 1e6 for cost in comparison.costs])
        return np.stack([parameters] * 3, axis=-1), "parameters [millions]"
    timings = [cost.batch_timing for cost in comparison.costs]
    rows = [(timing.spread[0], timing.median, timing.spread[1]) for timing in timings]
    return 1e3 * np.array(rows), f"time a jet in a batch of {BATCH} [ms]"


def _model_point(comparison: Comparison, m: int, cost: np.ndarray, value: float, accent: str) -> go.Scatter:
    name, (low, high) = comparison.names[m], comparison.interval(m, "accuracy") or (value, value)
    text = time_text(comparison.costs[m], comparison.costs[m].batch_timing)
    at = f"{text} ms" if comparison.costs[m].is_timed else f"{cost[1]:.2f} M parameters"
    return go.Scatter(
        x=[cost[1]],
        y=[value],
        mode="markers+text",
        text=[f" {name}"],
        textposition="bottom right" if m % 2 else "top right",  # keeps names of close models apart
        textfont={"color": accent, "size": 14},
        cliponaxis=False,
        marker={"color": accent, "size": 12},
        error_x={"array": [cost[2] - cost[1]], "arrayminus": [cost[1] - cost[0]], "thickness": 1.5, "width": 0},
        error_y={"array": [high - value], "arrayminus": [value - low], "thickness": 1.5, "width": 0},
        hovertemplate=f"{name}: <b>{value:.4f}</b> [{low:.4f}, {high:.4f}] at <b>{at}</b><extra></extra>",
    )


def draw_reliability(comparison: Comparison, theme_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Draw the accuracy in bins of confidence with Wilson's intervals; and below, the number of jets in each bin."""
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
        low, high = (end[filled] for end in curve.interval)
        tip = f"{name}: <b>%{{y:.3f}}</b> %{{customdata}} right at %{{x:.3f}}<extra></extra>"
        about = [f"[{a:.3f}, {b:.3f}], {n} jets," for a, b, n in zip(low, high, curve.counts[filled], strict=True)]
        points = go.Scatter(
            x=curve.confidence[filled],
            y=curve.accuracy[filled],
            mode="lines+markers",
            line={"color": accent, "width": 2},
            marker={"size": 6},
            error_y={
                "array": high - curve.accuracy[filled],
                "arrayminus": curve.accuracy[filled] - low,
                "thickness": 1,
                "width": 0,
            },
            customdata=about,
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
    """Return a logarithmic axis from 10^low to 10^high."""
    return log_axis(10.0**low, 10.0**high) | {"range": [low, high]}


def _grid(theme: Theme) -> dict:
    return {"showgrid": True, "gridcolor": theme.grid}
