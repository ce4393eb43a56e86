"""Draw flame charts with plotly."""

import plotly.graph_objects as go

from part.figures.flame import Flame
from part.figures.palette import Theme
from part.figures.plotly.theme import empty_figure


def draw_flame(chart: Flame, theme: Theme, height: int) -> go.Figure:
    """Draw the whole at the bottom and its parts above; a click zooms into a part."""
    nodes = chart.nodes()
    numbers = [chart.colour(path) for path in nodes]
    colours = [theme.grid if i is None else theme.series[i % len(theme.series)] for i in numbers]
    figure = empty_figure(theme, height, None)
    figure.add_trace(
        go.Icicle(
            ids=["/".join(path) or "/" for path in nodes],
            labels=[path[-1] if path else chart.root for path in nodes],
            parents=["" if not path else "/".join(path[:-1]) or "/" for path in nodes],
            values=list(nodes.values()),
            branchvalues="total",
            sort=False,
            tiling={"orientation": "v", "flip": "y"},
            marker={
                "colors": colours,
                "line": {"width": 1, "color": theme.background},
            },
            textfont={"size": 12},
            pathbar={"visible": True, "thickness": 20},
            hovertemplate=f"%{{id}}: <b>%{{value:.3~g}} {chart.unit}</b>, %{{percentRoot:.1%}}<extra></extra>",
        )
    )
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 24, "b": 0})
