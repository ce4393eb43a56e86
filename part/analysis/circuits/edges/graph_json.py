"""Edges as JSON in the graph schema of circuit-tracer and Neuronpedia, which their viewers open.

The schema places a node by its layer and by a token of a prompt. A jet has no such tokens: here the positions are the
heads of a layer, the feed-forward part and the particles, and the prompt is their names. Links have one weight for each
pair of nodes, so scores of several channels (q, k, v) between the same two are added up; the table of the study has
them apart. Viewers name an embedding by its token, and read a probability out of the label of a logit: it is 1 here,
where the difference of two logits is meant.
"""

import json
import re
from typing import Any

import numpy as np

from part.analysis.circuits.edges.result import EdgesResult
from part.analysis.circuits.edges.wiring import Node
from part.version import __version__

KINDS = {"head": "attention head", "class head": "attention head", "ffn": "mlp", "class ffn": "mlp"}
KINDS |= {"embedding": "embedding", "feature": "pair feature", "logits": "logit"}
SCHEMA_VERSION = 1


def graph_json(result: EdgesResult) -> bytes:
    """Return the kept edges of a result, and the nodes that they join, as JSON."""
    used = sorted({node for edge in result.edges.tolist() for node in edge[:2]})
    layers = 1 + max(node.layer for node in result.nodes if node.kind == "head")
    last = layers + 1 + max((node.layer for node in result.nodes if node.kind == "class ffn"), default=-1)
    heads = 1 + max(node.index for node in result.nodes if node.kind.endswith("head"))
    features = sum(node.kind == "feature" for node in result.nodes)
    columns = max(heads, features)
    places = {i: _place(result.nodes[i], layers, last, columns) for i in used}
    ids = {i: f"{layer}_{i}_{column}" for i, (layer, column) in places.items()}
    weights: dict[tuple[int, int], float] = {}
    for (sender, receiver, _), score in zip(result.edges.tolist(), result.score.value.tolist(), strict=True):
        weights[sender, receiver] = weights.get((sender, receiver), 0.0) + score
    content = {
        "metadata": {
            "slug": re.sub(r"[^a-z0-9]+", "-", f"{result.model} {result.target}".lower()).strip("-"),
            "scan": result.model,
            "schema_version": SCHEMA_VERSION,
            "transcoder_list": [],
            "prompt_tokens": [*(f"head {i + 1}" for i in range(columns)), "feed-forward", "particles"],
            "prompt": f"{result.target}; corrupted is {result.corruption}",
            "info": {
                "description": f"Mean scores over {result.pairs} pairs by {result.method}; {len(result.edges)} of "
                f"{result.n_edges} edges, the strongest.",
                "generator": {"name": "ParTScope", "version": __version__},
            },
        },
        "qParams": {"linkType": "both", "pinnedIds": [], "clickedId": "", "supernodes": [], "sg_pos": ""},
        "nodes": [_node(result, i, ids[i], *places[i]) for i in used],
        "links": [
            {"source": ids[sender], "target": ids[receiver], "weight": weight}
            for (sender, receiver), weight in weights.items()
        ],
    }
    return json.dumps(content, indent=1).encode()


def _place(node: Node, layers: int, last: int, columns: int) -> tuple[str, int]:
    """Return the layer of a node, "E" at the bottom, and its position."""
    match node.kind:
        case "embedding":
            return "E", columns + 1
        case "feature":
            return "E", node.index
        case "logits":
            return str(last), columns
    layer = layers + node.layer if node.kind.startswith("class") else node.layer
    return str(layer), columns if node.kind.endswith("ffn") else node.index


def _node(result: EdgesResult, i: int, node_id: str, layer: str, column: int) -> dict[str, Any]:
    node, effect = result.nodes[i], float(result.node_effects.value[i])
    is_logit = node.kind == "logits"
    known = {"influence": effect} if np.isfinite(effect) else {}
    return {
        "node_id": node_id,
        "feature": i,
        "layer": layer,
        "ctx_idx": column,
        "feature_type": KINDS[node.kind],
        "token_prob": float(is_logit),
        "is_target_logit": is_logit,
        "run_idx": 0,
        "reverse_ctx_idx": 0,
        "jsNodeId": node_id,
        "clerp": f'Output "{result.target}" (p=1.000)' if is_logit else node.name,
    } | known
