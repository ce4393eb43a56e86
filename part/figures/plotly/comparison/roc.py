"""Draw ROC curves, a panel per class."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from part.analysis.statistics import metrics
from part.comparison.result import Comparison
from part.figures.palette import Theme, get_theme
from part.figures.plotly.theme import axis, empty_figure

COLUMNS = 5
MAX_POINTS = 200  # of a curve
MAX_PANELS = 20


def roc_signals(comparison: Comparison) -> tuple[int, ...]:
    """Return the classes whose curves are drawn, in their order."""
    jets = np.bincount(comparison.labels, minlength=len(comparison.dataset.titles))
    most = sorted(comparison.signals, key=lambda signal: -jets[signal])[:MAX_PANELS]
    return tuple(sorted(most))


def draw_roc(comparison: Comparison, theme_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Draw background rejection against efficiency; a line marks each published working point.

    Of many classes those with the most jets are drawn.
    """
    theme, signals = get_theme(theme_name), roc_signals(comparison)
    figure = empty_figure(theme, height, None)
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
    figure.update_xaxes(axis(theme), range=[0, 1.02], dtick=0.25, showgrid=True, gridcolor=theme.grid)
    figure.update_yaxes(axis(theme), type="log", dtick=1, showgrid=True, gridcolor=theme.grid)
    figure.update_yaxes(range=[-0.03, np.log10(comparison.background_jets) + 0.1])
    figure.update_annotations(font={"size": 14, "color": theme.text}, yshift=-2)
    for number, signal in enumerate(signals):
        row, column = divmod(number, columns)
        _panel(figure, comparison, signal, accents, (row + 1, column + 1))
        for efficiency in (point[2] for point in comparison.rejections.values() if point[0] == signal):
            line = {"color": theme.faint, "width": 1, "dash": "dot"}
            figure.add_vline(efficiency, line=line, row=row + 1, col=column + 1)
    _axis_titles(figure, comparison, theme)
    return figure


def _panel(
    figure: go.Figure, comparison: Comparison, signal: int, accents: Sequence[str], cell: tuple[int, int]
) -> None:
    for m, (name, accent) in enumerate(zip(comparison.names, accents, strict=False)):
        efficiency, false_positives = comparison.roc(m, signal)
        passing = np.flatnonzero(false_positives > 0)
        thinned = passing[np.unique(np.linspace(0, len(passing) - 1, MAX_POINTS).astype(int))]
        curve = go.Scatter(
            x=efficiency[thinned],
            y=1 / false_positives[thinned],
            mode="lines",
            line={"color": accent, "width": 2},
            hovertemplate=f"{name}: 1/ε<sub>B</sub> <b>%{{y:.4~g}}</b> at %{{x:.1%}}<extra></extra>",
        )
        figure.add_trace(curve, *cell)


def _axis_titles(figure: go.Figure, comparison: Comparison, theme: Theme) -> None:
    background = comparison.dataset.titles[metrics.background_class(comparison.dataset)]
    shared = {"xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": 14, "color": theme.text}}
    figure.add_annotation(text="efficiency ε<sub>S</sub>", x=0.5, y=0, yshift=-30, yanchor="top", **shared)
    text = f"rejection of {background}, 1/ε<sub>B</sub>"
    figure.add_annotation(text=text, x=0, y=0.5, xshift=-58, textangle=-90, **shared)
    figure.update_layout(margin={"l": 70, "t": 30, "b": 56})
