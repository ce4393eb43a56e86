"""Flame charts in plotly."""

from collections.abc import Sequence

import plotly.graph_objects as go

from part.figures.charts import Flame
from part.figures.plotly.theme import Theme, base


def draw_flame(chart: Flame, look: Theme, height: int, colours: Sequence[str]) -> go.Figure:
    """From the bottom up; a click goes into a part."""
    nodes = chart.nodes()
    filled = [None if (i := chart.colour(path)) is None else colours[i % len(colours)] for path in nodes]
    figure = base(look, height, None)
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
                "colors": [colour or look.grid for colour in filled],
                "line": {"width": 1, "color": look.background},
            },
            textfont={"size": 12},
            pathbar={"visible": True, "thickness": 20},
            hovertemplate=f"%{{id}}: <b>%{{value:.3~g}} {chart.unit}</b>, %{{percentRoot:.1%}}<extra></extra>",
        )
    )
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 24, "b": 0})
