"""Study `attribution_jet`: all attributions of one jet and how faithful they are, in many short passes.

Shapes: N particles, M methods and, last, the particles' pT; T fractions, O orders, P inputs or coordinates.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.attribution.faithfulness import (
    FRACTIONS,
    FaithfulnessCurves,
    agreement,
    descending_order,
    faithfulness_curves,
    infidelity,
    random_orders,
    sensitivity,
)
from part.analysis.attribution.methods import METHODS, attribute, supported_methods
from part.analysis.attribution.perturbation import PERMUTATIONS, marginal_contributions, shapley_from_contributions
from part.analysis.attribution.results import BY_PT
from part.analysis.attribution.target import CONTRAST_HELP, TARGET_HELP, requested_target
from part.analysis.attribution.task import Attribution, AttributionTask, make_task
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.kinematics import species
from part.jets.preprocessing import keep_leading
from part.jets.schema import SPECIES
from part.lazy import ShownInNotebooks
from part.options import option

SHAPLEY = "shapley"
QUICK = tuple(method for method in METHODS if method != SHAPLEY)
RANDOM_ORDERS = 20


@dataclass(frozen=True)
class JetAttributionStudy:
    """All attributions of one jet that the model supports.

    Each pass over the jet does one step, so that progress shows and a user can cancel: a method and its sensitivity,
    a random order for the Shapley values, and last the comparison.

    Parameters
    ----------
    target_class, contrast_class : str
        See `AttributionStudy`.
    permutations : int
        The number of random orders for the Shapley values.
    """

    target_class: str = option(TARGET_HELP, "", flag="--class", metavar="CLASS")
    contrast_class: str = option(CONTRAST_HELP, "", flag="--against", metavar="CLASS")
    permutations: int = option("random orders for the Shapley values", PERMUTATIONS)

    batch_size: ClassVar[int] = 1
    max_jets: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.permutations < 2:
            raise PartError(f"Shapley values of {self.permutations} permutations; their errors need at least two.")

    @property
    def n_passes(self) -> int:
        return len(QUICK) + self.permutations + 1

    def check(self, tagger: Tagger) -> None:
        requested_target(tagger, self.target_class, self.contrast_class)

    def accumulator(self, tagger: Tagger) -> "JetAttributionAccumulator":
        return JetAttributionAccumulator(self, tagger)


@dataclass(frozen=True, eq=False)
class JetAttributionResult(ShownInNotebooks):
    """The attributions of one jet.

    Parameters
    ----------
    title : str
        What is explained.
    pt : ndarray (N,)
        In GeV, NaN where it is not known.
    species : ndarray (N,)
        Indices of `schema.SPECIES`, -1 where unknown.
    attributions : dict of str to Attribution
    curves : FaithfulnessCurves
        The curves of the methods' orders, the order by pT, and random orders.
    agreement : ndarray (M, M)
        Rank correlations.
    infidelity, sensitivity : ndarray (M,)
        See `faithfulness`. The sensitivity is NaN for pT, and for Shapley values, where each change of the inputs
        would take as long as the values themselves.
    """

    title: str
    pt: np.ndarray
    species: np.ndarray
    attributions: dict[str, Attribution]
    curves: FaithfulnessCurves
    agreement: np.ndarray
    infidelity: np.ndarray
    sensitivity: np.ndarray
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", (*self.attributions, BY_PT))

    def rows(self) -> list[dict]:
        """Return a row for each particle, in the order of the file."""
        rows = []
        for i, (pt, kind) in enumerate(zip(self.pt, self.species, strict=True)):
            row = {"particle": i + 1, "species": SPECIES[kind] if kind >= 0 else "unknown"}
            row["pt"] = float(pt) if np.isfinite(pt) else None
            for name, attribution in self.attributions.items():
                row[name] = float(attribution.values[i])
                if attribution.error is not None:
                    row[f"{name}_error"] = float(attribution.error[i])
            rows.append(row)
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all of it; each method has NAME_values, NAME_error (N,) and NAME_parts (N, P) where they exist."""
        arrays = {"names": np.array(self.names), "fractions": FRACTIONS, "pt": self.pt, "species": self.species}
        arrays |= {"deletion": self.curves.deletion, "insertion": self.curves.insertion}
        arrays |= {name: getattr(self, name) for name in ("agreement", "infidelity", "sensitivity")}
        for name, attribution in self.attributions.items():
            for quantity in ("values", "error", "parts"):
                if (array := getattr(attribution, quantity)) is not None:
                    arrays[f"{name}_{quantity}"] = array
        return arrays


class JetAttributionAccumulator:
    """The attributions of the jet so far; `_step` counts the passes."""

    def __init__(self, study: JetAttributionStudy, tagger: Tagger):
        self._study, self._tagger, self._step = study, tagger, 0
        self._jet: tuple[AttributionTask, np.ndarray] | None = None  # with the species of its particles
        self._attributions: dict[str, Attribution] = {}
        self._sensitivity: dict[str, float] = {}
        self._contributions: list[np.ndarray] = []
        self._has_jet = False
        self._result: JetAttributionResult | None = None

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        if self._has_jet or len(jets) != 1:
            raise PartError("This study takes one jet; choose it with --start and --stop.")
        self._has_jet = True
        if self._jet is None:
            target = requested_target(self._tagger, self._study.target_class, self._study.contrast_class)
            species_index = ak.to_numpy(species(keep_leading(jets)[0])[0])
            self._jet = make_task(self._tagger, jets, target), species_index
        task, species_index = self._jet
        if self._step < len(QUICK):
            self._attribute(task, QUICK[self._step])
        elif self._step < self._study.n_passes - 1:
            self._contributions.append(marginal_contributions(task, self._step - len(QUICK)))
        else:
            self._result = self._compare(task, species_index)

    def next_pass(self) -> None:
        self._step, self._has_jet = self._step + 1, False

    def result(self) -> JetAttributionResult:
        assert self._result is not None, "the last pass computes the result"
        return self._result

    def _attribute(self, task: AttributionTask, method: str) -> None:
        if method in supported_methods(self._tagger):
            self._attributions[method] = attribute(task, method)
            self._sensitivity[method] = sensitivity(task, lambda task: attribute(task, method).values)

    def _compare(self, task: AttributionTask, species_index: np.ndarray) -> JetAttributionResult:
        self._attributions[SHAPLEY] = shapley_from_contributions(task, np.stack(self._contributions))
        names = tuple(method for method in METHODS if method in self._attributions)
        values = np.stack([*(self._attributions[name].values for name in names), task.pt])
        orders = np.concatenate((descending_order(values), random_orders(RANDOM_ORDERS, len(task))))
        return JetAttributionResult(
            title=task.target.title(self._tagger.dataset),
            pt=task.pt,
            species=species_index,
            attributions={name: self._attributions[name] for name in names},
            curves=faithfulness_curves(task, orders),
            agreement=agreement(values),
            infidelity=infidelity(task, values),
            sensitivity=np.array([self._sensitivity.get(name, np.nan) for name in (*names, BY_PT)]),
        )
