"""The result of the study `sparsity`.

Shapes: L layers, H heads, Q quantities, K kinds, G groups of jets, C classes, B bins, E edges of bins, S species.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.running_mean import Mean
from part.lazy import ShownInNotebooks

LINEAR = np.linspace(0, 1, 41)  # edges of the histograms of weights
KINDS = ("found", "shuffled", "excess")  # observed; expected for shuffled keys; their difference, jet by jet
DECADES = np.linspace(-8, 0, 41)  # edges of log10 w; smaller weights are in the first bin


@dataclass(frozen=True)
class Quantity:
    """A measure of sparsity or locality.

    Parameters
    ----------
    title, unit : str
        The title and unit in charts.
    depends_on_keys : bool
        Whether shuffling the keys of a query changes it; the other measures depend on the weights alone.
    """

    title: str
    unit: str
    depends_on_keys: bool = False


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


@dataclass(frozen=True, eq=False)
class HeadStatistics:
    """The statistics of one model's heads over a sample.

    Attributes
    ----------
    numbers : Mean (G, K, Q, L, H)
        Means over jets of each quantity, of each of KINDS, in each group of jets.
    centres : Mean (G, 2)
        Mean multiplicity and pT [GeV] of the groups.
    groups : dict
        "all", "class", "n" and "pt" to their slice of the G groups.
    linear, decades : Mean (L, B)
        Share of the weights in bins of w and of log10 w.
    species : Mean (K, L, H, S, S)
        The share of each species (column) in the attention that a species (row) pays to other particles.
    collections : Mean (K, L, H, V, V), optional
        The same for the V collections of a model that takes several.
    """

    numbers: Mean
    centres: Mean
    groups: dict[str, slice]
    linear: Mean
    decades: Mean
    species: Mean
    collections: Mean | None = None

    def statistic(self, quantity: str, group: str = "all", kind: str = "found") -> Mean:
        """Return a quantity in each group of one sort of groups (G, L, H), or in all jets (L, H)."""
        mean = _part_of(self.numbers, (self.groups[group], KINDS.index(kind), NAMES.index(quantity)))
        return Mean(mean.value[0], mean.error[0], mean.jets[0]) if group == "all" else mean


@dataclass(frozen=True, eq=False)
class SparsityResult(ShownInNotebooks):
    """The statistics of a model's heads, and of the same architecture before training, or None.

    k, threshold, edge, subjets, n_edges and pt_edges are the options of the study. collections are the names of the
    collections of tokens, () for a single one.
    """

    model: str
    k: int
    threshold: float
    edge: float
    subjets: int
    n_edges: tuple[float, ...]
    pt_edges: tuple[float, ...]
    classes: tuple[str, ...]
    trained: HeadStatistics
    untrained: HeadStatistics | None
    collections: tuple[str, ...] = ()

    @property
    def titles(self) -> dict[str, str]:
        """The titles of the quantities, with k and thresholds."""
        titles = {name: quantity.title for name, quantity in QUANTITIES.items()}
        titles["topk"] = f"Mass of the {self.k} strongest keys"
        titles["near_binary"] += f" (one weight > {self.threshold:g})"
        titles["inter_subjet_edges"] += f" (weights > {self.edge:g})"
        return titles

    def rows(self) -> list[dict]:
        """Return a row per quantity, layer and head: value, standard error over jets, and both null hypotheses.

        Of a model that takes several collections, the attention from each to each is a quantity, "pf to sv".
        """
        means = {name: self._of_quantity(name) for name in QUANTITIES}
        for a, b in np.ndindex(len(self.collections), len(self.collections)):
            means[f"{self.collections[a]} to {self.collections[b]}"] = self._between(a, b)
        return [
            {"quantity": name, "layer": layer + 1, "head": head + 1} | _cell(kinds, untrained, layer, head)
            for name, (kinds, untrained) in means.items()
            for layer, head in np.ndindex(kinds[0].value.shape)
        ]

    def _of_quantity(self, name: str) -> tuple[list[Mean], Mean | None]:
        """Return a quantity of all KINDS, and that of untrained weights."""
        untrained = None if self.untrained is None else self.untrained.statistic(name)
        return [self.trained.statistic(name, kind=kind) for kind in KINDS], untrained

    def _between(self, a: int, b: int) -> tuple[list[Mean], Mean | None]:
        """Return the attention from one collection to another of all KINDS, and that of untrained weights."""
        trained, untrained = self.trained.collections, self.untrained.collections if self.untrained else None
        assert trained is not None
        kinds = [_part_of(trained, (kind, ..., a, b)) for kind in range(len(KINDS))]
        return kinds, None if untrained is None else _part_of(untrained, (0, ..., a, b))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return arrays with the axes of HeadStatistics, by names such as trained_linear and trained_linear_error."""
        arrays = {
            "quantities": np.array(NAMES),
            "kinds": np.array(KINDS),
            "classes": np.array(self.classes),
            "collections": np.array(self.collections, str),
            "n_edges": np.array(self.n_edges, float),
            "pt_edges": np.array(self.pt_edges, float),
            "linear_edges": LINEAR,
            "log10_edges": DECADES,
        }
        for kind, numbers in (("trained", self.trained), ("untrained", self.untrained)):
            if numbers is None:
                continue
            for name, index in numbers.groups.items():
                for key in ("value", "error", "jets"):
                    arrays[f"{kind}_by_{name}_{key}"] = getattr(numbers.numbers, key)[index]
            for name in ("linear", "decades", "species", *(("collections",) if self.collections else ())):
                mean = getattr(numbers, name)
                arrays |= {f"{kind}_{name}": mean.value, f"{kind}_{name}_error": mean.error}
        return arrays


def _part_of(mean: Mean, index: tuple) -> Mean:
    return Mean(mean.value[index], mean.error[index], mean.jets[index])


def _cell(kinds: Sequence[Mean], untrained_mean: Mean | None, layer: int, head: int) -> dict:
    empty = dict.fromkeys(("value", "error", "jets"))
    observed, shuffled, excess, untrained = (
        empty if mean is None else {key: _plain(getattr(mean, key)[layer, head]) for key in empty}
        for mean in (*kinds, untrained_mean)
    )
    return observed | {
        "shuffled": shuffled["value"],
        "excess": excess["value"],
        "excess_error": excess["error"],
        "untrained": untrained["value"],
        "untrained_error": untrained["error"],
    }


def _plain(value) -> int | float | None:
    number = value.item()
    return None if number != number else number
