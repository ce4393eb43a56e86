"""Draw a number per constituent in the η-φ plane on paper: colour is the number, size pT, the marker species."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from part.figures import style
from part.figures.charts import Plane, colour_limits
from part.figures.display import legend_marks
from part.figures.matplotlib.style import tex
from part.figures.palette import PAPER_MARKER, PAPER_OUTLINE, colormap

MAX_DIAMETER, MIN_DIAMETER = 12.0, 2.5  # pt


def draw_plane(figure: Figure, axes: Axes, chart: Plane) -> Figure:
    jet = chart.jet
    colours = ListedColormap(colormap(chart.signed) / 255)
    shared: dict[str, Any] = {
        "cmap": colours,
        "norm": Normalize(*colour_limits(chart)),
        "edgecolors": PAPER_OUTLINE,
        "linewidths": 0.4,
    }
    diameter = np.maximum(MAX_DIAMETER * jet.relative_size, MIN_DIAMETER) * np.array(style.MARKER_SCALE)[jet.mark]
    for rank, i in enumerate(np.argsort(-jet.pt, kind="stable")):  # soft ones last, to stay visible
        marker = style.MATPLOTLIB_MARKERS[jet.mark[i]]
        points = axes.scatter(
            *jet.drawn[:, [i]],
            diameter[i] ** 2,
            chart.values[[i]],
            marker=marker,
            zorder=2 + rank / len(jet.pt),
            **shared,
        )
    axes.set(xlim=(-jet.extent, jet.extent), ylim=(-jet.extent, jet.extent), aspect="equal")
    axes.set(xlabel=tex("Δη"), ylabel=tex("Δφ"))
    bar = figure.colorbar(points, ax=axes, fraction=0.046, pad=0.02)
    bar.set_label(tex(chart.unit))
    bar.outline.set_linewidth(0.5)
    marks = legend_marks(jet.jet_view.constituents)
    handles = [_legend_marker(mark, title) for mark, title in marks.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=5, fontsize=6)
    return figure


def _legend_marker(mark: int, title: str) -> Line2D:
    name, marker = title.replace("⁰", "$^0$"), style.MATPLOTLIB_MARKERS[mark]
    return Line2D([], [], linestyle="none", marker=marker, color=PAPER_MARKER, markersize=4.5, label=name)
