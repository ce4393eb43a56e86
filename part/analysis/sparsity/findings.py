"""What the study `sparsity` is asked for, and what it found.

Shapes: L layers, H heads, Q quantities, K kinds, G groups of jets, C classes, B bins, E edges of bins, S species.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.running_mean import Mean
from part.errors import PartError

LINEAR = np.linspace(0, 1, 41)  # edges of the histograms of weights
KINDS = ("found", "shuffled", "excess")  # as it is; expected for shuffled keys; the first less the second, jet by jet
DECADES = np.linspace(-8, 0, 41)  # of log10 w; what is smaller is in the first bin


@dataclass(frozen=True)
class Quantity:
    """title, unit: as written on charts. places: it depends on which keys the weights go to, so that shuffling the keys
    changes it; the others depend on the weights alone."""

    title: str
    unit: str
    places: bool = False


QUANTITIES = {
    "entropy": Quantity("Entropy", "nats"),
    "effective_number": Quantity("Effective number of attended particles", "particles"),
    "gini": Quantity("Gini coefficient", ""),
    "top1": Quantity("Mass of the strongest key", ""),
    "topk": Quantity("Mass of the k strongest keys", ""),
    "near_binary": Quantity("Near-binary rows", "share of queries"),
    "identity_distance": Quantity("Distance to identity", "", True),
    "inter_subjet": Quantity("Attention between subjets", "share of attention to others", True),
    "inter_subjet_edges": Quantity("Edges between subjets", "share of edges", True),
    "to_leptons": Quantity("Attention to leptons", "share of attention to others", True),
}
NAMES = tuple(QUANTITIES)


@dataclass(frozen=True)
class Choices:
    """k: of the top-k mass. threshold: of near-binary rows. edge: weights above it are edges of the attention graph.
    subjets: how many exclusive kT subjets a jet has. n_edges, pt_edges (GeV): bins of the jets, each [low, high).
    untrained: measure the null of untrained weights too, which takes as long again; seed: of these weights.
    """

    k: int = 5
    threshold: float = 0.9
    edge: float = 0.1
    subjets: int = 3
    n_edges: tuple[float, ...] = (2, 20, 30, 40, 50, 60, 80, 129)
    pt_edges: tuple[float, ...] = (0, 500, 600, 700, 800, 900, 1000, float("inf"))
    untrained: bool = True
    seed: int = 0

    def __post_init__(self):
        if self.k < 1 or self.subjets < 2:
            raise PartError(f"k is {self.k} and subjets {self.subjets}; expected k from 1 and subjets from 2 on.")
        if not 0.5 <= self.threshold < 1 or not 0 < self.edge < 1:
            raise PartError(
                f"threshold is {self.threshold:g} and edge {self.edge:g}; expected 0.5 <= threshold < 1, 0 < edge < 1."
            )


@dataclass(frozen=True, eq=False)
class HeadNumbers:
    """One model's. numbers (G, K, Q, L, H): means over jets of each of KINDS, in each group of jets.
    where (G, 2): mean multiplicity and pT [GeV] of the groups. groups: "all", "class", "n", "pt" -> which of the G.
    linear, decades (L, B): share of the weights in bins of w and log10 w. species (K, L, H, S, S): of what a species
    (row) gives to others, the share that each (column) gets.
    """

    numbers: Mean
    where: Mean
    groups: dict[str, slice]
    linear: Mean
    decades: Mean
    species: Mean

    def of(self, quantity: str, group: str = "all", kind: str = "found") -> Mean:
        """A quantity of the jets in each of a kind of groups (G, L, H); of all jets (L, H)."""
        place = self.groups[group], KINDS.index(kind), NAMES.index(quantity)
        found = Mean(self.numbers.value[place], self.numbers.error[place], self.numbers.jets[place])
        return Mean(found.value[0], found.error[0], found.jets[0]) if group == "all" else found


@dataclass(frozen=True, eq=False)
class SparsityFindings:
    """model: its name. classes: titles. untrained: of the same architecture without training, None if left out."""

    model: str
    study: Choices
    classes: tuple[str, ...]
    trained: HeadNumbers
    untrained: HeadNumbers | None

    @property
    def titles(self) -> dict[str, str]:
        """Of the quantities, with k and thresholds."""
        study, titles = self.study, {name: quantity.title for name, quantity in QUANTITIES.items()}
        titles["topk"] = f"Mass of the {study.k} strongest keys"
        titles["near_binary"] += f" (one weight > {study.threshold:g})"
        titles["inter_subjet_edges"] += f" (weights > {study.edge:g})"
        return titles

    def rows(self) -> list[dict]:
        """A row for each quantity, layer and head: value, standard error over jets, and both nulls."""
        return [
            {"quantity": name, "layer": layer + 1, "head": head + 1} | self._cell(name, layer, head)
            for name in QUANTITIES
            for layer, head in np.ndindex(self.trained.of(name).value.shape)
        ]

    def _cell(self, name: str, layer: int, head: int) -> dict:
        nothing = dict.fromkeys(("value", "error", "jets"))
        means = (*(self.trained.of(name, kind=kind) for kind in KINDS), self.untrained and self.untrained.of(name))
        found, shuffled, excess, untrained = (
            nothing if mean is None else {part: _plain(getattr(mean, part)[layer, head]) for part in nothing}
            for mean in means
        )
        return found | {
            "shuffled": shuffled["value"],
            "excess": excess["value"],
            "excess_error": excess["error"],
            "untrained": untrained["value"],
            "untrained_error": untrained["error"],
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Axes as in HeadNumbers: names begin with trained_ or untrained_ and end with _error for standard errors."""
        found = {
            "quantities": np.array(NAMES),
            "kinds": np.array(KINDS),
            "classes": np.array(self.classes),
            "n_edges": np.array(self.study.n_edges, float),
            "pt_edges": np.array(self.study.pt_edges, float),
            "linear_edges": LINEAR,
            "log10_edges": DECADES,
        }
        for kind, numbers in (("trained", self.trained), ("untrained", self.untrained)):
            if numbers is None:
                continue
            for name, place in numbers.groups.items():
                for part in ("value", "error", "jets"):
                    found[f"{kind}_by_{name}_{part}"] = getattr(numbers.numbers, part)[place]
            for name in ("linear", "decades", "species"):
                mean = getattr(numbers, name)
                found |= {f"{kind}_{name}": mean.value, f"{kind}_{name}_error": mean.error}
        return found


def _plain(value) -> int | float | None:
    number = value.item()
    return None if number != number else number
