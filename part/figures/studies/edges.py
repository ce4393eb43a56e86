"""Charts of the study `edges`: the graph, exact values against scores, effects of heads, the flow between layers."""

import numpy as np

from part.analysis.circuits.edges.graph_json import graph_json
from part.analysis.circuits.edges.result import KEPT, EdgesResult
from part.analysis.circuits.edges.wiring import CHANNELS, Node
from part.analysis.statistics.running_mean import Z95, Mean
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series
from part.figures.graph import Graph, GraphEdge, GraphNode
from part.figures.sentences.edges import agreement, strongest_edge, value_of
from part.figures.sentences.places import farthest, head_names

UNIT = "logit"
SHOWN = 60  # edges of the graph by default
BETWEEN = {"": "all components", "heads": "heads", "features": "pair features"}
READS = {
    "q": "changes what it asks for (query)",
    "k": "changes what it offers (key)",
    "v": "changes what it passes on (value)",
    "gate": "changes its gate",
    "bias": "changes its interaction bias",
    "input": "changes its input",
}


def charts(result: EdgesResult) -> dict[str, Chart]:
    """Return the graph, the check of the scores, the effects of heads, and the flow between layers."""
    drawn: dict[str, Chart] = {"graph": graph(result)}
    if result.measured.any():
        drawn |= {"exact": exact_values(result), "effects": effect_map(result)}
        if any(node.kind == "class head" for node in result.nodes):
            drawn["class_effects"] = effect_map(result, "class head")
    return drawn | {"flow": flow_grid(result)}


def downloads(result: EdgesResult) -> dict[str, bytes]:
    """Return the graph as JSON, see `graph_json`."""
    return {"graph.json": graph_json(result)}


def graph(result: EdgesResult, shown: int = SHOWN, between: str = "", marked: int | None = None) -> Graph:
    """Return the strongest edges as a graph.

    Parameters
    ----------
    result : EdgesResult
    shown : int
        How many of the edges of the result are drawn at most.
    between : str
        One of `BETWEEN`: all edges, those from heads to heads (of the class token, too), or those of pair features
        through the bias.
    marked : int, optional
        A kept edge that stands out, and is drawn in any case.
    """
    nodes, ticks = _layout(result)
    chosen = [i for i in range(min(KEPT, len(result.edges))) if _is_between(result, i, between)][:shown]
    if marked is not None and marked not in chosen:
        chosen.append(marked)
    edges = tuple(
        GraphEdge(
            sender, receiver, float(result.score.value[i]), CHANNELS[channel], edge_text(result, i), result.edge_key(i)
        )
        for i in chosen
        for sender, receiver, channel in [result.edges[i].tolist()]
    )
    left_out = result.n_edges - len(edges)
    title = f"Edges, {result.target}; corrupted is {result.corruption}"
    place = None if marked is None else chosen.index(marked)
    return Graph(title, UNIT, nodes, edges, ticks, left_out, place, strongest_edge(result), "edge_graph")


def _is_between(result: EdgesResult, i: int, between: str) -> bool:
    sender, receiver, _ = result.edges[i].tolist()
    kinds = result.nodes[sender].kind, result.nodes[receiver].kind
    if between == "heads":
        return all(kind.endswith("head") for kind in kinds)
    return between != "features" or kinds[0] == "feature"


def edge_text(result: EdgesResult, i: int) -> str:
    """Return what an edge carries, in lines: its ends, what of the receiver it changes, score and exact value."""
    sender, receiver, channel = result.edge_names(i)
    lines = [f"{sender} → {receiver}: {READS[channel]}", f"score {value_of(result.score, i)} {UNIT}"]
    if result.measured[i]:
        lines.append(f"exact {value_of(result.exact, i)} {UNIT}, on {int(result.exact.jets[i])} pairs")
    return "\n".join(lines)


def edge_title(result: EdgesResult, key: str) -> str:
    """Return an edge by its short name as a list shows it, with its channel and score."""
    i = result.edge_index(key)
    assert i is not None
    sender, receiver, channel = result.edge_names(i)
    into = "" if channel == "input" else f", {channel}"
    return f"{sender} → {receiver}{into}: {value_of(result.score, i)}"


