"""Draw the matrices of a comparison: confusion, agreement, heads.

Shapes: M models, C classes, L layers, H heads.
"""

import textwrap
from typing import Any

import numpy as np
import plotly.graph_objects as go

from part.comparison.result import Comparison
from part.figures.palette import Theme, get_theme
from part.figures.plotly.comparison.shares import NAMES_WIDTH, short_names
from part.figures.plotly.contrast import with_contrast
from part.figures.plotly.fitting import fit_numbers
from part.figures.plotly.theme import bar_above, colorscale, empty_figure, flat_colorbar

FEW_CLASSES = 12  # whose names and numbers have room
MAX_CLASSES = 24  # of a confusion matrix


def draw_confusion(comparison: Comparison, model: int, theme_name: str, height: int) -> go.Figure:
    """Draw the per cent of each class (row) predicted as each class (column); classes without jets are empty."""
    shown, theme = _grid_of(confusion_classes(comparison)), get_theme(theme_name)
    percent = _percent(comparison, model)[shown]
    texts = [["" if np.isnan(v) or v < 1 else f"{v:.0f}" for v in row] for row in percent]
    tip = "%{y} predicted as %{x}: <b>%{z:.1f} %</b>, %{customdata} jets<extra></extra>"
    matrix = comparison.confusion(model)
    counts = np.char.add(np.char.add(matrix.astype(str), " of "), matrix.sum(1, keepdims=True).astype(str))[shown]
    figure = _map(percent, texts, (0, 100), theme, height, tip, counts)
    figure = _by_class(figure, comparison)
    _show_scale(figure, (0, 100), theme)
    return with_contrast(_fitted(figure))


def confusion_classes(comparison: Comparison) -> np.ndarray:
    """Return the classes that are drawn: all, or of many those with the most jets, true or predicted, in their order.

    Their indices are those of the models' classes.
    """
    n_classes = len(comparison.dataset.titles)
    if n_classes <= MAX_CLASSES:
        return np.arange(n_classes)
    matrices = [comparison.confusion(m) for m in range(len(comparison.names))]
    jets = sum(matrix.sum(1) + matrix.sum(0) for matrix in matrices)
    return np.sort(np.argsort(-jets, kind="stable")[:MAX_CLASSES])


