"""A graph of components from left to right, and of the edges between them.

Shapes: P points of a curve, H handles.
"""

from dataclasses import dataclass

import numpy as np

CURVE = np.linspace(0, 1, 25)
BEND = {"q": -0.16, "k": -0.06, "v": 0.1, "gate": 0.16, "input": 0.13, "bias": -0.03}  # of an edge, by its length
ENTRY = {"q": -0.17, "k": 0.0, "v": 0.17}  # where an edge reaches its receiver, above or below its middle
DASHES = {"q": "dot", "k": "dash"}  # all others are solid
WIDTHS = (0.8, 5.0)  # of the weakest and the strongest edge that can be
FAINT = 0.4  # the opacity of edges beside a marked one, relative to that without


@dataclass(frozen=True)
class GraphNode:
    """A component.

    Attributes
    ----------
    name, label : str
        Its name, and the few characters that are written into it.
    text : str
        What else there is to say of it.
    x, y : float
        Its place: to the right what comes later, and y grows downwards.
    head : tuple of int, optional
        Layer and head, from 0, of a head that can be opened.
    """

    name: str
    label: str
    text: str
    x: float
    y: float
    head: tuple[int, int] | None = None


@dataclass(frozen=True)
class GraphEdge:
    """An edge.

    Attributes
    ----------
    sender, receiver : int
        Indices of nodes.
    value : float
        Its strength with a sign.
    channel : str
        What of the receiver it reaches: "q", "k", "v", ...
    text : str
        What it carries, in words.
    key : str
        A short name that tells it from others.
    """

    sender: int
    receiver: int
    value: float
    channel: str
    text: str
    key: str = ""


@dataclass(frozen=True, eq=False)
class Graph:
    """Components and the strongest edges between them.

    Parameters
    ----------
    title, unit : str
        Texts.
    nodes : tuple of GraphNode
    edges : tuple of GraphEdge
        Those that are drawn, by falling strength.
    ticks : tuple of (float, str)
        Places along the x axis, and what they are called.
    n_left_out : int
        How many other edges there are.
    marked : int, optional
        The edge that stands out, by its place among the drawn ones.
    sentence, about : str
        See `part.figures.charts.HeadMap`.
    """

    title: str
    unit: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    ticks: tuple[tuple[float, str], ...]
    n_left_out: int = 0
    marked: int | None = None
    sentence: str = ""
    about: str = ""

    @property
    def rows(self) -> float:
        """The largest y."""
        return max(node.y for node in self.nodes)

    @property
    def connected(self) -> frozenset[int]:
        """The nodes that a drawn edge begins or ends at."""
        return frozenset(node for edge in self.edges for node in (edge.sender, edge.receiver))

    @property
    def legend(self) -> str:
        """What the lines stand for."""
        left = f" · {self.n_left_out:,} others left out".replace(",", " ") if self.n_left_out else ""
        return f"to q ····   to k – –   to v and all else ——{left}"

    def share(self, edge: GraphEdge) -> float:
        """Return the strength of an edge relative to the strongest one."""
        largest = max((abs(other.value) for other in self.edges), default=0.0)
        return abs(edge.value) / largest if largest else 0.0

    def curve(self, edge: GraphEdge) -> tuple[np.ndarray, np.ndarray]:
        """Return the points (P,) of an edge; edges of different channels between two nodes do not overlap."""
        start, stop = self.nodes[edge.sender], self.nodes[edge.receiver]
        x = start.x + (stop.x - start.x) * CURVE
        smooth = CURVE**2 * (3 - 2 * CURVE)
        bend = BEND.get(edge.channel, 0.0) * min(stop.x - start.x, 4.0)
        y = start.y + (stop.y + ENTRY.get(edge.channel, 0.0) - start.y) * smooth + 4 * bend * CURVE * (1 - CURVE)
        return x, y

    @property
    def marked_edge(self) -> GraphEdge | None:
        return None if self.marked is None else self.edges[self.marked]

    def opacity(self, edge: GraphEdge, share: float) -> float:
        """Return how opaque an edge of a relative strength is drawn: a marked one fully, others fainter beside it."""
        if self.marked_edge is None:
            return 0.45 + 0.5 * share
        return 1.0 if edge is self.marked_edge else FAINT * (0.45 + 0.5 * share)

    def handles(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return places x and y along the edges where a pointer finds them, and the index of the edge of each (H,)."""
        found = []
        for number, edge in enumerate(self.edges):
            length = self.nodes[edge.receiver].x - self.nodes[edge.sender].x
            middle = np.linspace(0.2, 0.8, int(np.clip(2 * length, 3, 9)))
            places = np.round(middle * (len(CURVE) - 1)).astype(int)
            x, y = self.curve(edge)
            found.append((x[places], y[places], np.full(len(places), number)))
        x, y, numbers = (np.concatenate(column) for column in zip(*found, strict=True)) if found else 3 * (np.empty(0),)
        return x, y, numbers.astype(int)


def line_width(share: float) -> float:
    """Return the width of an edge by its strength relative to the strongest one."""
    thin, thick = WIDTHS
    return thin + (thick - thin) * share
