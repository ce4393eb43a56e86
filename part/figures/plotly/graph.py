"""Draw graphs of components with plotly."""

import numpy as np
import plotly.graph_objects as go

from part.figures.graph import DASHES, Graph, GraphEdge, line_width
from part.figures.palette import NEGATIVE, POSITIVE, Theme, rgba
from part.figures.plotly.theme import empty_figure, to_html, write_legend

STEPS = 5  # widths of edges; one trace for each, since plotly is slow with many
NODE = 19  # px
HANDLE = 11  # px of the invisible marks along edges, which a pointer finds
HALO = 8  # px around the marked edge


def draw_graph(chart: Graph, theme: Theme, height: int) -> go.Figure:
    """Draw the nodes over the edges; nodes that no drawn edge touches are faint."""
    figure = empty_figure(theme, height, None)
    for trace in (*_halo(chart, theme), *_edges(chart)):
        figure.add_trace(trace)
    figure.add_trace(_handles(chart))
    figure.add_trace(_nodes(chart, theme))
    places, names = zip(*chart.ticks, strict=True)
    right = max(node.x for node in chart.nodes) + 0.6
    figure.update_xaxes(tickvals=places, ticktext=[to_html(name) for name in names], range=[-0.6, right], ticks="")
    figure.update_yaxes(visible=False, range=[chart.rows + 0.7, 0.2])
    write_legend(figure, _legend(chart, theme))
    return figure.update_layout(margin={"l": 4, "r": 4, "b": 28})


def _legend(chart: Graph, theme: Theme) -> list[tuple[str, str]]:
    texts = [(theme.faint, text) for text in chart.legend.split("   ")]
    return [(POSITIVE, "━ above 0"), (NEGATIVE, "━ below 0"), *texts]


def _halo(chart: Graph, theme: Theme) -> list[go.Scatter]:
    """Return what surrounds the marked edge."""
    if (edge := chart.marked_edge) is None:
        return []
    x, y = chart.curve(edge)
    line = {"color": rgba(theme.text, 0.16), "width": line_width(chart.share(edge)) + HALO}
    return [go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")]


def _edges(chart: Graph) -> list[go.Scatter]:
    """Return the lines, those of equal colour, width and dash together."""
    groups: dict[tuple[int, str, str], list[GraphEdge]] = {}
    for edge in reversed(chart.edges):  # the strongest last, above the others
        step = min(int(chart.share(edge) * STEPS), STEPS - 1)
        opacity = chart.opacity(edge, (step + 0.5) / STEPS)
        colour = rgba(POSITIVE if edge.value >= 0 else NEGATIVE, opacity)
        groups.setdefault((step, colour, DASHES.get(edge.channel, "solid")), []).append(edge)
    traces = []
    for (step, colour, dash), edges in sorted(groups.items(), key=lambda item: item[0][0]):
        curves = [chart.curve(edge) for edge in edges]
        x, y = (np.concatenate([np.append(curve[axis], np.nan) for curve in curves]) for axis in (0, 1))
        line = {"color": colour, "width": line_width((step + 0.5) / STEPS), "dash": dash}
        traces.append(go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip"))
    return traces


def _handles(chart: Graph) -> go.Scatter:
    """Return invisible marks along the edges that tell what each carries."""
    x, y, numbers = chart.handles()
    texts = [to_html(edge.text).replace("\n", "<br>") for edge in chart.edges]
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"size": HANDLE, "opacity": 0},
        text=[texts[number] for number in numbers],
        hovertemplate="%{text}<extra></extra>",
        name="edges",
    )


def _nodes(chart: Graph, theme: Theme) -> go.Scatter:
    touched = chart.connected
    strong = [number in touched for number in range(len(chart.nodes))]
    marker = {
        "size": NODE,
        "color": theme.background,
        "opacity": 1.0,
        "line": {"width": 1.2, "color": [theme.text if known else theme.grid for known in strong]},
    }
    click = "Click to see it in Explore"
    return go.Scatter(
        x=[node.x for node in chart.nodes],
        y=[node.y for node in chart.nodes],
        mode="markers+text",
        marker=marker,
        text=[to_html(node.label) for node in chart.nodes],
        textfont={"size": 10, "color": [theme.text if known else theme.faint for known in strong]},
        customdata=[
            "<br>".join(filter(None, (f"<b>{to_html(node.name)}</b>", to_html(node.text), click if node.head else "")))
            for node in chart.nodes
        ],
        hovertemplate="%{customdata}<extra></extra>",
        name="nodes",
    )
