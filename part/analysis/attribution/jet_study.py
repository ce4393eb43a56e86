"""All attributions of a single jet, and how far they can be believed: a study in small steps, for it takes a while.

Shapes: N particles, M methods and, last, the particles' pT; T fractions, P inputs or coordinates.
"""

import argparse
from dataclasses import dataclass, field

import awkward as ak
import numpy as np

from part.analysis.attribution.explained import Explained, chosen_target, explain
from part.analysis.attribution.faithfulness import (
    FRACTIONS,
    Curves,
    agreement,
    curves,
    infidelity,
    order_of,
    random_orders,
    sensitivity,
)
from part.analysis.attribution.findings import BY_PT
from part.analysis.attribution.methods import METHODS, SAMPLES, Attribution, attribute, gains, of_gains, supported
from part.analysis.attribution.study import add_target
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import select
from part.jets.kinematics import species
from part.jets.schema import SPECIES

SHAPLEY = "shapley"
QUICK = tuple(method for method in METHODS if method != SHAPLEY)
RANDOM = 20  # orders


@dataclass(frozen=True)
class JetAttributionStudy:
    """All methods that the model can have, on one jet. of, against: as in `AttributionStudy`. permutations: of
    Shapley values. Each pass does one step: a method and its sensitivity, an order, and last what compares them."""

    of: str = ""
    against: str = ""
    permutations: int = SAMPLES
    block = 1

    @property
    def passes(self) -> int:
        return len(QUICK) + self.permutations + 1

    def check(self, tagger: Tagger) -> None:
        chosen_target(tagger, self.of, self.against)

    def begin(self, tagger: Tagger) -> "Measurement":
        return Measurement(self, tagger)


class Measurement:
    """What is known so far; `step` counts the passes."""

    def __init__(self, study: JetAttributionStudy, tagger: Tagger):
        self.study, self.tagger, self.step = study, tagger, 0
        self.jet: Explained | None = None
        self.species: np.ndarray | None = None
        self.found: dict[str, Attribution] = {}
        self.sensitivity: dict[str, float] = {}
        self.gained: list[np.ndarray] = []
        self.added = False
        self.findings: JetFindings | None = None

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        if self.added or len(jets) != 1:
            raise PartError("This is a study of one jet; choose it by the first entry and the one after it.")
        self.added = True
        if self.jet is None:
            self.jet = explain(self.tagger, jets, chosen_target(self.tagger, self.study.of, self.study.against))
            self.species = ak.to_numpy(species(select(jets)[0])[0])
        if self.step < len(QUICK):
            self._method(QUICK[self.step])
        elif self.step < self.study.passes - 1:
            self.gained.append(gains(self.jet, self.step - len(QUICK)))
        else:
            self.findings = self._compare()

    def next_pass(self) -> None:
        self.step, self.added = self.step + 1, False

    def result(self) -> "JetFindings":
        return self.findings

    def _method(self, method: str) -> None:
        if method in supported(self.tagger):
            self.found[method] = attribute(self.jet, method)
            self.sensitivity[method] = sensitivity(self.jet, lambda jet: attribute(jet, method).values)

    def _compare(self) -> "JetFindings":
        self.found[SHAPLEY] = of_gains(self.jet, np.stack(self.gained))
        names = tuple(method for method in METHODS if method in self.found)
        values = np.stack([*(self.found[name].values for name in names), self.jet.pt])
        orders = np.concatenate((order_of(values), random_orders(RANDOM, len(self.jet))))
        return JetFindings(
            title=self.jet.target.title(self.tagger.dataset),
            pt=self.jet.pt,
            species=self.species,
            attributions={name: self.found[name] for name in names},
            curves=curves(self.jet, orders),
            agreement=agreement(values),
            infidelity=infidelity(self.jet, values),
            sensitivity=np.array([self.sensitivity.get(name, np.nan) for name in (*names, BY_PT)]),
        )


@dataclass(frozen=True, eq=False)
class JetFindings:
    """title: what is explained. pt (N,) in GeV, species (N,) index schema.SPECIES.

    curves: by the methods' orders, the order by pT, and random ones. agreement (M, M), infidelity and sensitivity
    (M,): see `faithfulness`; no sensitivity of Shapley values, which would take as long for each change, and of pT.
    """

    title: str
    pt: np.ndarray
    species: np.ndarray
    attributions: dict[str, Attribution]
    curves: Curves
    agreement: np.ndarray
    infidelity: np.ndarray
    sensitivity: np.ndarray
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "names", (*self.attributions, BY_PT))

    def rows(self) -> list[dict]:
        """A row a particle, in the order of the file."""
        rows = []
        for i, (pt, kind) in enumerate(zip(self.pt, self.species, strict=True)):
            row = {"particle": i + 1, "species": SPECIES[kind] if kind >= 0 else "unknown", "pt": float(pt)}
            for name, found in self.attributions.items():
                row[name] = float(found.values[i])
                if found.error is not None:
                    row[f"{name}_error"] = float(found.error[i])
            rows.append(row)
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """As above; `NAME_values`, `NAME_error` (N,) and `NAME_parts` (N, P) of each method."""
        found = {"names": np.array(self.names), "fractions": FRACTIONS, "pt": self.pt, "species": self.species}
        found |= {"deletion": self.curves.deletion, "insertion": self.curves.insertion}
        found |= {name: getattr(self, name) for name in ("agreement", "infidelity", "sensitivity")}
        for name, attribution in self.attributions.items():
            for part in ("values", "error", "parts"):
                if (array := getattr(attribution, part)) is not None:
                    found[f"{name}_{part}"] = array
        return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--permutations", type=int, default=SAMPLES, help="of Shapley values")


def study_of(args: argparse.Namespace) -> JetAttributionStudy:
    if args.permutations < 2:
        raise PartError(f"Shapley values of {args.permutations} permutations; their errors need at least two.")
    return JetAttributionStudy(args.of, args.against, args.permutations)