def exact_values(result: EdgesResult) -> Plot:
    """Return the exact value of edges against their scores on the same pairs; equal numbers lie on the line."""
    chosen = np.flatnonzero(result.measured)
    strongest = np.isin(chosen, chosen[: result.n_strongest])
    x, y, half = result.compared.value[chosen], result.exact.value[chosen], Z95 * result.exact.error[chosen]
    names = [" → ".join(result.edge_names(i)[:2]) + f" ({result.edge_names(i)[2]})" for i in chosen]
    ends = np.array([min(x.min(), y.min()), max(x.max(), y.max())])
    series = [Series("equal", ends, ends, colour=None, dashed=True)]
    for title, mask, colour in (("strongest", strongest, 0), ("others", ~strongest, 1)):
        if mask.any():
            labels = tuple(name for name, taken in zip(names, mask, strict=True) if taken)
            points = x[mask], y[mask], (y - half)[mask], (y + half)[mask]
            series.append(Series(title, *points, colour, "points", labels=labels, printed_labels=("",) * len(labels)))
    axes = f"score [{UNIT}]", f"exact [{UNIT}]"
    return Plot("Exact values against scores", *axes, tuple(series), sentence=agreement(result), about="edge_exact")


def effect_map(result: EdgesResult, kind: str = "head") -> HeadMap:
    """Return the exact effect of each head, "head" or "class head"."""
    mean, effects = _by_head(result, kind), "of the class token's heads" if kind == "class head" else "of each head"
    title = f"Total effect {effects}, {result.target}"
    sides = "above 0", "below"
    names = head_names(mean.value.shape)
    sentence = farthest(mean.value, Z95 * mean.error, names, "Largest effect", unit=UNIT, sides=sides)
    return HeadMap(
        title, UNIT, mean.value, mean.error, signed=True, quantity="effect", sentence=sentence, about="node_effects"
    )


def flow_grid(result: EdgesResult) -> Grid:
    """Return the summed sizes of all scores from one group of components to another; senders are rows."""
    rows = np.flatnonzero(result.flow.any(1))
    columns = np.flatnonzero(result.flow.any(0))
    values = result.flow[np.ix_(rows, columns)]
    senders, receivers = (tuple(result.groups[i] for i in chosen) for chosen in (rows, columns))
    title = "Where edges lead: sums of the sizes of scores"
    known = np.where(values > 0, values, np.nan)
    axes = "from layer", "to layer"
    return Grid(title, UNIT, known, senders, receivers, *axes, quantity="sum of |scores|", about="edge_flow")


def _by_head(result: EdgesResult, kind: str) -> Mean:
    nodes = [i for i, node in enumerate(result.nodes) if node.kind == kind]
    n_heads = 1 + max(result.nodes[i].index for i in nodes)
    means = result.node_effects
    value, error, jets = (np.reshape(a[nodes], (-1, n_heads)) for a in (means.value, means.error, means.jets))
    return Mean(value, error, jets)


def _layout(result: EdgesResult) -> tuple[tuple[GraphNode, ...], tuple[tuple[float, str], ...]]:
    """Return the places of all nodes, and the names of the columns."""
    heads = 1 + max(node.index for node in result.nodes)  # or pair features, if there are more of them
    layers = 1 + max(node.layer for node in result.nodes if node.kind == "head")
    class_layers = 1 + max((node.layer for node in result.nodes if node.kind == "class head"), default=-1)
    nodes = tuple(
        GraphNode(
            node.name,
            _label(node),
            _effect_text(result, i),
            *_place(node, heads, layers, class_layers),
            (node.layer, node.index) if node.kind == "head" else None,
        )
        for i, node in enumerate(result.nodes)
    )
    ticks = [(1.0 + layer, str(layer + 1)) for layer in range(layers)]
    ticks += [(1.5 + layers + layer, f"class {layer + 1}") for layer in range(class_layers)]
    return nodes, ((0.0, "input"), *ticks, (nodes[-1].x, "logits"))


def _place(node: Node, heads: int, layers: int, class_layers: int) -> tuple[float, float]:
    """Return x and y: a column for the heads of a layer, its feed-forward part below to the right."""
    first = 1.5 + layers if node.kind.startswith("class") else 1.0
    match node.kind:
        case "feature":
            return 0.0, 1.0 + node.index
        case "embedding":
            return 0.0, heads + 1.0
        case "logits":
            return first + layers + class_layers + (0.5 if class_layers else 0.0), 0.5 * heads + 0.5
        case "ffn" | "class ffn":
            return first + node.layer + 0.5, heads + 1.0
    return first + node.layer, 1.0 + node.index


def _label(node: Node) -> str:
    labels = {"embedding": "E", "logits": "out", "ffn": "F", "class ffn": "F"}
    return labels.get(node.kind) or (node.title.removeprefix("ln") if node.kind == "feature" else str(node.index + 1))


def _effect_text(result: EdgesResult, i: int) -> str:
    if not np.isfinite(result.node_effects.value[i]):
        return ""
    return f"total effect {value_of(result.node_effects, i)} {UNIT}"
