"""The study `circuit`: a few heads that tell two classes apart on their own, against random sets of as many heads.

Jets are divided into samples by their content. In each, a set of heads grows greedily and is pruned again, with all
other heads replaced; the sets are measured on the jets of the other samples.
Shapes: J jets, P samples, S heads, K the largest size.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import awkward as ak
import numpy as np

from part.analysis.circuits.pairs import pair_classes
from part.analysis.circuits.search.greedy import GreedySearch
from part.analysis.circuits.search.kept_heads import KeptHeads, check_replaceable, logit_difference, searched_heads
from part.analysis.circuits.search.measures import make_result
from part.analysis.circuits.search.passes import Errors, Labelled, Marginals, Means, Measured, concatenate
from part.analysis.circuits.search.result import CircuitResult, Searched
from part.analysis.circuits.search.sets import MeasuredSets
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.class_groups import ClassGroup, class_group
from part.jets.features import make_batch
from part.jets.hashing import jet_hashes
from part.options import option

REPLACEMENTS = ("mean", "zero")
SEARCHED = ("particle", "all")


@dataclass(frozen=True)
class CircuitStudy:
    """A greedy search for a small set of heads.

    Parameters
    ----------
    target_class, contrast_class : str
        The two classes or groups that are told apart; by default those of `pair_classes`.
    heads : str
        "particle" for the heads of the particle blocks, while those of the class blocks always compute, or "all".
    replacement : str
        What the other heads give: their "mean" over the particles of the jets of both classes, or "zero".
    most : int
        K, the size up to which the set grows.
    tried : int
        How many heads are tried in a step once the set has two; see `GreedySearch`.
    samples : int
        P, the number of disjoint samples, each with a search of its own.
    random : int
        The number of random orders of heads, whose sets are measured beside those that were found.
    draws : int
        The number of bootstrap draws of jets.
    seed : int
        Of the random orders and the draws.
    """

    target_class: str = option("class or group that is told apart (Tbqq, or the first one)", "", flag="--class")
    contrast_class: str = option("class or group that it is told from (QCD, or the last one)", "", flag="--against")
    heads: str = option(
        "which heads are searched; particle keeps all of the class blocks", "particle", choices=SEARCHED
    )
    replacement: str = option("what replaces the other heads' outputs", "mean", flag="--instead", choices=REPLACEMENTS)
    most: int = option("largest number of heads in the set", 8)
    tried: int = option("heads tried in a step once the set has two", 16)
    samples: int = option("disjoint samples of jets, each searched on its own", 2)
    random: int = option("random orders of heads, for comparison", 20)
    draws: int = option("bootstrap draws", 200)
    seed: int = option("seed of the random orders and draws", 0)

    batch_size: ClassVar[int] = 32

    def __post_init__(self) -> None:
        for name, least in (("most", 2), ("tried", 1), ("samples", 2), ("random", 1), ("draws", 2)):
            if getattr(self, name) < least:
                raise PartError(f"{name} is {getattr(self, name)}; expected {least} or more.")
        for name, choices in (("heads", SEARCHED), ("replacement", REPLACEMENTS)):
            if getattr(self, name) not in choices:
                raise PartError(f"{name} is {getattr(self, name)!r}; choose one of {', '.join(choices)}.")

    @property
    def n_passes(self) -> int:
        return 2 * self.most + 2  # means, each head alone, K steps of growth, K - 1 of pruning, measurement

    def check(self, tagger: Tagger) -> None:
        check_replaceable(tagger, self.replacement)
        self.contrast(tagger)
        n = len(searched_heads(tagger, self.heads == "all"))
        if self.most > n:
            raise PartError(f"most is {self.most}, but {tagger.name} has {n} such heads; expected at most as many.")

    def contrast(self, tagger: Tagger) -> tuple[ClassGroup, ClassGroup]:
        """Return the two classes or groups. Raises PartError if there are none such, or if both share a class."""
        first, second = pair_classes(tagger.dataset, self.target_class, self.contrast_class)
        return class_group(tagger.dataset, first), class_group(tagger.dataset, second)

    def accumulator(self, tagger: Tagger) -> "CircuitAccumulator":
        return CircuitAccumulator(self, tagger)


class CircuitAccumulator:
    """The passes of a search: mean outputs, then a step of the search each, and the measurement at the end."""

    def __init__(self, study: CircuitStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._contrast = study.contrast(tagger)
        self._heads = searched_heads(tagger, study.heads == "all")
        n_heads = len(self._heads)
        self._searches = [GreedySearch(n_heads, study.most, study.tried) for _ in range(study.samples)]
        self._waiting: list[Labelled] = []
        self._means = Means(study.samples)
        self._pass = 0
        self._errors = Errors(study.samples, n_heads)
        self._marginals: list[Marginals] = []  # of the sets of K, K - 1, ..., 2 heads
        self._measured = Measured()
        self._sets: MeasuredSets | None = None
        self._model: KeptHeads | None = None

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        if labels is None:
            raise PartError("A search for a circuit needs jets with labels.")
        side = np.full(len(jets), -1)
        for s, group in enumerate(self._contrast):
            side[np.isin(labels, group.members)] = s
        hashes = jet_hashes(jets)
        own = Labelled(jets, hashes, side, hashes // 1000 % self._study.samples)[side >= 0]
        self._waiting.append(own)
        if sum(map(len, self._waiting)) >= self._study.batch_size:
            self._work_off()

    def _work_off(self) -> None:
        """Run the waiting jets together: of a sample with many other classes a batch has few of these two."""
        waiting, self._waiting = concatenate([jets for jets in self._waiting if len(jets)]), []
        if waiting is None:
            return
        if self._pass == 0:
            self._means.add(self._tagger, waiting)
        elif self._pass < self._study.n_passes - 1:
            self._step(waiting)
        else:
            self._measure(waiting)

    def _step(self, jets: Labelled) -> None:
        batch = make_batch(jets.jets, self._tagger.features).to(self._tagger.device)
        whole = logit_difference(self._tagger.logits(batch).log_softmax(-1), self._contrast)
        for number, search in enumerate(self._searches):
            tried = search.tried
            for is_own in (True, False):
                rows = (jets.sample == number) == is_own
                if not rows.any() or (search.is_growing and not is_own):
                    continue
                kept, flipped = self._circuits.flips(jets.jets[rows], search.flags, tried)
                side, of_whole = jets.side[rows], whole[rows]
                if is_own:
                    distances = (kept - of_whole) ** 2, (flipped - of_whole) ** 2
                    self._errors.add(number, side, tried, *distances)
                else:
                    self._marginals[-1].add(number, side, tried, kept - flipped)

    def _measure(self, jets: Labelled) -> None:
        assert self._sets is not None
        flags = self._sets.flags
        values = np.full((len(jets), len(flags)), np.nan)
        for sample in range(self._study.samples):
            if (rows := jets.sample == sample).any():
                for i in np.flatnonzero(self._sets.is_measured_on(sample)):
                    values[rows, i] = self._circuits.differences(jets.jets[rows], flags[i])
        self._measured.add(jets, values)

    @property
    def _circuits(self) -> KeptHeads:
        if self._model is None:
            constants = self._means.constants if self._study.replacement == "mean" else {}
            self._model = KeptHeads(self._tagger, self._heads, constants, self._contrast)
        return self._model

    def next_pass(self) -> None:
        self._work_off()
        if self._pass == 0:
            self._check_counts()
        else:
            for number, search in enumerate(self._searches):
                search.step(*self._errors.of(number))
        self._pass += 1
        self._errors = Errors(self._study.samples, len(self._heads))
        if self._pass == self._study.n_passes - 1:
            orders = np.array([search.order for search in self._searches])
            self._sets = MeasuredSets(orders, len(self._heads), self._study.random, self._study.seed)
        elif not self._searches[0].is_growing:
            self._marginals.append(Marginals(self._study.samples, len(self._heads)))

    def _check_counts(self) -> None:
        for sample, side in np.argwhere(self._means.counts < 2)[:1]:
            n, name = self._means.counts[sample, side], self._contrast[side].name
            of = self._study.samples
            raise PartError(
                f"Sample {sample + 1} of {of} has {n} of the two or more jets of {name} that it needs, "
                "so study more jets or fewer samples."
            )

    @property
    def sums(self) -> Any:
        """What the present pass collects."""
        self._work_off()
        if self._pass == 0:
            return self._means
        if self._pass < self._study.n_passes - 1:
            return self._errors, self._marginals[-1] if self._marginals else None
        return self._measured

    def merge(self, sums: Any) -> None:
        if self._pass == 0:
            self._means.merge(sums)
        elif self._pass < self._study.n_passes - 1:
            errors, marginals = sums
            self._errors.merge(errors)
            if marginals is not None:
                self._marginals[-1].merge(marginals)
        else:
            self._measured.merge(sums)

    def result(self) -> CircuitResult:
        self._work_off()
        assert self._sets is not None
        study = self._study
        names = self._contrast[0].name, self._contrast[1].name
        searched = Searched(
            self._tagger.name,
            names,
            study.replacement,
            self._heads,
            np.array([search.grown for search in self._searches]),
            self._sets.orders,
            self._sets.sizes,
        )
        marginals = [one.means.result for one in self._marginals]
        return make_result(searched, self._sets, marginals, self._measured, study.draws, study.seed)
