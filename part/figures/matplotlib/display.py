"""The jet in the η-φ plane on paper."""

from itertools import zip_longest

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from part.figures import scale, style
from part.figures.display import Display
from part.figures.matplotlib.style import new_figure, tex

LARGEST, SMALLEST = 12.0, 2.5  # pt, markers
WIDEST = 2.0  # pt, an edge of full strength
DASHES = (0, (3.0, 1.5))  # between subjets
EDGE, CHOSEN = "#3c4254", "#2a6fdb"


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
    if data.outside:
        note = f"{data.outside} constituent{'s' * (data.outside > 1)} outside"
        axes.text(0.02, 0.98, note, transform=axes.transAxes, va="top", fontsize="x-small", color="0.35")
    _legend(figure, data)
    return figure


def _edges(axes: Axes, data: Display) -> None:
    colours = style.edge_colours(data.weight, data.signed, EDGE)
    widths = style.edge_width(data.strength, WIDEST)
    opacities = style.edge_opacity(data.strength)
    for e in range(len(data.weight))[::-1]:  # the strongest on top
        ends = [data.query[e], data.key[e]]
        x, y = data.deta[ends], data.dphi[ends]
        look = {"color": colours[e], "alpha": float(opacities[e])}
        dashes = "-" if data.within[e] else DASHES
        axes.plot(x, y, linewidth=widths[e], linestyle=dashes, solid_capstyle="butt", zorder=1, **look)
        angle = float(np.degrees(np.arctan2(y[1] - y[0], x[1] - x[0])))
        at = [float(ends[0] + style.ARROW_AT * (ends[1] - ends[0])) for ends in (x, y)]
        head = {"marker": (3, 0, angle - 90), "markersize": 2.0 + 1.2 * widths[e], "markeredgewidth": 0}
        axes.plot(*([position] for position in at), linestyle="none", zorder=1.5, **head, **look)


def _particles(axes: Axes, data: Display) -> None:
    diameter = np.maximum(LARGEST * data.size, SMALLEST) * np.array(style.MARKER_SCALE)[data.species]
    for rank, i in enumerate(np.argsort(-data.pt, kind="stable")):  # soft ones in front stay visible
        chosen = i == data.selected
        axes.plot(
            [data.deta[i]],
            [data.dphi[i]],
            linestyle="none",
            marker=style.MATPLOTLIB_MARKERS[data.species[i]],
            markersize=diameter[i],
            markerfacecolor=style.subjet_colour(data.subjet[i]),
            markeredgecolor=CHOSEN if chosen else "white",
            markeredgewidth=1.5 if chosen else 0.4,
            zorder=2 + rank / len(data.pt),
        )


def _legend(figure: Figure, data: Display) -> None:
    """Below the axes: rows for the species there are, the subjets and the kinds of edges."""
    known = sorted(set(data.species.tolist()) - {-1}) if data.scene.constituents.has_species else []
    species = [_entry(style.SYMBOLS[i].replace("⁰", "$^0$"), style.MATPLOTLIB_MARKERS[i], "0.45") for i in known]
    subjets = [_entry(f"subjet {i + 1}", "o", style.subjet_colour(i)) for i in sorted(set(data.subjet.tolist()))]
    edges = [
        Line2D([], [], color=EDGE, linewidth=1, linestyle=dashes, label=name)
        for name, dashes in (("within", "-"), ("between", DASHES))
        if len(data.weight)
    ]
    wide = figure.get_figwidth() > 3
    rows = [row for row in ((species, subjets + edges) if wide else (species, subjets, edges)) if row]
    columns = zip_longest(*rows, fillvalue=_entry(" ", "", "none"))  # matplotlib fills column by column
    figure.legend(
        handles=[entry for column in columns for entry in column],
        loc="outside lower center",
        ncols=max(len(row) for row in rows),
        columnspacing=1.0 if wide else 0.4,
        handlelength=1.6,
        handletextpad=0.3,
        borderpad=0.2,
    )


def _entry(name: str, marker: str, colour: str) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=4.5, label=name)