def _grid_of(classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of the rows and columns of these classes in a matrix."""
    rows, columns = np.ix_(classes, classes)
    return rows, columns


def draw_confusion_change(comparison: Comparison, model: int, theme_name: str, height: int) -> go.Figure:
    """Draw the confusion of a model minus that of the first, in percentage points."""
    cells, theme = _grid_of(confusion_classes(comparison)), get_theme(theme_name)
    change = (_percent(comparison, model) - _percent(comparison, 0))[cells]
    known = np.abs(change[np.isfinite(change)])
    largest = max(float(known.max(initial=0)), 1.0)
    digits, least = (1, 0.05) if largest < 10 else (0, 0.5)
    shown = np.abs(change) >= least  # also False where there are no jets
    texts = np.where(shown, [[f"{v:+.{digits}f}".replace("-", "−") for v in row] for row in change], "").tolist()
    tip = "%{y} predicted as %{x}: <b>%{z:+.1f}</b> points<extra></extra>"
    figure = _map(change, texts, (-largest, largest), theme, height, tip, change)
    figure.update_traces(colorscale=colorscale(True, theme))
    figure = _by_class(figure, comparison)
    _show_scale(figure, (-largest, largest), theme)
    return with_contrast(_fitted(figure))


def _percent(comparison: Comparison, model: int) -> np.ndarray:
    counts = comparison.confusion(model)
    total = counts.sum(1, keepdims=True)
    return np.divide(100 * counts, total, out=np.full(counts.shape, np.nan), where=total > 0)


def _by_class(figure: go.Figure, comparison: Comparison) -> go.Figure:
    titles = [comparison.dataset.titles[c] for c in confusion_classes(comparison)]
    marks: dict[str, Any] = {"tickvals": list(range(len(titles))), "ticktext": titles}
    if len(titles) > FEW_CLASSES:
        marks["tickfont"] = {"size": 10}
        figure.update_traces(texttemplate="")  # hovers tell the numbers
    figure.update_xaxes(marks, tickangle=-55 if len(titles) <= FEW_CLASSES else -90, title_text="predicted as")
    figure.update_yaxes(marks, title_text="class")
    longest = max(map(len, titles))
    left, below = max(84, min(7 * longest + 30, 170)), max(92, min(6 * longest + 40, 150))
    return figure.update_layout(margin={"l": left, "b": below, "t": 4})


def draw_agreement(comparison: Comparison, theme_name: str, height: int) -> go.Figure:
    """Draw the per cent of jets that two models predict as the same class."""
    theme = get_theme(theme_name)
    percent = 100 * comparison.agreement
    texts = [[f"{v:.1f}" for v in row] for row in percent]
    tip = "%{y} and %{x} agree on <b>%{customdata:.2f} %</b><extra></extra>"
    figure = _map(100 - percent, texts, (0, max(50.0, float(100 - percent.min()))), theme, height, tip, percent)
    positions = list(range(len(comparison.names)))
    width = 64 // len(positions) - 3
    below = ["<br>".join(textwrap.wrap(name.replace("_", "_ "), width)) for name in comparison.names]
    figure.update_xaxes(tickvals=positions, ticktext=below, tickangle=0)
    figure.update_yaxes(tickvals=positions, ticktext=short_names(comparison))
    return with_contrast(_fitted(figure.update_layout(margin={"l": NAMES_WIDTH, "b": 46, "t": 4})))


def draw_heads(values: np.ndarray, title: str, theme_name: str, height: int, largest: float | None = None) -> go.Figure:
    """Draw a number per head (L, H), small ones in units of a power of ten; the scale ends at the largest.

    The largest number may be given, of several maps that share their scale.
    """
    theme, largest = get_theme(theme_name), largest or float(values.max()) or 1.0
    power = int(np.floor(np.log10(largest))) if largest < 0.01 else 0
    texts = [[f"{v / 10.0**power:.{2 if largest < 1 and not power else 1}f}" for v in row] for row in values]
    tip = f"Layer %{{y}}, head %{{x}}: <b>%{{z:.3~g}}</b> {title}<extra></extra>"
    figure = _map(values, texts, (0, largest), theme, height, tip, values)
    figure.update_traces(x0=1, y0=1)
    figure.update_xaxes(dtick=1, title_text=f"Head (numbers × 10<sup>{power}</sup>)" if power else "Head")
    figure.update_yaxes(dtick=1, title_text="Layer")
    _show_scale(figure, (0, largest), theme)
    return with_contrast(_fitted(figure))


def _fitted(figure: go.Figure) -> go.Figure:
    """Return the figure with numbers of the size for which its cells have room."""
    cells, margin = figure.data[0], figure.layout.margin
    if cells.texttemplate:
        height = figure.layout.height - margin.t - margin.b
        cells.texttemplate = fit_numbers([list(row) for row in cells.text], 12, margin.l + margin.r, height)
    return figure


def _show_scale(figure: go.Figure, limits: tuple[float, float], theme: Theme) -> None:
    """Draw the colour bar above; the caption says the unit."""
    figure.update_traces(showscale=True, colorbar=flat_colorbar(limits, theme))
    bar_above(figure)


def _map(
    values: np.ndarray,
    texts: list,
    limits: tuple[float, float],
    theme: Theme,
    height: int,
    tip: str,
    custom: np.ndarray,
) -> go.Figure:
    """Draw cells with a gap between them, the first row on top."""
    figure = empty_figure(theme, height, None)
    figure.add_trace(
        go.Heatmap(
            z=values,
            customdata=custom,
            text=texts,
            texttemplate="%{text}",
            textfont={"size": 12},
            zmin=limits[0],
            zmax=limits[1],
            colorscale=colorscale(False, theme),
            showscale=False,
            xgap=1,
            ygap=1,
            hoverongaps=False,
            hovertemplate=tip,
        )
    )
    plain = {"ticks": "", "showline": False, "ticklabelstandoff": 4, "tickfont": {"size": 12, "color": theme.text}}
    figure.update_xaxes(plain)
    figure.update_yaxes(plain, autorange="reversed")
    return figure
