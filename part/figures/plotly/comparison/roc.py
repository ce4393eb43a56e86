"""Draw ROC curves, a panel per class."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from part.analysis.statistics import metrics
from part.analysis.statistics.binomial import limit_of_none
from part.comparison.result import Comparison
from part.figures.palette import Theme, get_theme, rgba
from part.figures.plotly.limits import draw_lower_limits
from part.figures.plotly.theme import MINOR_TICKS, axis, empty_figure

COLUMNS = 5
MAX_POINTS = 200  # of a curve
MAX_PANELS = 20


def roc_signals(comparison: Comparison) -> tuple[int, ...]:
    """Return the classes whose curves are drawn, in their order."""
    jets = np.bincount(comparison.labels, minlength=len(comparison.dataset.titles))
    most = sorted(comparison.signals, key=lambda signal: -jets[signal])[:MAX_PANELS]
    return tuple(sorted(most))


def draw_roc(comparison: Comparison, theme_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Draw background rejection against efficiency with Wilson's intervals; a line marks each published working point.

    An arrow is the limit at 95 % for cuts that no background passes.

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
    figure.update_yaxes(axis(theme), type="log", dtick=1, minor=MINOR_TICKS, showgrid=True, gridcolor=theme.grid)
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
        efficiency, rate = comparison.roc_rate(m, signal)
        value, low, high = rate.inverse
        passing = np.flatnonzero(rate.passed > 0)
        thinned = passing[np.unique(np.linspace(0, len(passing) - 1, MAX_POINTS).astype(int))]
        x = efficiency[thinned]
        band = {"x": [*x, *x[::-1]], "y": [*high[thinned], *low[thinned][::-1]]}
        fill = {"fill": "toself", "fillcolor": rgba(accent, 0.16), "line": {"width": 0}, "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(mode="lines", **band, **fill), *cell)
        tip = f"{name}: 1/ε<sub>B</sub> <b>%{{y:.4~g}}</b> at %{{x:.1%}}, %{{customdata}}<extra></extra>"
        curve = go.Scatter(
            x=x,
            y=value[thinned],
            mode="lines",
            line={"color": accent, "width": 2},
            customdata=[f"{n:.0f} of {comparison.background_jets} pass" for n in rate.passed[thinned]],
            hovertemplate=tip,
        )
        figure.add_trace(curve, *cell)
        if x[0] > 0:
            figure.add_trace(_limit(comparison.background_jets, x[0], accent, name), *cell)


def _limit(background_jets: int, efficiency: float, accent: str, name: str) -> go.Scatter:
    """Draw the limit on the rejection at 95 % where no background passes, up to an efficiency, as an arrow."""
    limit = 1 / limit_of_none(background_jets)
    tip = f"{name}: <b>> %{{y:.3~g}}</b> at 95 % below {efficiency:.1%}, %{{customdata}}<extra></extra>"
    places = np.array([efficiency / 2]), np.array([limit])
    return draw_lower_limits(*places, "up", accent, [f"0 of {background_jets} pass"], tip)


def _axis_titles(figure: go.Figure, comparison: Comparison, theme: Theme) -> None:
    background = comparison.dataset.titles[metrics.background_class(comparison.dataset)]
    shared = {"xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": 14, "color": theme.text}}
    figure.add_annotation(text="efficiency ε<sub>S</sub>", x=0.5, y=0, yshift=-30, yanchor="top", **shared)
    text = f"rejection of {background}, 1/ε<sub>B</sub>"
    figure.add_annotation(text=text, x=0, y=0.5, xshift=-58, textangle=-90, **shared)
    figure.update_layout(margin={"l": 70, "t": 30, "b": 56})
