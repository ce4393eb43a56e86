"""Flame charts on paper."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from part.figures.charts import Flame
from part.figures.matplotlib.style import tex

LETTER = 0.009  # of the chart's width


def draw_flame(figure: Figure, axes: Axes, chart: Flame, colours: Sequence[str]) -> Figure:
    """From the bottom up."""
    nodes = chart.nodes()
    whole = nodes[()] or 1.0
    left = {(): 0.0}  # where the next child of a node begins
    for path, value in sorted(nodes.items(), key=lambda item: len(item[0])):
        start = left[path[:-1]] if path else 0.0
        if path:
            left[path[:-1]] += value / whole
        left[path] = start
        number = chart.colour(path)
        colour = "#d5d8df" if number is None else colours[number % len(colours)]
        box = Rectangle((start, len(path)), value / whole, 1, facecolor=colour, edgecolor="white", linewidth=0.3)
        axes.add_patch(box)
        name = path[-1] if path else f"{chart.root}: {whole:.3g} {chart.unit}"
        if LETTER * len(name) < value / whole:
            middle = start + value / whole / 2
            light = "black" if number is None else "white"
            axes.text(middle, len(path) + 0.5, tex(name), ha="center", va="center", fontsize=5, color=light)
    axes.set(xlim=(0, 1), ylim=(0, 1 + max(map(len, nodes))))
    axes.set_axis_off()
    return figure
