"""Explanations of charts of edges between components."""

EAP = "arXiv:2403.17806"

EDGES: dict[str, tuple[str, str]] = {
    "edge_graph": (
        "Components from left to right: E embedding, circles with numbers heads, F feed-forward parts. A line is the "
        "change of the difference of logits where only this edge carries what its sender does in the corrupted jet: "
        "blue lowers it, so the edge speaks for the class; red raises it. Width is the size. Click one for more.",
        EAP,
    ),
    "jet_pair": (
        "The chosen jet and the one that corrupts it, around the axis of each and on the same scale: area is pT, "
        "colour the subjet, the marker the species. Rings are partons, where the file has them. Hover a constituent "
        "for more, drag to zoom.",
        "",
    ),
    "edge_attention": (
        "How the attention of the receiving head moves in this jet if this edge alone carries what its sender does in "
        "the corrupted jet, and all else is as it was: red rises, blue falls, on a linear scale about zero. Shown are "
        "constituents with the largest changes.",
        "arXiv:2304.05969",
    ),
    "edge_by_particle": (
        "The exact change of this jet's difference of logits if the edge carries the corrupted value at one "
        "constituent alone, one after the other: blue speaks for the class, red against it. They add up to the effect "
        "of the edge as far as what follows is linear.",
        "arXiv:2304.05969",
    ),
    "edge_exact": (
        "The exact change of the difference of logits by patching one edge, against its score by gradients on the same "
        "pairs: of the strongest edges, and of as many others, down to the weakest. On the dashed line both are equal. "
        "Bars: 95 %.",
        "arXiv:2304.05969",
    ),
    "node_effects": (
        "The exact change of the difference of logits if this head alone has its output of the corrupted jet, with all "
        "that follows: blue speaks for the class, red against it, on a linear scale about zero.",
        "arXiv:2202.05262",
    ),
    "edge_flow": (
        "The sizes of the scores of all edges from the components of one layer (rows) to those of another (columns), "
        "added up, on a linear scale. Weak edges add up as well, and noise with them.",
        EAP,
    ),
}
