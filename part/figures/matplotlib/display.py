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
from part.figures.edge_legend import BETWEEN, DIRECTION, SIGNS, WITHIN, width_titles
from part.figures.matplotlib.style import COLUMN_AND_A_HALF, mathtext_superscripts, new_figure, tex
from part.figures.palette import LIGHT, NEGATIVE, PAPER_MARKER, PAPER_NOTE, POSITIVE, edge_colours
from part.figures.partons import PRONG, Partons
from part.figures.style import COLUMN

MAX_DIAMETER, MIN_DIAMETER = 12.0, 2.5  # pt, of markers
MAX_EDGE_WIDTH = 2.0  # pt
MAX_RING, MIN_RING = 20.0, 6.0  # pt, of partons
DASHES = (0, (3.0, 1.5))  # of edges between subjets


def draw_display(data: Display, width: float) -> Figure:
    figure = new_figure(data, width, 1.0 * width + 0.4)
    display_panel(figure.add_subplot(), data)
    draw_legend(figure, data, width)
    return figure


def display_panel(axes: Axes, data: Display, extent: float | None = None) -> None:
    """Draw the jet without a legend, in the square that the figure asks for or in a larger one."""
    x, y, half = data.square
    half = half if extent is None or data.view.zoom else extent
    _edges(axes, data)
    _particles(axes, data)
    if data.jet_view.partons is not None:
        _partons(axes, data, data.jet_view.partons)
    axes.set_xlim(x - half, x + half)
    axes.set_ylim(y - half, y + half)
    axes.set_aspect("equal")
    for axis, middle in ((axes.xaxis, x), (axes.yaxis, y)):
        marks = scale.ticks((middle - half, middle + half), "linear")
        marks = [(value, label) for value, label in marks if abs(value - middle) < half]
        axis.set_ticks([value for value, _ in marks], [label for _, label in marks])
    axes.minorticks_on()
    axes.tick_params(which="both", top=True, right=True)
    axes.set_xlabel(tex("Δη"), loc="right")
    axes.set_ylabel(tex("Δφ"), loc="top")
    if data.n_outside:
        kind, where = ("constituent", "outside") if data.view.zoom else ("soft constituent", "at the border")
        note = f"{data.n_outside} {kind}{'s' * (data.n_outside > 1)} {where}"
        axes.text(0.02, 0.98, note, transform=axes.transAxes, va="top", fontsize="x-small", color=PAPER_NOTE)


def _edges(axes: Axes, data: Display) -> None:
    colours = edge_colours(data.weight, data.signed, LIGHT.edge)
    widths = style.edge_width(data.strength, MAX_EDGE_WIDTH)
    opacities = style.edge_opacity(data.strength)
    for e in range(len(data.weight))[::-1]:  # draws the strongest on top
        ends = [data.query[e], data.key[e]]
        x, y = data.drawn[:, ends]
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
    colours, place = data.colours, data.drawn
    for rank, i in enumerate(np.argsort(-data.pt, kind="stable")):  # soft ones last, to stay visible
        chosen = i == data.selected
        axes.plot(
            [place[0, i]],
            [place[1, i]],
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


def draw_legend(figure: Figure, data: Display, width: float) -> None:
    """Draw a legend below the axes of a figure of some width, with rows for species, subjets and kinds of edges."""
    marks = legend_marks(data.jet_view.constituents)
    species = [
        _legend_marker(title.replace("⁰", "$^0$"), style.MATPLOTLIB_MARKERS[mark], PAPER_MARKER)
        for mark, title in marks.items()
    ]
    titles, colours = zip(*data.colour_titles(), strict=True)
    titles = titles if data.colour_by == "subjet" else short_titles(titles)
    groups = [_legend_marker(tex(title), "o", colour) for title, colour in zip(titles, colours, strict=True)]
    edges, widths = (_edge_entries(data), _width_entries(data)) if len(data.weight) else ([], [])
    if width < COLUMN:
        for entry in edges[:2] + widths:
            entry.set_label(_short(str(entry.get_label())))
    wide = width > COLUMN_AND_A_HALF
    partons = _parton_entries(data)
    most = 3 if width < COLUMN else 5  # of species in a row
    narrow = [species[:most], species[most:], partons, groups, edges[:3], edges[3:], widths]
    rows = list(filter(None, [species + partons, groups, edges + widths] if wide else narrow))
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


def _short(title: str) -> str:
    """Return "within" of "within a subjet", and the number of "attention ≤10⁻⁴"."""
    return title.split()[-1] if "$" in title or title[-1].isdigit() else title.split()[0]


def _edge_entries(data: Display) -> list[Line2D]:
    """Return the entries of the kinds of lines, of their arrow heads and, if there are two signs, of their colours."""
    kinds: list[tuple[str, dict[str, Any]]] = [
        (WITHIN, {"linestyle": "-"}),
        (BETWEEN, {"linestyle": DASHES}),
        (DIRECTION, {"linewidth": 0.6, "marker": (3, 0, -90), "markersize": 4, "markeredgewidth": 0}),
    ]
    if data.signed:
        kinds += [(SIGNS[0], {"color": POSITIVE}), (SIGNS[1], {"color": NEGATIVE})]
    plain: dict[str, Any] = {"color": LIGHT.edge, "linewidth": 1.0}
    return [Line2D([], [], label=name, **plain | line) for name, line in kinds]


def _width_entries(data: Display) -> list[Line2D]:
    widths = style.edge_width(np.array([0.0, 1.0]), MAX_EDGE_WIDTH)
    titles = [tex(mathtext_superscripts(title)) for title in width_titles(data)]
    return [
        Line2D([], [], color=LIGHT.edge, linewidth=max(width, 0.3), label=title)
        for width, title in zip(widths, titles, strict=True)
    ]


def _parton_entries(data: Display) -> list[Line2D]:
    partons = data.jet_view.partons
    entries = [] if partons is None else list(partons.kind_titles().items())
    markers = style.MATPLOTLIB_PARTON_MARKERS
    return [_legend_marker(tex(title), markers[kind], PAPER_MARKER, fillstyle="none") for kind, title in entries]


def _legend_marker(name: str, marker: str, colour: str, **more: Any) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=4.5, label=name, **more)
