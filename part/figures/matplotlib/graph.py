"""Draw graphs of components on paper."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from part.figures.graph import DASHES, Graph, line_width
from part.figures.matplotlib.style import tex
from part.figures.palette import LIGHT, NEGATIVE, PAPER_BLOCK, PAPER_FAINT, POSITIVE

STYLES = {"dot": ":", "dash": "--", "solid": "-"}
NODE = 7.5  # pt
WIDTH = 0.55  # of a line, relative to that on the screen
HALO = 3  # pt around the marked edge


def draw_graph(figure: Figure, axes: Axes, chart: Graph) -> Figure:
    """Draw the nodes over the edges; nodes that no drawn edge touches are faint."""
    for edge in reversed(chart.edges):
        x, y = chart.curve(edge)
        share = chart.share(edge)
        style = STYLES[DASHES.get(edge.channel, "solid")]
        colour = POSITIVE if edge.value >= 0 else NEGATIVE
        width = WIDTH * line_width(share)
        if edge is chart.marked_edge:
            axes.plot(x, y, color=LIGHT.text, linewidth=width + HALO, alpha=0.16)
        axes.plot(x, y, style, color=colour, linewidth=width, alpha=chart.opacity(edge, share))
    touched = chart.connected
    for number, node in enumerate(chart.nodes):
        rim, text = (LIGHT.text, LIGHT.text) if number in touched else (PAPER_BLOCK, PAPER_FAINT)
        axes.plot(
            [node.x], [node.y], "o", markersize=NODE, color=LIGHT.background, markeredgecolor=rim, markeredgewidth=0.5
        )
        axes.text(node.x, node.y, tex(node.label), ha="center", va="center_baseline", fontsize=4.2, color=text)
    places, names = zip(*chart.ticks, strict=True)
    axes.set_xticks(places, [tex(name) for name in names], fontsize=6)
    axes.set(xlim=(-0.6, max(node.x for node in chart.nodes) + 0.6), ylim=(chart.rows + 0.7, 0.2))
    axes.tick_params(length=0, top=False)
    axes.set_yticks([])
    axes.spines[["left", "right", "top"]].set_visible(False)
    note = f"red above 0, blue below 0, {chart.unit}; {chart.legend}".replace("····", "dotted").replace("– –", "dashed")
    axes.set_xlabel(note.replace("——", "solid"), fontsize=6)
    return figure
