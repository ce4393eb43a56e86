"""Study `physics`: which physics the importance of particles and of heads follows, as Spearman's rank correlations.

Of particles: within each jet, the attention that its constituents receive from a head, or the size of an attribution,
against their kinematics and displacement; then the mean over jets. Of heads: over jets, a number of the head for each
jet, its entropy or what its ablation does, against the substructure of the jet.
Shapes: J jets, R sources of importance, L layers, H heads, N particles, O quantities, B groups of jets, D draws.
"""

from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.attribution.importance import METHODS_HELP, WITHOUT_SHAPLEY, ParticleImportance, chosen_methods
from part.analysis.attribution.methods import METHODS
from part.analysis.attribution.target import CONTRAST_HELP, TARGET_HELP, requested_target
from part.analysis.physics.heads import OF_HEADS, head_numbers
from part.analysis.physics.observables import OF_PARTICLES, jet_observables, particle_quantities
from part.analysis.physics.results import Correlations, PhysicsResult
from part.analysis.statistics.bins import PT_EDGES, PT_HELP, check_edges, jet_pt, of_groups, pt_groups
from part.analysis.statistics.poisson_bootstrap import DrawnMeans, drawn_interval, poisson_counts
from part.analysis.statistics.ranks import DrawnRanks, drawn_spearman, spearman
from part.analysis.statistics.running_mean import RunningMean
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.hashing import jet_hashes
from part.options import option


@dataclass(frozen=True)
class PhysicsStudy:
    """Rank correlations of importance with physics, with bootstrap intervals over jets.

    The numbers of each head are kept for all jets, about 1 kB for a jet.

    Parameters
    ----------
    methods : tuple of str
        Names in `METHODS`; by default all that the model supports but Shapley values.
    target_class, contrast_class : str
        What is attributed, see `AttributionStudy`.
    of_heads : str
        The number of a head for each jet, one of `heads.OF_HEADS`.
    pt_edges : tuple of float
        Bins of the jets in pT [GeV], each [low, high).
    draws, seed : int
        The number of bootstrap draws, and their seed.
    """

    methods: tuple[str, ...] = option(METHODS_HELP, (), nargs="+", choices=tuple(METHODS))
    target_class: str = option(TARGET_HELP, "", flag="--class", metavar="CLASS")
    contrast_class: str = option(CONTRAST_HELP, "", flag="--against", metavar="CLASS")
    of_heads: str = option(
        "number of a head for each jet: the entropy of its rows, or the change of the log odds without the head",
        "entropy",
        choices=OF_HEADS,
    )
    pt_edges: tuple[float, ...] = option(PT_HELP, PT_EDGES, nargs="+", parse=float)
    draws: int = option("bootstrap draws", 200)
    seed: int = option("seed of the bootstrap draws", 0)

    batch_size: ClassVar[int] = 16
    n_passes: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.of_heads not in OF_HEADS or self.draws < 2:
            raise PartError(
                f"{self.of_heads} of heads with {self.draws} bootstrap draws; expected {' or '.join(OF_HEADS)} and 2 "
                "draws or more."
            )
        check_edges(self.pt_edges)

    @property
    def remark(self) -> str | None:
        """What was left out without being asked for, or None."""
        return None if self.methods else WITHOUT_SHAPLEY

    def check(self, tagger: Tagger) -> None:
        chosen_methods(tagger, self.methods)
        requested_target(tagger, self.target_class, self.contrast_class)

    def accumulator(self, tagger: Tagger) -> "PhysicsAccumulator":
        return PhysicsAccumulator(self, tagger)


