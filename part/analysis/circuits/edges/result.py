"""What the study `edges` finds.

Shapes: E kept edges, N nodes, G groups of senders and of receivers.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from part.analysis.circuits.edges.wiring import CHANNELS, Node
from part.analysis.statistics.running_mean import Mean
from part.lazy import ShownInNotebooks

KEPT = 300  # the strongest edges, which a result keeps


@dataclass(frozen=True, eq=False)
class EdgesResult(ShownInNotebooks):
    """Edges by their strength, with exact values of some, and the effects of whole components.

    All numbers are changes of the difference of logits, on average over pairs, where an edge or a component carries
    what it has in the corrupted jet: below zero it speaks for the class in the clean jet.

    Attributes
    ----------
    model, target, corruption, method : str
        The model; the difference of logits, what the corrupted jet is, and how scores are made, in words.
    nodes : tuple of Node
        All components (N,).
    edges : ndarray (E, 3)
        Sender and receiver as indices of nodes, and the channel as that of `CHANNELS`; the KEPT strongest edges by
        falling score, and further ones of which the exact value is known.
    score : Mean (E,)
        By gradients, over all pairs.
    exact, compared : Mean (E,)
        The exact value by path patching, and the score on the same pairs; NaN where it was not measured.
    n_strongest : int
        How many of the strongest edges have exact values.
    node_scores : Mean (N,)
        The sum of the scores of a component's edges, which to first order is its effect.
    node_effects : Mean (N,)
        The exact effect of each component, NaN where it was not measured.
    flow : ndarray (G, G)
        Sums of the sizes of mean scores, of all edges from one group of components to another one.
    groups : tuple of str
        The names of the groups: features, embedding, layers, class layers, logits.
    clean, corrupted : Mean ()
        The difference of logits of the jets themselves.
    matched : float
        The share of the tokens of clean jets that have a match in the corrupted one.
    n_edges : int
        How many edges the model has.
    """

    model: str
    target: str
    corruption: str
    method: str
    nodes: tuple[Node, ...]
    edges: np.ndarray
    score: Mean
    exact: Mean
    compared: Mean
    n_strongest: int
    node_scores: Mean
    node_effects: Mean
    flow: np.ndarray
    groups: tuple[str, ...]
    clean: Mean
    corrupted: Mean
    matched: float
    n_edges: int

    @property
    def pairs(self) -> int:
        """The number of pairs."""
        return int(self.clean.jets)

    @cached_property
    def measured(self) -> np.ndarray:
        """Which of the edges (E,) have an exact value."""
        return np.isfinite(self.exact.value)

    def correlation(self, strongest: bool) -> float:
        """Return Pearson's correlation of exact values and scores, of the strongest edges or of the others.

        NaN where fewer than three were measured.
        """
        chosen = np.flatnonzero(self.measured)
        chosen = chosen[: self.n_strongest] if strongest else chosen[self.n_strongest :]
        exact, score = self.exact.value[chosen], self.compared.value[chosen]
        if len(chosen) < 3 or not exact.std() or not score.std():
            return float("nan")
        return float(np.corrcoef(exact, score)[0, 1])

    @property
    def slope(self) -> float:
        """How large exact values are per score, by least squares through zero over the strongest edges."""
        chosen = np.flatnonzero(self.measured)[: self.n_strongest]
        exact, score = self.exact.value[chosen], self.compared.value[chosen]
        return float(exact @ score / (score @ score)) if len(chosen) and score.any() else float("nan")

    def edge_names(self, i: int) -> tuple[str, str, str]:
        """Return the names of the sender and the receiver of kept edge i, and its channel."""
        sender, receiver, channel = self.edges[i].tolist()
        return self.nodes[sender].name, self.nodes[receiver].name, CHANNELS[channel]

    def edge_key(self, i: int) -> str:
        """Return a short name of kept edge i, such as "L3H5-L6H2-q"."""
        return "-".join(self.edge_names(i))

    def edge_index(self, key: str) -> int | None:
        """Return the kept edge of a short name, None if there is none."""
        return next((i for i in range(len(self.edges)) if self.edge_key(i) == key), None)

    @property
    def remark(self) -> str:
        """How well scores agree with exact values, in a sentence."""
        n = int(self.measured.sum())
        if not n:
            return "No exact values were measured, so nothing tells how good the scores are."
        text = (
            f"Exact values of the {min(n, self.n_strongest)} strongest edges correlate with their scores with "
            f"r = {self.correlation(True):.3f} and are {self.slope:.3f} times as large"
        )
        others = n - self.n_strongest
        return f"{text}; for {others} others r = {self.correlation(False):.3f}." if others > 0 else f"{text}."

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each kept edge, the strongest first."""
        rows = []
        for i in range(len(self.edges)):
            sender, receiver, channel = self.edge_names(i)
            row: dict[str, Any] = {"sender": sender, "receiver": receiver, "channel": channel}
            row |= {"score": float(self.score.value[i]), "error": float(self.score.error[i]), "pairs": self.pairs}
            row |= {"exact": float(self.exact.value[i]), "exact_error": float(self.exact.error[i])}
            rows.append(row | {"exact_pairs": int(self.exact.jets[i])})
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the fields of the same names, each mean NAME with its standard error NAME_error; `nodes` are names.

        `correlation` is that of exact values and scores, of the strongest edges and of the others.
        """
        means = {"score": self.score, "exact": self.exact, "compared": self.compared}
        means |= {"node_scores": self.node_scores, "node_effects": self.node_effects}
        means |= {"clean": self.clean, "corrupted": self.corrupted}
        arrays = {"edges": self.edges} | {name: mean.value for name, mean in means.items()}
        arrays |= {f"{name}_error": mean.error for name, mean in means.items()}
        arrays |= {"nodes": np.array([node.name for node in self.nodes]), "flow": self.flow}
        arrays |= {"correlation": np.array([self.correlation(True), self.correlation(False)])}
        return arrays | {"groups": np.array(self.groups), "pairs": np.array(self.pairs)}
