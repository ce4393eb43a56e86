"""Maps of heads, and graphs, that open a head in Explore when it is clicked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.components.guard import callback
from app.components.study.to_explore import open_in_explore
from app.services.library import Graph, HeadMap

CELL = 34  # pixels of the invisible mark on each cell, which plotly needs to tell what is clicked
CONFIG = {"displayModeBar": False}
OnEdge = Callable[[str], None]  # receives the key of an edge


@dataclass(frozen=True)
class Opens:
    """What a click on a head opens in Explore.

    Attributes
    ----------
    choices : callable
        From layer and head to the shared choices that it replaces.
    tip : str
        What the tip of a cell says of it.
    """

    choices: Callable[[int, int], dict[str, Any]]
    tip: str = "Click to see it in Explore"


def draw_figure(
    figure: go.Figure, chart: object, key: str, opens: Opens | None = None, on_edge: OnEdge | None = None
) -> None:
    """Draw a figure; in a map of the layers' heads or a graph, a click on a head opens it in Explore.

    By default it shows the head over the selected jets.
    `on_edge` receives the key of an edge of a graph that is clicked.
    """
    opens = opens or Opens(_over_jets)
    if isinstance(chart, Graph):
        _draw_graph(figure, chart, key, on_edge)
        return
    if not isinstance(chart, HeadMap) or chart.of_class_token or not _heads(chart):
        st.plotly_chart(figure, theme=None, key=key, config=CONFIG)
        return
    st.plotly_chart(
        _with_marks(figure, chart, opens.tip),
        theme=None,
        key=key,
        config=CONFIG,
        on_select=partial(_open, key, _heads(chart), opens),
        selection_mode="points",
    )


def _draw_graph(figure: go.Figure, chart: Graph, key: str, on_edge: OnEdge | None) -> None:
    """Draw a graph, whose last traces are the marks along edges and the nodes."""
    if on_edge is not None:
        figure = go.Figure(figure)
        figure.data[-2].hovertemplate = "%{text}<br>Click to see what it carries<extra></extra>"
    shown = f"{key}_{_turn(key, chart.marked_edge.key if chart.marked_edge else '')}"
    choosing = partial(_choose_in_graph, shown, len(figure.data), chart, on_edge)
    st.plotly_chart(figure, theme=None, key=shown, config=CONFIG, on_select=choosing, selection_mode="points")


def _turn(key: str, marked: str) -> int:
    """Return how often the marked edge has changed.

    Each time the graph has another key: a browser that still had a point selected would not report a click on it.
    """
    turn, before = st.session_state.get(f"{key}_turn", (0, marked))
    turn += marked != before
    st.session_state[f"{key}_turn"] = turn, marked
    return turn


def _with_marks(figure: go.Figure, chart: HeadMap, tip: str) -> go.Figure:
    """Return the figure with an invisible mark on the cell of each head, layer after layer."""
    layers, columns = (a.ravel() for a in np.meshgrid(np.arange(len(chart.values)), _heads(chart), indexing="ij"))
    cells = next(trace for trace in figure.data if trace.type == "heatmap" and "%{z" in (trace.hovertemplate or ""))
    x = columns + 1 if chart.columns is None else [chart.columns[i] for i in columns]
    template = cells.hovertemplate.replace("%{customdata:", "%{customdata[1]:").replace("%{z:", "%{customdata[0]:")
    notes = None if cells.hovertext is None else np.array(cells.hovertext)[layers, columns]
    error = np.full(chart.values.shape, np.nan) if chart.error is None else chart.error
    first = 0.5 if chart.columns is None else -0.5  # names are at 0, 1, ...
    n_layers, n_columns = chart.values.shape
    figure = go.Figure(figure)
    figure.update_xaxes(range=[first, first + n_columns])  # plotly would leave room for the marks
    figure.update_yaxes(range=[n_layers + 0.5, 0.5], autorange=False)
    return figure.add_trace(
        go.Scatter(
            x=x,
            y=layers + 1,
            mode="markers",
            marker={"size": CELL, "symbol": "square", "opacity": 0},
            customdata=np.stack((chart.values[layers, columns], error[layers, columns]), 1),
            hovertext=notes,
            hovertemplate=template.replace("<extra>", f"<br>{tip}<extra>"),
            showlegend=False,
        )
    )


def _heads(chart: HeadMap) -> list[int]:
    """Return the columns that are heads; others have names."""
    return [i for i in range(chart.values.shape[1]) if chart.columns is None or chart.columns[i].isdigit()]


def _over_jets(layer: int, head: int) -> dict[str, Any]:
    return {"layer": layer, "head": head, "other_head": None, "sample": True}


@callback
def _open(key: str, heads: list[int], opens: Opens) -> None:
    for index in st.session_state[key].selection.point_indices[:1]:
        layer, column = divmod(index, len(heads))
        open_in_explore(**opens.choices(layer, heads[column]))


@callback
def _choose_in_graph(key: str, n_traces: int, chart: Graph, on_edge: OnEdge | None) -> None:
    """Open the head of a node, or choose an edge."""
    for point in st.session_state[key].selection.points[:1]:
        trace, index = point["curve_number"], point["point_index"]
        if trace == n_traces - 1 and (head := chart.nodes[index].head) is not None:
            open_in_explore(**_over_jets(*head))
        elif trace == n_traces - 2 and on_edge is not None:
            _, _, edges = chart.handles()
            on_edge(chart.edges[edges[index]].key)
