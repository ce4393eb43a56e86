"""Draw the jet in the η-φ plane on paper."""

from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from part.figures import scale, style
from part.figures.display import Display, legend_marks, short_titles
from part.figures.matplotlib.style import new_figure, tex
from part.figures.palette import LIGHT, PAPER_MARKER, PAPER_NOTE, edge_colours
from part.figures.partons import PRONG, Partons

MAX_DIAMETER, MIN_DIAMETER = 12.0, 2.5  # pt, of markers
MAX_EDGE_WIDTH = 2.0  # pt
MAX_RING, MIN_RING = 20.0, 6.0  # pt, of partons
DASHES = (0, (3.0, 1.5))  # of edges between subjets


def draw_display(data: Display, width: float) -> Figure:
    figure = new_figure(data, width, 1.0 * width + 0.4)
    axes = figure.add_subplot()
    _edges(axes, data)
    _particles(axes, data)
    if data.jet_view.partons is not None:
        _partons(axes, data, data.jet_view.partons)
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
    colours = data.colours
    for rank, i in enumerate(np.argsort(-data.pt, kind="stable")):  # soft ones last, to stay visible
        chosen = i == data.selected
        axes.plot(
            [data.deta[i]],
            [data.dphi[i]],
            linestyle="none",
            marker=style.MATPLOTLIB_MARKERS[data.mark[i]],
            markersize=diameter[i],
            markerfacecolor=colours[i],
            markeredgecolor=LIGHT.accent if chosen else LIGHT.background,
            markeredgewidth=1.5 if chosen else 0.4,
            zorder=2 + rank / len(data.pt),
        )


def _partons(axes: Axes, data: Display, partons: Partons) -> None:
    """Draw a ring around each prong, and crosses where neutrinos and resonances fly, with their symbols."""
    size = np.maximum(MAX_RING * partons.relative_size, MIN_RING)
    for i, colour in enumerate(data.parton_colours):
        axes.plot(
            [partons.deta[i]],
            [partons.dphi[i]],
            linestyle="none",
            marker=style.MATPLOTLIB_PARTON_MARKERS[partons.kind[i]],
            markersize=size[i],
            markerfacecolor="none",
            markeredgecolor=colour or LIGHT.text,
            markeredgewidth=0.9,
            zorder=4,
        )
        axes.annotate(
            tex(partons.symbol(i)),
            (partons.deta[i], partons.dphi[i]),
            xytext=(0.36 * size[i], 0.36 * size[i] * (1 if partons.kind[i] == PRONG else -1)),
            textcoords="offset points",
            va="bottom" if partons.kind[i] == PRONG else "top",
            fontsize="small",
            color=LIGHT.text,
            zorder=5,
            annotation_clip=True,
            path_effects=[withStroke(linewidth=1.5, foreground=LIGHT.background)],
        )


def _legend(figure: Figure, data: Display) -> None:
    """Draw a legend below the axes with rows for species, subjets and kinds of edges."""
    marks = legend_marks(data.jet_view.constituents)
    species = [
        _legend_marker(title.replace("⁰", "$^0$"), style.MATPLOTLIB_MARKERS[mark], PAPER_MARKER)
        for mark, title in marks.items()
    ]
    titles, colours = zip(*data.colour_titles(), strict=True)
    titles = titles if data.colour_by == "subjet" else short_titles(titles)
    groups = [_legend_marker(tex(title), "o", colour) for title, colour in zip(titles, colours, strict=True)]
    edges = [
        Line2D([], [], color=LIGHT.edge, linewidth=1, linestyle=dashes, label=name)
        for name, dashes in (("within", "-"), ("between", DASHES))
        if len(data.weight)
    ]
    wide = figure.get_figwidth() > 3
    partons = _parton_entries(data)
    together = wide and not partons
    rows = [row for row in ((species, groups + edges) if together else (species, partons, groups, edges)) if row]
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


def _parton_entries(data: Display) -> list[Line2D]:
    partons = data.jet_view.partons
    entries = [] if partons is None else list(partons.kind_titles().items())
    markers = style.MATPLOTLIB_PARTON_MARKERS
    return [_legend_marker(tex(title), markers[kind], PAPER_MARKER, fillstyle="none") for kind, title in entries]


def _legend_marker(name: str, marker: str, colour: str, **more: Any) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=4.5, label=name, **more)
