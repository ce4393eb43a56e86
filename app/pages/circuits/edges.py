"""Which component acts on which, as a graph."""

from functools import partial

import streamlit as st

from app.components.messages import plain
from app.components.study.chart import show_chart
from app.components.study.context import ModelContext
from app.components.study.controls import select
from app.pages.circuits.context import choose_pair, pair_options
from app.pages.circuits.edge import choose_edge, edge
from app.pages.circuits.pair import show_pair
from app.pages.circuits.state import MOST_SHOWN, CircuitsState
from app.services.circuits import graph_json
from app.services.library import EdgesResult, Graph, edge_charts
from app.state import session

ABOUT = (
    "Run makes pairs of a clean jet and a corrupted one, scores all edges between components by gradients, and "
    "measures the strongest ones exactly."
)
GRAPH, EXACT, HEADS, CLASS_HEADS = 580, 290, 330, 170  # px


def edges_study(context: ModelContext) -> tuple[str, dict]:
    return "edges", pair_options(context)


def choose_edges(context: ModelContext) -> None:
    """Choose the pairs, and how many edges are drawn."""
    choose_pair(context)
    shown = session.bind_widget(CircuitsState, "shown", context.state.shown)
    st.slider("Strongest edges", 1, MOST_SHOWN, width=150, **shown)
    select("Edges of", CircuitsState, "between", edge_charts.BETWEEN, context.state.between)


def edges(context: ModelContext) -> None:
    """Draw the graph, and beside it the chosen edge, or how good the scores are and what heads do as a whole."""
    result = context.result(ABOUT)
    if result is None:
        show_pair(context)
        return
    left, right = st.columns((0.66, 0.34), gap="medium")
    chosen = result.edge_index(context.state.edge)
    graph = edge_charts.graph(result, context.state.shown, context.state.between, chosen)
    with left:
        show_chart(graph, "graph", GRAPH, on_edge=lambda key: session.update(CircuitsState, edge=key))
        _below(result, graph)
        show_pair(context)
    with right:
        choose_edge(context, result, graph)
        if chosen is None:
            _overview(result)
        else:
            edge(context, result, chosen)


def _overview(result: EdgesResult) -> None:
    if result.measured.any():
        show_chart(edge_charts.exact_values(result), "exact", EXACT)
        show_chart(edge_charts.effect_map(result), "effects", HEADS)
        if any(node.kind == "class head" for node in result.nodes):
            show_chart(edge_charts.effect_map(result, "class head"), "class_effects", CLASS_HEADS)
    show_chart(edge_charts.flow_grid(result), "flow", HEADS)


def _below(result: EdgesResult, graph: Graph) -> None:
    weakest = min((abs(edge.value) for edge in graph.edges), default=0.0)
    clean, corrupted = (f"{float(mean.value):.1f}".replace("-", "−") for mean in (result.clean, result.corrupted))
    st.caption(
        plain(
            f"{result.pairs} pairs of a clean jet and {result.corruption}; {100 * result.matched:.1f} % of the "
            f"constituents have a match, others keep what they have. The difference of logits is {clean} for clean "
            f"and {corrupted} for corrupted jets; the weakest edge that is drawn changes it by {weakest:.2g}. An edge "
            "below 0 speaks for the class: with what the corrupted jet sends, the difference falls. In circles: heads, "
            f"E embedding, F feed-forward part, kT to m² the pair features. Scores: {result.method}."
        )
    )
    st.download_button(
        "Graph as JSON",
        data=partial(graph_json, result),
        file_name=f"{result.model}_graph.json",
        key="graph_json",
        on_click="ignore",
        help="The kept edges in the schema of circuit-tracer and Neuronpedia. Export has the table.",
    )
