"""Attributions over a sample: how faithful the methods are, how far they agree, which particles they point to.

Shapes: J jets, N particles, M methods and the order by pT, T fractions, S species, K ranks in pT.
"""

import argparse
from dataclasses import dataclass
from functools import partial

import awkward as ak
import numpy as np

from part.analysis.attribution.explained import Explained, chosen_target, explain
from part.analysis.attribution.faithfulness import (
    FRACTIONS,
    agreement,
    curves,
    infidelity,
    order_of,
    random_orders,
    sensitivity,
)
from part.analysis.attribution.findings import BY_PT, AttributionFindings
from part.analysis.attribution.methods import METHODS, attribute, shapley, supported, unsupported
from part.analysis.statistics.running_mean import Moments
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import select
from part.jets.kinematics import species
from part.jets.schema import SPECIES

RANKS = 30
RANDOM = 4  # random orders a jet


@dataclass(frozen=True)
class AttributionStudy:
    """methods: by name, () for all that the model can have. of: the class that is explained, "" for the one that a
    jet is taken for; against: another class, "" for all others. permutations: of Shapley values. stable: whether to
    measure the sensitivity, which takes each method five more times."""

    methods: tuple[str, ...] = ()
    of: str = ""
    against: str = ""
    permutations: int = 4
    stable: bool = False
    block: int = 1
    passes = 1

    def check(self, tagger: Tagger) -> None:
        for method in self.methods:
            if method not in METHODS:
                raise PartError(f"There is no method {method!r}; choose one of {', '.join(METHODS)}.")
            if reason := unsupported(tagger, method):
                raise PartError(reason)
        chosen_target(tagger, self.of, self.against)

    def begin(self, tagger: Tagger) -> "Measurement":
        return Measurement(self, tagger)


class Measurement:
    """The sums of a study, jet by jet."""

    def __init__(self, study: AttributionStudy, tagger: Tagger):
        self.study, self.tagger = study, tagger
        self.methods = study.methods or supported(tagger)
        self.target = chosen_target(tagger, study.of, study.against)
        self.names = (*self.methods, BY_PT)
        m = len(self.names)
        shapes = {name: (m + 1, len(FRACTIONS)) for name in ("deletion", "insertion")}  # the random orders last
        shapes |= dict.fromkeys(("deletion_area", "insertion_area", "deletion_gain", "insertion_gain"), (m + 1,))
        shapes |= {"agreement": (m, m), "infidelity": (m,), "sensitivity": (m,), "incompleteness": (m,)}
        shapes |= {"species": (m, len(SPECIES)), "rank": (m, RANKS)}
        self.sums = {name: Moments(shape) for name, shape in shapes.items()}

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        for i in range(len(jets)):
            found = self._measure(jets[i : i + 1])
            for name, values in found.items():
                self.sums[name].add(values[None])

    def next_pass(self) -> None:
        pass  # one suffices

    def result(self) -> "AttributionFindings":
        return AttributionFindings(self.names, {name: moments.result for name, moments in self.sums.items()})

    def _measure(self, jet: ak.Array) -> dict[str, np.ndarray]:
        """Of one jet."""
        explained = explain(self.tagger, jet, self.target)
        run = {name: partial(attribute, method=name) for name in self.methods}
        if "shapley" in run:
            run["shapley"] = partial(shapley, samples=self.study.permutations)
        found = {name: method(explained) for name, method in run.items()}
        values = np.stack([*(attribution.values for attribution in found.values()), explained.pt])
        gaps = [attribution.completeness_error for attribution in found.values()]
        stable = np.full(len(self.names), np.nan)
        if self.study.stable:
            stable[:-1] = [sensitivity(explained, lambda jet, m=m: m(jet).values) for m in run.values()]
        return {
            **_faithful(explained, values),
            "agreement": agreement(values),
            "infidelity": infidelity(explained, values),
            "sensitivity": stable,
            "incompleteness": np.array([*(np.nan if gap is None else abs(gap) for gap in gaps), np.nan]),
            "species": _by_species(values, jet),
            "rank": _by_rank(values, explained.pt),
        }


def _faithful(jet: Explained, values: np.ndarray) -> dict[str, np.ndarray]:
    """Curves and areas of the methods, then the mean of the random orders, and what the others gain on that."""
    found = curves(jet, np.concatenate((order_of(values), random_orders(RANDOM, len(jet)))))
    measured = {}
    for name in ("deletion", "insertion"):
        for quantity in (name, f"{name}_area"):
            each = getattr(found, quantity)
            measured[quantity] = np.concatenate((each[:-RANDOM], each[-RANDOM:].mean(0, keepdims=True)))
        area = measured[f"{name}_area"]
        measured[f"{name}_gain"] = area[-1] - area if name == "deletion" else area - area[-1]
    return measured


def _by_species(values: np.ndarray, jet: ak.Array) -> np.ndarray:
    """Share of each species (M, S) in the sum of the sizes; nan where the jet's species are unknown."""
    found = ak.to_numpy(species(select(jet)[0])[0])
    if (found < 0).all():
        return np.full((len(values), len(SPECIES)), np.nan)
    return _shares(values) @ (found[:, None] == np.arange(len(SPECIES)))


def _by_rank(values: np.ndarray, pt: np.ndarray) -> np.ndarray:
    """Share of the k hardest particles (M, K) in the sum of the sizes; all of a jet that has fewer."""
    added = np.cumsum(_shares(values)[:, order_of(pt)], 1)[:, :RANKS]
    return np.pad(added, ((0, 0), (0, RANKS - added.shape[1])), mode="edge")


def _shares(values: np.ndarray) -> np.ndarray:
    size = np.abs(values)
    with np.errstate(invalid="ignore"):
        return size / size.sum(1, keepdims=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--methods", nargs="+", default=[], choices=list(METHODS), help="all that the model can have")
    add_target(parser)
    parser.add_argument("--permutations", type=int, default=4, help="of Shapley values, a jet")
    parser.add_argument("--sensitivity", action="store_true", help="how far small changes of the inputs move them")


def add_target(parser: argparse.ArgumentParser) -> None:
    """What is explained."""
    parser.add_argument("--class", dest="of", default="", help="that is explained; else the one a jet is taken for")
    parser.add_argument("--against", default="", help="another class; else all others")


def study_of(args: argparse.Namespace) -> AttributionStudy:
    if args.permutations < 1:
        raise PartError(f"Shapley values of {args.permutations} permutations; expected at least one.")
    return AttributionStudy(tuple(args.methods), args.of, args.against, args.permutations, args.sensitivity)
