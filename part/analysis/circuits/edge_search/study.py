"""The study `edge_circuit`: a few edges that tell two classes apart on their own, against random ones.

Jets are divided into samples by their content. In each, edges are scored by gradients, a set grows from the logits by
their strength, and small sets are pruned by exact measurement; the sets are measured on the jets of the other samples.
Shapes: J jets, P samples, E edges, K the largest size.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from torch import Tensor

from part.analysis.circuits.corruptions import CORRUPTIONS
from part.analysis.circuits.direct_logits import check_linear
from part.analysis.circuits.edge_search.edge_sets import EdgeSets
from part.analysis.circuits.edge_search.growth import all_orders, searched_edges
from part.analysis.circuits.edge_search.members import Edges
from part.analysis.circuits.edge_search.passes import Keys, Scores
from part.analysis.circuits.edge_search.pruning import PRUNED_FROM, Pruning
from part.analysis.circuits.edge_search.replacements import MeanOutputs
from part.analysis.circuits.edge_search.strengths import strengths_of_edges
from part.analysis.circuits.edges.wiring import Wiring
from part.analysis.circuits.pairs import pair_classes
from part.analysis.circuits.search.accumulator import CORRUPTED, SearchAccumulator
from part.analysis.circuits.search.jets_of_classes import Labelled
from part.analysis.circuits.search.options import check_corrupted, check_counts, replaced_by
from part.analysis.circuits.search.result import Searched
from part.analysis.circuits.search.sets import MeasuredSets
from part.analysis.circuits.study import logit_weights
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.class_groups import ClassGroup, class_group
from part.models.config import ParTConfig
from part.models.linpart import LinParT
from part.models.numerics.int8 import int8_scheme
from part.options import option

REPLACEMENTS = ("mean", CORRUPTED)
SIZES = (16, 32, 64, 128, 256, 512, 1024, 2048, 3072, 4096)
MAX_JETS = 1000


@dataclass(frozen=True)
class EdgeCircuitStudy:
    """A search for a small set of edges.

    Edges are those of `part.analysis.circuits.edges`, but for those of pair features: the interaction bias is that of
    the jet in any case.

    Parameters
    ----------
    target_class, contrast_class : str
        The two classes or groups that are told apart; by default those of `pair_classes`.
    replacement, corruption
        What all other edges carry: the "mean" of what their sender adds, over the particles of the jets of both
        classes, or what it adds in the "corrupted" jet; see `part.analysis.circuits.search.study.CircuitStudy`.
    steps : int
        The number of gradients on the way to what replaces the embedding, for the scores.
    most : int
        K, the size up to which the set grows; sets are measured at those of SIZES up to it, and at K.
    per_class : int
        How many jets of each class in each sample are taken at most, those of the lowest hashes.
    left_out : int
        How many members of each set are left out in turn to see whether they are needed, drawn at random.
    samples, random, draws, seed
        See `CircuitStudy`. Random sets grow as the others do, from the logits, with strengths drawn at random.
    """

    target_class: str = option("class or group that is told apart (Tbqq, or the first one)", "", flag="--class")
    contrast_class: str = option("class or group that it is told from (QCD, or the last one)", "", flag="--against")
    replacement: str = option("what the other edges carry", "mean", flag="--instead", choices=REPLACEMENTS)
    corruption: str = option("what the corrupted jet is", "class", choices=tuple(CORRUPTIONS))
    steps: int = option("number of gradients for the scores", 5)
    most: int = option("largest number of edges in the set", 4096)
    per_class: int = option("jets of each class in each sample at most", 8, flag="--jets-per-class")
    left_out: int = option("members of each set that are left out in turn", 4)
    samples: int = option("disjoint samples of jets, each searched on its own", 2)
    random: int = option("random orders of edges, for comparison", 5)
    draws: int = option("bootstrap draws", 200)
    seed: int = option("seed of the random orders and draws", 0)

    batch_size: ClassVar[int] = 32

    def __post_init__(self) -> None:
        check_counts(self, steps=1, most=SIZES[0], per_class=2, left_out=1, samples=2, random=1, draws=2)
        if self.replacement not in REPLACEMENTS:
            raise PartError(f"replacement is {self.replacement!r}; choose one of {', '.join(REPLACEMENTS)}.")
        if self.per_class > MAX_JETS:
            raise PartError(f"per_class is {self.per_class}; expected at most {MAX_JETS}.")

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes at which sets are measured (Z,)."""
        return (*(size for size in SIZES if size < self.most), self.most)

    @property
    def pruned_sizes(self) -> tuple[int, ...]:
        """The sizes that pruning goes through, the largest first."""
        return tuple(size for size in reversed(self.sizes) if size <= PRUNED_FROM)

    @property
    def n_passes(self) -> int:
        # Means and donors, scores, pruning from each size to the next smaller one and of the last one, measurement.
        return 2 + len(self.pruned_sizes) + 1

    def check(self, tagger: Tagger) -> None:
        if int8_scheme(tagger.model):
            raise PartError(f"{tagger.name} has no edges: it computes in int8, which has no gradients.")
        check_linear(tagger, "edges")
        if isinstance(tagger.model, LinParT):
            raise PartError(f"The heads of {tagger.name} share slots; a search for edges expects heads of their own.")
        check_corrupted(tagger, self)
        self.contrast(tagger)
        n = int(searched_edges(Wiring(cast(ParTConfig, tagger.config))).sum())
        if self.most > n:
            raise PartError(f"most is {self.most}, but {tagger.name} has {n} such edges; expected at most as many.")

    def contrast(self, tagger: Tagger) -> tuple[ClassGroup, ClassGroup]:
        """Return the two classes or groups. Raises PartError if there are none such, or if both share a class."""
        first, second = pair_classes(tagger.dataset, self.target_class, self.contrast_class)
        return class_group(tagger.dataset, first), class_group(tagger.dataset, second)

    def accumulator(self, tagger: Tagger) -> "EdgeCircuitAccumulator":
        return EdgeCircuitAccumulator(self, tagger)


