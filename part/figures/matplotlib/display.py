"""Draw the jet in the η-φ plane on paper."""

from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from part.figures import scale, style
from part.figures.display import Display, legend_marks
from part.figures.matplotlib.style import new_figure, tex
from part.figures.palette import LIGHT, PAPER_MARKER, PAPER_NOTE, edge_colours, subjet_colour

MAX_DIAMETER, MIN_DIAMETER = 12.0, 2.5  # pt, of markers
MAX_EDGE_WIDTH = 2.0  # pt
DASHES = (0, (3.0, 1.5))  # of edges between subjets


def draw_display(data: Display, width: float) -> Figure:
    figure = new_figure(data, width, 1.0 * width + 0.4)
    axes = figure.add_subplot()
    _edges(axes, data)
    _particles(axes, data)
    axes.set_xlim(-data.extent, data.extent)
    axes.set_ylim(-data.extent, data.extent)
    axes.set_aspect("equal")
    marks = [mark for mark in scale.ticks((-data.extent, data.extent), "linear") if abs(mark[0]) < data.extent]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([value for value, _ in marks], [label for _, label in marks])
    axes.minorticks_on()
    axes.tick_params(which="both", top=True, right=True)
    axes.set_xlabel(tex("Δη"), loc="right")
    axes.set_ylabel(tex("Δφ"), loc="top")
    if data.n_outside:
        note = f"{data.n_outside} constituent{'s' * (data.n_outside > 1)} outside"
        axes.text(0.02, 0.98, note, transform=axes.transAxes, va="top", fontsize="x-small", color=PAPER_NOTE)
    _legend(figure, data)
    return figure


def _edges(axes: Axes, data: Display) -> None:
    colours = edge_colours(data.weight, data.signed, LIGHT.edge)
    widths = style.edge_width(data.strength, MAX_EDGE_WIDTH)
    opacities = style.edge_opacity(data.strength)
    for e in range(len(data.weight))[::-1]:  # draws the strongest on top
        ends = [data.query[e], data.key[e]]
        x, y = data.deta[ends], data.dphi[ends]
        colour: dict[str, Any] = {"color": colours[e], "alpha": float(opacities[e])}
        dashes = "-" if data.within_subjet[e] else DASHES
        axes.plot(x, y, linewidth=widths[e], linestyle=dashes, solid_capstyle="butt", zorder=1, **colour)
        angle = float(np.degrees(np.arctan2(y[1] - y[0], x[1] - x[0])))
        position = [[float(ends[0] + style.ARROW_POSITION * (ends[1] - ends[0]))] for ends in (x, y)]
        arrow: dict[str, Any] = {
            "marker": (3, 0, angle - 90),
            "markersize": 2.0 + 1.2 * widths[e],
            "markeredgewidth": 0,
        }
        axes.plot(*position, linestyle="none", zorder=1.5, **arrow, **colour)


def _particles(axes: Axes, data: Display) -> None:
    diameter = np.maximum(MAX_DIAMETER * data.relative_size, MIN_DIAMETER) * np.array(style.MARKER_SCALE)[data.mark]
    for rank, i in enumerate(np.argsort(-data.pt, kind="stable")):  # soft ones last, to stay visible
        chosen = i == data.selected
        axes.plot(
            [data.deta[i]],
            [data.dphi[i]],
            linestyle="none",
            marker=style.MATPLOTLIB_MARKERS[data.mark[i]],
            markersize=diameter[i],
            markerfacecolor=subjet_colour(data.subjet[i]),
            markeredgecolor=LIGHT.accent if chosen else LIGHT.background,
            markeredgewidth=1.5 if chosen else 0.4,
            zorder=2 + rank / len(data.pt),
        )


def _legend(figure: Figure, data: Display) -> None:
    """Draw a legend below the axes with rows for species, subjets and kinds of edges."""
    marks = legend_marks(data.jet_view.constituents)
    species = [
        _legend_marker(title.replace("⁰", "$^0$"), style.MATPLOTLIB_MARKERS[mark], PAPER_MARKER)
        for mark, title in marks.items()
    ]
    subjets = [_legend_marker(f"subjet {i + 1}", "o", subjet_colour(i)) for i in sorted(set(data.subjet.tolist()))]
    edges = [
        Line2D([], [], color=LIGHT.edge, linewidth=1, linestyle=dashes, label=name)
        for name, dashes in (("within", "-"), ("between", DASHES))
        if len(data.weight)
    ]
    wide = figure.get_figwidth() > 3
    rows = [row for row in ((species, subjets + edges) if wide else (species, subjets, edges)) if row]
    columns = zip_longest(*rows, fillvalue=_legend_marker(" ", "", "none"))  # matplotlib fills column by column
    figure.legend(
        handles=[entry for column in columns for entry in column],
        loc="outside lower center",
        ncols=max(len(row) for row in rows),
        columnspacing=1.0 if wide else 0.4,
        handlelength=1.6,
        handletextpad=0.3,
        borderpad=0.2,
    )


def _legend_marker(name: str, marker: str, colour: str) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=4.5, label=name)
