"""ROC curves, a panel a class."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from part.analysis.statistics import metrics
from part.comparison.result import Comparison
from part.figures.plotly.theme import Theme, axis, base, theme

COLUMNS = 5
POINTS = 200  # of a curve, at most


def draw_roc(comparison: Comparison, look_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Rejection of the background against efficiency; a line marks where the published rejections are taken."""
    look, signals = theme(look_name), comparison.signals
    figure = base(look, height, None)
    columns = min(COLUMNS, len(signals))
    titles = [f"<b>{comparison.dataset.titles[signal]}</b>" for signal in signals]
    figure.set_subplots(
        rows=-(-len(signals) // columns),
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.012,
        vertical_spacing=0.1,
        subplot_titles=titles,
    )
    figure.update_xaxes(axis(look), range=[0, 1.02], dtick=0.25, showgrid=True, gridcolor=look.grid)
    figure.update_yaxes(axis(look), type="log", dtick=1, showgrid=True, gridcolor=look.grid)
    figure.update_yaxes(range=[-0.03, np.log10(comparison.background_jets) + 0.1])
    figure.update_annotations(font={"size": 14, "color": look.text}, yshift=-2)
    for place, signal in enumerate(signals):
        row, column = divmod(place, columns)
        _panel(figure, comparison, signal, accents, (row + 1, column + 1))
        for efficiency in (point[2] for point in comparison.rejections.values() if point[0] == signal):
            line = {"color": look.faint, "width": 1, "dash": "dot"}
            figure.add_vline(efficiency, line=line, row=row + 1, col=column + 1)
    _axis_titles(figure, comparison, look)
    return figure


def _panel(
    figure: go.Figure, comparison: Comparison, signal: int, accents: Sequence[str], place: tuple[int, int]
) -> None:
    for m, (name, accent) in enumerate(zip(comparison.names, accents, strict=False)):
        efficiency, mistaken = comparison.roc(m, signal)
        passing = np.flatnonzero(mistaken > 0)
        some = passing[np.unique(np.linspace(0, len(passing) - 1, POINTS).astype(int))]
        curve = go.Scatter(
            x=efficiency[some],
            y=1 / mistaken[some],
            mode="lines",
            line={"color": accent, "width": 2},
            hovertemplate=f"{name}: 1/ε<sub>B</sub> <b>%{{y:.4~g}}</b> at %{{x:.1%}}<extra></extra>",
        )
        figure.add_trace(curve, *place)


def _axis_titles(figure: go.Figure, comparison: Comparison, look: Theme) -> None:
    background = comparison.dataset.titles[metrics.background_of(comparison.dataset)]
    shared = {"xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": 14, "color": look.text}}
    figure.add_annotation(text="efficiency ε<sub>S</sub>", x=0.5, y=0, yshift=-30, yanchor="top", **shared)
    text = f"rejection of {background}, 1/ε<sub>B</sub>"
    figure.add_annotation(text=text, x=0, y=0.5, xshift=-58, textangle=-90, **shared)
    figure.update_layout(margin={"l": 70, "t": 30, "b": 56})
