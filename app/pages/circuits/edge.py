"""The chosen edge: what it carries, on average and between the chosen jet and its corrupted one."""

from app.components.messages import caption, line, note, show_error
from app.components.study.chart import show_chart
from app.components.study.context import ModelContext
from app.components.study.controls import select
from app.pages.circuits.pair import pair_arguments
from app.pages.circuits.state import CircuitsState
from app.services.circuits import carried_by_edge, jet_pair
from app.services.library import (
    EdgeOnPair,
    EdgesResult,
    Graph,
    PartError,
    edge_charts,
    edge_on_pair_charts,
    edge_sentences,
)

ATTENTION, JET = 400, 380  # px
NONE = "none: click one, or choose"


def choose_edge(context: ModelContext, result: EdgesResult, graph: Graph) -> None:
    """Choose one of the edges that are drawn, or none."""
    titles = {"": NONE} | {edge.key: edge_charts.edge_title(result, edge.key) for edge in graph.edges}
    requested = context.state.edge
    select("Edge", CircuitsState, "edge", titles, requested if requested in titles else "")
    if requested and requested not in titles:
        note(f"There is no edge {requested} among the {len(result.edges)} that are kept.")


def edge(context: ModelContext, result: EdgesResult, chosen: int) -> None:
    """Draw what an edge carries."""
    try:
        found = _measured(context, result, chosen)
    except PartError as error:
        _facts(result, chosen, None)
        show_error(error)
        return
    _facts(result, chosen, found)
    pair = jet_pair(*pair_arguments(context))
    receiver = result.edge_names(chosen)[1]
    charts = edge_on_pair_charts.charts(found, pair.clean, receiver)
    for name, height in (("attention", ATTENTION), ("by_particle", JET)):
        if name in charts:
            show_chart(charts[name], name, height)
    if not charts:
        caption("It carries one vector, that of the class token: no constituent has a share in it.")


def _measured(context: ModelContext, result: EdgesResult, chosen: int) -> EdgeOnPair:
    sender, receiver, _ = result.edges[chosen].tolist()
    return carried_by_edge(*pair_arguments(context), (sender, receiver, result.edge_names(chosen)[2]))


def _facts(result: EdgesResult, chosen: int, found: EdgeOnPair | None) -> None:
    facts = edge_sentences.facts(result, chosen, found)
    rows = "<tr><th>{}</th><td>{}</td></tr>" * len(facts)
    line(f'<table class="facts">{rows}</table>', *(text for row in facts.items() for text in row))
