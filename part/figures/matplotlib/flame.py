"""Draw flame charts on paper."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from part.figures.flame import Flame
from part.figures.matplotlib.style import tex
from part.figures.palette import DARK_TEXT, LIGHT, LIGHT_TEXT, PAPER_BLOCK

CHARACTER = 0.009  # of the chart's width


def draw_flame(figure: Figure, axes: Axes, chart: Flame) -> Figure:
    """Draw the whole at the bottom and its parts above."""
    nodes = chart.nodes()
    total = nodes[()] or 1.0
    left: dict[tuple[str, ...], float] = {(): 0.0}  # where the next child of a node begins
    for path, value in sorted(nodes.items(), key=lambda item: len(item[0])):
        start = left[path[:-1]] if path else 0.0
        if path:
            left[path[:-1]] += value / total
        left[path] = start
        number = chart.colour(path)
        colour = PAPER_BLOCK if number is None else LIGHT.series[number % len(LIGHT.series)]
        box = Rectangle(
            (start, len(path)), value / total, 1, facecolor=colour, edgecolor=LIGHT.background, linewidth=0.3
        )
        axes.add_patch(box)
        name = path[-1] if path else f"{chart.root}: {total:.3g} {chart.unit}"
        if CHARACTER * len(name) < value / total:
            middle = start + value / total / 2
            text = DARK_TEXT if number is None else LIGHT_TEXT
            axes.text(middle, len(path) + 0.5, tex(name), ha="center", va="center", fontsize=5, color=text)
    axes.set(xlim=(0, 1), ylim=(0, 1 + max(map(len, nodes))))
    axes.set_axis_off()
    return figure
