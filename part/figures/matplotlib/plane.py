"""A number for each constituent in the η-φ plane, on paper: colour the number, size pT, marker species."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from part.figures import scale, style
from part.figures.charts import Plane, colour_limits
from part.figures.matplotlib.style import tex

LARGEST, SMALLEST = 12.0, 2.5  # pt, markers


def draw_plane(figure: Figure, axes: Axes, chart: Plane) -> Figure:
    jet = chart.jet
    colours = ListedColormap(scale.palette("bias" if chart.signed else "pattern") / 255)
    shared = {"cmap": colours, "norm": Normalize(*colour_limits(chart)), "edgecolors": "0.4", "linewidths": 0.4}
    diameter = np.maximum(LARGEST * jet.size, SMALLEST) * np.array(style.MARKER_SCALE)[jet.species]
    for rank, i in enumerate(np.argsort(-jet.pt, kind="stable")):  # soft ones in front stay visible
        marker = style.MATPLOTLIB_MARKERS[jet.species[i]]
        points = axes.scatter(
            jet.deta[[i]],
            jet.dphi[[i]],
            diameter[i] ** 2,
            chart.values[[i]],
            marker,
            zorder=2 + rank / len(jet.pt),
            **shared,
        )
    axes.set(xlim=(-jet.extent, jet.extent), ylim=(-jet.extent, jet.extent), aspect="equal")
    axes.set(xlabel=tex("Δη"), ylabel=tex("Δφ"))
    bar = figure.colorbar(points, ax=axes, fraction=0.046, pad=0.02)
    bar.set_label(tex(chart.unit))
    bar.outline.set_linewidth(0.5)
    known = sorted(set(jet.species.tolist()) - {-1})
    figure.legend(handles=[_entry(index) for index in known], loc="outside lower center", ncols=5, fontsize=6)
    return figure


def _entry(species: int) -> Line2D:
    name = style.SYMBOLS[species].replace("⁰", "$^0$")
    marker = style.MATPLOTLIB_MARKERS[species]
    return Line2D([], [], linestyle="none", marker=marker, color="0.45", markersize=4.5, label=name)
