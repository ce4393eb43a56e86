"""The edges that sets are made of.

Shapes: N nodes, S edges, G groups of nodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from part.analysis.circuits.edges.wiring import CHANNELS, Node, Wiring

TITLES = {"embedding": "embedding", "logits": "logits"}


@dataclass(frozen=True)
class Edge:
    """An edge.

    Parameters
    ----------
    sender, receiver : Node
        Its ends.
    channel : str
        One of `CHANNELS`.
    """

    sender: Node
    receiver: Node
    channel: str

    def __str__(self) -> str:
        channel = "" if self.channel == "input" else f" ({self.channel})"
        return f"{self.sender.name} → {self.receiver.name}{channel}"


@dataclass(frozen=True, eq=False)
class Edges:
    """Some edges, as a sequence.

    Attributes
    ----------
    nodes : tuple of Node (N,)
        All components of the model.
    ends : ndarray (S, 3)
        Sender and receiver as places in `nodes`, and the channel as that in `CHANNELS`.
    """

    nodes: tuple[Node, ...]
    ends: np.ndarray

    @classmethod
    def of(cls, wiring: Wiring, numbers: np.ndarray) -> "Edges":
        """Return edges (S,) by their numbers in `wiring.edges`."""
        return cls(wiring.nodes, wiring.edges[numbers, :3])

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, i: int) -> Edge:
        sender, receiver, channel = (int(number) for number in self.ends[i])
        return Edge(self.nodes[sender], self.nodes[receiver], CHANNELS[channel])

    def __iter__(self) -> Iterator[Edge]:
        return (self[i] for i in range(len(self)))

    def between_layers(self, chosen: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """Return names of groups of nodes, a layer each, and how many of the chosen edges lead from which to which.

        The counts (G, G) have senders as rows.
        """
        names = [
            TITLES.get(node.kind, f"{'class ' if node.kind.startswith('class') else ''}{node.layer + 1}")
            for node in self.nodes
            if node.kind != "feature"
        ]
        first = len(self.nodes) - len(names)  # pair features come first
        groups = tuple(dict.fromkeys(names))
        group = np.array([0] * first + [groups.index(name) for name in names])
        counts = np.zeros((len(groups), len(groups)))
        ends = self.ends[chosen].astype(int)
        np.add.at(counts, (group[ends[:, 0]], group[ends[:, 1]]), 1)
        return groups, counts