class EdgeCircuitAccumulator(SearchAccumulator):
    """Means or donors, scores, pruning in as many passes as there are small sizes, and the measurement."""

    at_once = 16

    def __init__(self, study: EdgeCircuitStudy, tagger: Tagger):
        super().__init__(study, tagger, study.contrast(tagger), MeanOutputs())
        self._options = study
        self._wiring = Wiring(cast(ParTConfig, tagger.config))
        self._keys = Keys(study.samples, study.per_class)
        self._scores = Scores(study.samples, len(self._wiring.edges))
        self._grown: list[np.ndarray] = []  # of each sample, edges as they entered
        self._prunings: list[Pruning] = []
        self._model: EdgeSets | None = None

    @property
    def _weights(self) -> Tensor:
        names = pair_classes(self._tagger.dataset, self._options.target_class, self._options.contrast_class)
        return logit_weights(self._tagger, *names)

    def _prepare(self, jets: Labelled) -> None:
        self._keys.add(jets)

    def _chosen(self, jets: Labelled) -> Labelled:
        return jets[self._keys.are_among(jets)]

    def _run_step(self, jets: Labelled) -> None:
        for sample in range(self._options.samples):
            for rows in self._rows_of(jets, sample):
                self._set_model().load(own := jets[rows])
                if self._prunings:
                    self._try(self._prunings[sample], own.side)
                else:
                    self._score(own)

    def _score(self, jets: Labelled) -> None:
        model = self._set_model()
        inputs = self._wiring, model.forward, model.own, model.replaced
        self._scores.add(jets, strengths_of_edges(*inputs, self._weights, self._options.steps))

    def _try(self, pruning: Pruning, side: np.ndarray) -> None:
        model = self._set_model()
        whole = model.differences(np.ones(len(self._wiring.edges), bool))
        distances = [(model.differences(self._flags(edges)) - whole) ** 2 for edges in pruning.tried]
        pruning.add(side, np.array(distances))

    def _finish_step(self) -> None:
        if self._prunings:
            for pruning in self._prunings:
                pruning.step()
            return
        study = self._options
        self._grown = all_orders(self._wiring, self._scores.strengths, study.most)
        self._prunings = [Pruning(grown[: study.pruned_sizes[0]], study.pruned_sizes) for grown in self._grown]

    def _step_sums(self) -> Any:
        return [pruning.sums for pruning in self._prunings] if self._prunings else self._scores

    def _merge_step(self, sums: Any) -> None:
        if not self._prunings:
            self._scores.merge(sums)
            return
        for pruning, own in zip(self._prunings, sums, strict=True):
            pruning.merge(own)

    def _preparation(self) -> Any:
        return self._keys

    def _merge_preparation(self, other: Any) -> None:
        self._keys.merge(other)

    def _flags(self, edges: np.ndarray) -> np.ndarray:
        kept = np.zeros(len(self._wiring.edges), bool)
        kept[edges] = True
        return kept

    def _set_model(self) -> EdgeSets:
        if self._model is None:
            means = self._means if self._options.replacement == "mean" else None
            self._model = EdgeSets(self._tagger, self._wiring, means, self._contrast)
        return self._model

    def _found_sets(self) -> MeasuredSets:
        study = self._options
        grown = zip(self._grown, self._prunings, strict=True)
        orders = np.array([np.concatenate((pruning.order, own[len(pruning.order) :])) for own, pruning in grown])
        rng = np.random.default_rng(study.seed)
        strengths = rng.random((study.random, len(self._wiring.edges)))
        random = np.array(all_orders(self._wiring, strengths, study.most))
        left_out = tuple(np.sort(rng.permutation(size)[: study.left_out]) for size in study.sizes)
        return MeasuredSets(orders, study.sizes, study.sizes, random, len(self._wiring.edges), left_out)

    def _searched(self) -> Searched:
        assert self._sets is not None
        listed, places = np.unique(np.concatenate([np.array(self._grown), self._sets.orders]), return_inverse=True)
        grown, orders = places.reshape(2, len(self._grown), -1)
        return Searched(
            self._tagger.name,
            (self._contrast[0].name, self._contrast[1].name),
            replaced_by(self._options),
            Edges.of(self._wiring, listed),
            int(searched_edges(self._wiring).sum()),
            grown,
            orders,
            self._sets.found_sizes,
            self._sets.sizes,
        )
