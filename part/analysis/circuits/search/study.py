"""The study `circuit`: a few heads that tell two classes apart on their own, against random sets of as many heads.

Jets are divided into samples by their content. In each, a set of heads grows greedily and is pruned again, with all
other heads replaced; the sets are measured on the jets of the other samples.
Shapes: J jets, P samples, S heads, K the largest size.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from part.analysis.circuits.corruptions import CORRUPTIONS
from part.analysis.circuits.pairs import pair_classes
from part.analysis.circuits.search.accumulator import CORRUPTED, SearchAccumulator
from part.analysis.circuits.search.greedy import GreedySearch
from part.analysis.circuits.search.jets_of_classes import Labelled
from part.analysis.circuits.search.kept_heads import KeptHeads, check_replaceable, searched_heads
from part.analysis.circuits.search.options import check_corrupted, check_counts, replaced_by
from part.analysis.circuits.search.passes import Errors, Means
from part.analysis.circuits.search.result import Searched
from part.analysis.circuits.search.sets import MeasuredSets, random_orders, random_sizes
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.class_groups import ClassGroup, class_group
from part.options import option

REPLACEMENTS = ("mean", "zero", CORRUPTED)
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
        What the other heads give: their "mean" over the particles of the jets of both classes, "zero", or what they
        give in the "corrupted" jet at the token that `pairs.match_tokens` finds.
    corruption : str
        What the corrupted jet is, a name of `part.analysis.circuits.corruptions.CORRUPTIONS`; counts with "corrupted"
        alone. A donor is of the other one of the two classes, and of the same sample.
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
    corruption: str = option("what the corrupted jet is", "class", choices=tuple(CORRUPTIONS))
    most: int = option("largest number of heads in the set", 8)
    tried: int = option("heads tried in a step once the set has two", 16)
    samples: int = option("disjoint samples of jets, each searched on its own", 2)
    random: int = option("random orders of heads, for comparison", 20)
    draws: int = option("bootstrap draws", 200)
    seed: int = option("seed of the random orders and draws", 0)

    batch_size: ClassVar[int] = 32

    def __post_init__(self) -> None:
        check_counts(self, most=2, tried=1, samples=2, random=1, draws=2)
        for name, choices in (("heads", SEARCHED), ("replacement", REPLACEMENTS)):
            if getattr(self, name) not in choices:
                raise PartError(f"{name} is {getattr(self, name)!r}; choose one of {', '.join(choices)}.")

    @property
    def n_passes(self) -> int:
        return 2 * self.most + 2  # means, each head alone, K steps of growth, K - 1 of pruning, measurement

    def check(self, tagger: Tagger) -> None:
        check_replaceable(tagger, self.replacement)
        check_corrupted(tagger, self)
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


class CircuitAccumulator(SearchAccumulator):
    """Mean outputs or jets to corrupt others with, then a step of the search in each pass, and the measurement."""

    def __init__(self, study: CircuitStudy, tagger: Tagger):
        super().__init__(study, tagger, study.contrast(tagger), Means())
        self._options = study
        self._heads = searched_heads(tagger, study.heads == "all")
        self._searches = [GreedySearch(len(self._heads), study.most, study.tried) for _ in range(study.samples)]
        self._errors = Errors(study.samples, len(self._heads))
        self._model: KeptHeads | None = None

    def _run_step(self, jets: Labelled) -> None:
        whole, model = self._of_whole(jets), self._set_model()
        for number, search in enumerate(self._searches):
            if not (rows := np.flatnonzero(jets.sample == number)).size:
                continue
            model.load(jets[rows])
            kept, flipped = model.flips(search.flags, tried := search.tried)
            distances = (kept - whole[rows]) ** 2, (flipped - whole[rows]) ** 2
            self._errors.add(number, jets.side[rows], tried, *distances)

    def _finish_step(self) -> None:
        for number, search in enumerate(self._searches):
            search.step(*self._errors.of(number))
        self._errors = Errors(self._options.samples, len(self._heads))

    def _step_sums(self) -> Errors:
        return self._errors

    def _merge_step(self, sums: Errors) -> None:
        self._errors.merge(sums)

    def _set_model(self) -> KeptHeads:
        if self._model is None:
            constants = {"mean": lambda: self._means.constants, "zero": dict, CORRUPTED: lambda: None}
            self._model = KeptHeads(self._tagger, self._heads, constants[self._options.replacement](), self._contrast)
        return self._model

    def _found_sets(self) -> MeasuredSets:
        study, sizes = self._options, tuple(range(1, self._options.most + 1))
        orders = np.array([search.order for search in self._searches])
        random = random_orders(len(self._heads), study.most, study.random, study.seed)
        return MeasuredSets(orders, sizes, random_sizes(sizes), random, len(self._heads))

    def _searched(self) -> Searched:
        assert self._sets is not None
        grown = np.array([search.grown for search in self._searches])
        return Searched(
            self._tagger.name,
            (self._contrast[0].name, self._contrast[1].name),
            replaced_by(self._options),
            self._heads,
            len(self._heads),
            grown,
            self._sets.orders,
            self._sets.found_sizes,
            self._sets.sizes,
        )