class PhysicsAccumulator:
    """The sums of correlations within jets, and the numbers of heads and jets for those over jets."""

    def __init__(self, study: PhysicsStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        methods = chosen_methods(tagger, study.methods)
        self._importance = ParticleImportance(tagger, methods, study.target_class, study.contrast_class)
        b, shape = len(study.pt_edges), (len(self._importance.sources), len(OF_PARTICLES))
        self._means = RunningMean((b, *shape))
        self._centres = RunningMean((b,))
        self._drawn = DrawnMeans(study.draws, b, shape)
        self._kept: dict[str, list[np.ndarray]] = {name: [] for name in ("hash", "pt", "heads", "observables")}
        self._observables: tuple[str, ...] = ()

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        hashes, pt = jet_hashes(jets), jet_pt(jets)
        groups = pt_groups(pt, self._study.pt_edges)
        importance, mask = self._importance(jets)
        values = correlations_within(importance, particle_quantities(jets), mask)
        self._means.add(of_groups(values, groups))
        self._centres.add(of_groups(pt, groups))
        self._drawn.add(values, groups, poisson_counts(hashes, self._study.draws, self._study.seed))
        if self._importance.heads:
            of_jets = jet_observables(jets)
            self._observables = tuple(of_jets)
            numbers = head_numbers(self._tagger, jets, self._study.of_heads)
            columns = (hashes, pt, numbers.reshape(len(pt), -1), np.stack(list(of_jets.values()), 1))
            for name, column in zip(self._kept, columns, strict=True):
                self._kept[name].append(column)

    def next_pass(self) -> None:
        """Do nothing: the sample streams once."""

    @property
    def sums(self) -> tuple[RunningMean, RunningMean, DrawnMeans, dict[str, list[np.ndarray]], tuple[str, ...]]:
        return self._means, self._centres, self._drawn, self._kept, self._observables

    def merge(
        self, sums: tuple[RunningMean, RunningMean, DrawnMeans, dict[str, list[np.ndarray]], tuple[str, ...]]
    ) -> None:
        means, centres, drawn, kept, self._observables = sums
        self._means.merge(means)
        self._centres.merge(centres)
        self._drawn.merge(drawn)
        for name, columns in kept.items():
            self._kept[name] += columns

    def result(self) -> PhysicsResult:
        mean = self._means.result
        several = mean.jets > 1  # the draws of a single jet are all the same
        low, high = (np.where(several, end, np.nan) for end in drawn_interval(self._drawn.result))
        of_particles = Correlations(mean.value, low, high, mean.jets)
        return PhysicsResult(
            model=self._tagger.name,
            number_of_heads=self._study.of_heads,
            pt_edges=self._study.pt_edges,
            sources=self._importance.sources,
            observables=self._observables,
            centres=self._centres.result.value,
            of_particles=of_particles,
            of_heads=self._of_heads(),
        )

    def _of_heads(self) -> Correlations | None:
        """Return the correlations over jets (B, L, H, O), of the jets that have all numbers."""
        if not self._importance.heads:
            return None
        hashes, pt, heads, observables = (np.concatenate(columns) for columns in self._kept.values())
        complete = np.isfinite(np.concatenate((heads, observables), 1).sum(1))
        counts = poisson_counts(hashes, self._study.draws, self._study.seed)
        groups = pt_groups(pt, self._study.pt_edges)
        groups &= complete[:, None]
        parts = [correlations_over(heads[rows], observables[rows], counts[rows]) for rows in groups.T]
        shape = (len(parts), self._tagger.config.layers, self._tagger.config.heads, observables.shape[1])
        value, low, high = (np.stack([p[i] for p in parts]).reshape(shape) for i in range(3))
        jets = np.broadcast_to(groups.sum(0)[:, None, None, None], shape)
        return Correlations(value, low, high, jets)


def correlations_within(importance: np.ndarray, quantities: dict[str, np.ndarray], mask: np.ndarray) -> np.ndarray:
    """Return ρ (J, R, O) of an importance (J, R, N) with each quantity (J, N) within jets, NaN where it has none."""
    known = np.isfinite(importance).all(-1)
    columns = []
    for quantity in quantities.values():
        counted = mask & np.isfinite(quantity)
        rho = spearman(np.nan_to_num(importance), np.nan_to_num(quantity)[:, None], counted[:, None])
        columns.append(np.where(known, rho, np.nan))
    return np.stack(columns, -1)


def correlations_over(
    heads: np.ndarray, observables: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ρ (A, O) over jets of numbers of heads (J, A) with observables (J, O), and the ends of its interval.

    counts (J, D) says how often each jet is in each bootstrap draw.
    """
    jets, a, o = len(heads), heads.shape[1], observables.shape[1]
    if not jets:
        value, low, high = np.full((3, a, o), np.nan)
        return value, low, high
    ranks = DrawnRanks(heads.T), DrawnRanks(observables.T)
    value = drawn_spearman(*ranks, np.ones(jets))
    low, high = drawn_interval(np.stack([drawn_spearman(*ranks, drawn.astype(float)) for drawn in counts.T]))
    undefined = np.isnan(value)
    return value, np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)
