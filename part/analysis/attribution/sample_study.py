"""Study `attribution`: the methods over a sample, how faithful they are, how far they agree, which particles they show.

Shapes: N particles, M methods and the order by pT, T fractions, S species, K ranks in pT.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.attribution.faithfulness import (
    FRACTIONS,
    agreement,
    descending_order,
    faithfulness_curves,
    infidelity,
    random_orders,
    sensitivity,
)
from part.analysis.attribution.methods import METHODS, attribute, check_method, supported_methods
from part.analysis.attribution.perturbation import shapley
from part.analysis.attribution.results import BY_PT, AttributionResult
from part.analysis.attribution.target import CONTRAST_HELP, TARGET_HELP, requested_target
from part.analysis.attribution.task import Attribution, AttributionTask, make_task
from part.analysis.statistics.running_mean import RunningMean, merge_means
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.kinematics import species
from part.jets.preprocessing import keep_leading
from part.jets.schema import SPECIES
from part.options import option

MAX_RANK = 30
RANDOM_ORDERS = 4  # for each jet


@dataclass(frozen=True)
class AttributionStudy:
    """Attributions over a sample of jets.

    Parameters
    ----------
    methods : tuple of str
        Names in `METHODS`; by default all that the model supports.
    target_class, contrast_class : str
        The class that is explained, by default the predicted class of each jet, and another class to compare it with,
        by default all others.
    permutations : int
        The number of random orders for the Shapley values of a jet.
    sensitivity : bool
        Whether to measure the sensitivity to small changes of the inputs, which takes each method five more times.
    """

    methods: tuple[str, ...] = option(
        "methods of attribution; by default all that the model supports", (), nargs="+", choices=tuple(METHODS)
    )
    target_class: str = option(TARGET_HELP, "", flag="--class", metavar="CLASS")
    contrast_class: str = option(CONTRAST_HELP, "", flag="--against", metavar="CLASS")
    permutations: int = option("random orders for the Shapley values of a jet", 4)
    sensitivity: bool = option("also measure how far small changes of the inputs move each attribution", False)

    batch_size: ClassVar[int] = 1
    n_passes: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.permutations < 1:
            raise PartError(f"Shapley values of {self.permutations} permutations; expected at least one.")

    def check(self, tagger: Tagger) -> None:
        for method in self.methods:
            check_method(tagger, method)
        requested_target(tagger, self.target_class, self.contrast_class)

    def accumulator(self, tagger: Tagger) -> "AttributionAccumulator":
        return AttributionAccumulator(self, tagger)


class AttributionAccumulator:
    """The sums of an `AttributionStudy` over jets."""

    def __init__(self, study: AttributionStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._methods = study.methods or supported_methods(tagger)
        self._target = requested_target(tagger, study.target_class, study.contrast_class)
        self._names: tuple[str, ...] = (*self._methods, BY_PT)
        m = len(self._names)
        # The last row of the first six is that of random orders.
        shapes: dict[str, tuple[int, ...]] = {name: (m + 1, len(FRACTIONS)) for name in ("deletion", "insertion")}
        shapes |= dict.fromkeys(("deletion_area", "insertion_area", "deletion_gain", "insertion_gain"), (m + 1,))
        shapes |= {"agreement": (m, m), "infidelity": (m,), "sensitivity": (m,), "incompleteness": (m,)}
        shapes |= {"species": (m, len(SPECIES)), "rank": (m, MAX_RANK)}
        self._sums = {name: RunningMean(shape) for name, shape in shapes.items()}

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        for i in range(len(jets)):
            for name, values in self._measure(jets[i : i + 1]).items():
                self._sums[name].add(values[None])

    def next_pass(self) -> None: ...

    @property
    def sums(self) -> dict[str, RunningMean]:
        return self._sums

    def merge(self, sums: dict[str, RunningMean]) -> None:
        merge_means(self._sums, sums)

    def result(self) -> AttributionResult:
        return AttributionResult(self._names, {name: sums.result for name, sums in self._sums.items()})

    def _measure(self, jet: ak.Array) -> dict[str, np.ndarray]:
        """Return the quantities of `AttributionResult.means` for one jet."""
        task = make_task(self._tagger, jet, self._target)
        functions: dict[str, Callable[[AttributionTask], Attribution]]
        functions = {name: partial(attribute, method=name) for name in self._methods}
        if "shapley" in functions:
            functions["shapley"] = partial(shapley, permutations=self._study.permutations)
        attributions = [function(task) for function in functions.values()]
        values = np.stack([*(attribution.values for attribution in attributions), task.pt])
        gaps = [attribution.completeness_error for attribution in attributions]
        sensitivities = np.full(len(self._names), np.nan)
        if self._study.sensitivity:
            sensitivities[:-1] = [sensitivity(task, lambda task, f=f: f(task).values) for f in functions.values()]
        return {
            **_faithfulness(task, values),
            "agreement": agreement(values),
            "infidelity": infidelity(task, values),
            "sensitivity": sensitivities,
            "incompleteness": np.array([*(np.nan if gap is None else abs(gap) for gap in gaps), np.nan]),
            "species": _species_shares(values, jet),
            "rank": _rank_shares(values, task.pt),
        }


def _faithfulness(task: AttributionTask, values: np.ndarray) -> dict[str, np.ndarray]:
    """Return curves and areas of the methods, then of the mean random order, and the gains of all on the latter."""
    orders = np.concatenate((descending_order(values), random_orders(RANDOM_ORDERS, len(task))))
    curves = faithfulness_curves(task, orders)
    measures = {}
    for name in ("deletion", "insertion"):
        for quantity in (name, f"{name}_area"):
            each = getattr(curves, quantity)
            mean = each[-RANDOM_ORDERS:].mean(0, keepdims=True)
            measures[quantity] = np.concatenate((each[:-RANDOM_ORDERS], mean))
        area = measures[f"{name}_area"]
        measures[f"{name}_gain"] = area[-1] - area if name == "deletion" else area - area[-1]
    return measures


def _species_shares(values: np.ndarray, jet: ak.Array) -> np.ndarray:
    """Return the share of each species (M, S) in the summed sizes; NaN where the jet's species are unknown."""
    index = ak.to_numpy(species(keep_leading(jet)[0])[0])
    if (index < 0).all():
        return np.full((len(values), len(SPECIES)), np.nan)
    return _shares(values) @ (index[:, None] == np.arange(len(SPECIES)))


def _rank_shares(values: np.ndarray, pt: np.ndarray) -> np.ndarray:
    """Return the share of the k leading particles in pT (M, K) in the summed sizes; 1 where the jet has fewer."""
    cumulative = np.cumsum(_shares(values)[:, descending_order(pt)], 1)[:, :MAX_RANK]
    return np.pad(cumulative, ((0, 0), (0, MAX_RANK - cumulative.shape[1])), mode="edge")


def _shares(values: np.ndarray) -> np.ndarray:
    size = np.abs(values)
    with np.errstate(invalid="ignore"):
        return size / size.sum(1, keepdims=True)
