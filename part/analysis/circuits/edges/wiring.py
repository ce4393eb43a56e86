"""The components of a Particle Transformer, and which of them can act on which.

Components add to a residual stream, that of the particles or that of the class token, and read what has been added
before them. The names of places are those of `split_pass`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from part.models.config import ParTConfig

CHANNELS = ("q", "k", "v", "gate", "bias", "input")
_SHORT = {"embedding": "embedding", "logits": "logits"}


@dataclass(frozen=True)
class Node:
    """A component.

    Attributes
    ----------
    kind : str
        "feature" (of pairs), "embedding", "head", "ffn", "class head", "class ffn" or "logits".
    layer, index : int
        The layer from 0, and the head or the pair feature in it, from 0; -1 where there is none.
    title : str
        The name of a pair feature.
    """

    kind: str
    layer: int = -1
    index: int = -1
    title: str = ""

    @property
    def name(self) -> str:
        """A short name, in which layers and heads count from 1: "L3H5", "FFN 3", "class L1H2", "lnkT"."""
        if self.kind in _SHORT:
            return _SHORT[self.kind]
        if self.kind == "feature":
            return self.title
        word = "class " if self.kind.startswith("class") else ""
        is_head = self.kind.endswith("head")
        return f"{word}L{self.layer + 1}H{self.index + 1}" if is_head else f"{word}FFN {self.layer + 1}"


@dataclass(frozen=True)
class Port:
    """One input of the components of a layer, and what can have been added to it.

    Attributes
    ----------
    place : str
        The name of the tensor that is read.
    channel : str
        One of `CHANNELS`.
    receivers, senders : tuple of int
        Nodes. All heads of a layer read the same stream; senders are those that were added to it before.
    block : int
        How many blocks of its stream lie before it.
    """

    place: str
    channel: str
    receivers: tuple[int, ...]
    senders: tuple[int, ...]
    block: int


class Wiring:
    """All nodes and edges of an architecture.

    Attributes
    ----------
    nodes : tuple of Node
        Pair features, then the components that add to the stream of the particles, in the order in which they do,
        then those that add to the class token, and the logits.
    ports : tuple of Port
        In the order of the forward pass. Edges are numbered port by port, and in a port sender by sender.
    """

    def __init__(self, config: ParTConfig):
        self.config = config
        titles = config.pair_feature_names
        self.features = tuple(range(len(titles)))
        nodes = [Node("feature", index=i, title=title) for i, title in enumerate(titles)]
        self._first_particle = len(nodes)
        nodes += [Node("embedding"), *_block_nodes("", config.layers, config.heads)]
        self._first_token = len(nodes)
        self._class_heads = config.class_block.heads if config.class_layers else 0
        nodes += _block_nodes("class ", config.class_layers, self._class_heads)
        self.nodes = (*nodes, Node("logits"))
        self.ports = tuple(self._ports())

    @property
    def particles(self) -> tuple[int, ...]:
        """The nodes that add to the stream of the particles."""
        return tuple(range(self._first_particle, self._first_token))

    @property
    def tokens(self) -> tuple[int, ...]:
        """The nodes that add to the stream of the class token."""
        return tuple(range(self._first_token, len(self.nodes) - 1))

    @cached_property
    def edges(self) -> np.ndarray:
        """The sender, the receiver, the index of the channel and that of the port of each edge (E, 4)."""
        rows = [
            (sender, receiver, CHANNELS.index(port.channel), number)
            for number, port in enumerate(self.ports)
            for sender in port.senders
            for receiver in port.receivers
        ]
        return np.array(rows, np.int64)

    def blocks_before(self, node: int) -> int:
        """Return how many blocks of its stream lie before a node's output is added."""
        kind, layer = self.nodes[node].kind, self.nodes[node].layer
        return 0 if kind == "embedding" else layer + kind.endswith("ffn")

    def _ports(self) -> Iterator[Port]:
        config = self.config
        channels = ("q", "k", "v") if config.has_qk else ("v",)
        channels = (*channels, *(["gate"] if config.gate != "none" else []))
        for layer in range(config.layers):
            heads, ffn = self._receivers("", layer)
            before = self.particles[: 1 + layer * (config.heads + 1)]
            for channel in channels:
                yield Port(f"blocks.{layer}.{channel}", channel, heads, before, layer)
            if self.features and config.is_biased(layer):
                yield Port(f"blocks.{layer}.bias", "bias", heads, self.features, layer)
            yield Port(f"blocks.{layer}.ffn", "input", ffn, (*before, *heads), layer)
        gated = config.class_block.gate != "none"
        for layer in range(config.class_layers):
            heads, ffn = self._receivers("class ", layer)
            before = self.tokens[: layer * (self._class_heads + 1)]
            yield Port(f"class_blocks.{layer}.q", "q", heads, before, layer)
            for channel in ("k", "v"):
                yield Port(f"class_blocks.{layer}.{channel}", channel, heads, (*self.particles, *before), layer)
            if gated:
                yield Port(f"class_blocks.{layer}.gate", "gate", heads, before, layer)
            yield Port(f"class_blocks.{layer}.ffn", "input", ffn, (*before, *heads), layer)
        last = config.class_layers or config.layers
        yield Port("logits", "input", (len(self.nodes) - 1,), self.tokens or self.particles, last)

    def _receivers(self, word: str, layer: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the heads and the feed-forward part of a layer."""
        first = self._first_token if word else self._first_particle + 1
        n = self._class_heads if word else self.config.heads
        start = first + layer * (n + 1)
        return tuple(range(start, start + n)), (start + n,)


def _block_nodes(word: str, layers: int, heads: int) -> list[Node]:
    return [
        node
        for layer in range(layers)
        for node in (*(Node(f"{word}head", layer, head) for head in range(heads)), Node(f"{word}ffn", layer))
    ]


def flows(wiring: Wiring, scores: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names of groups of nodes, a layer each, and the summed sizes of scores (E,) between them (G, G)."""
    titles = {"feature": "pair features", "embedding": "embedding", "logits": "logits"}
    names = [titles.get(n.kind, f"{'class ' if n.kind.startswith('class') else ''}{n.layer + 1}") for n in wiring.nodes]
    groups = tuple(dict.fromkeys(names))
    group = np.array([groups.index(name) for name in names])
    flow = np.zeros((len(groups), len(groups)))
    np.add.at(flow, (group[wiring.edges[:, 0]], group[wiring.edges[:, 1]]), np.abs(np.nan_to_num(scores)))
    return groups, flow
