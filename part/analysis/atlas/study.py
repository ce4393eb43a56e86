"""The study `atlas`: what each head attends to, with a name where a hypothesis holds.

A hypothesis is chosen on one half of the jets and its numbers are those of the other half, so that choosing the best
of many does not inflate them. The nulls are shuffled keys and the same architecture with untrained weights.
Shapes: J jets, R sources (heads of the layers, then of the class blocks), K hypotheses, G groups of jets, F folds.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import awkward as ak
import numpy as np

from part.analysis.atlas.effects import Effects
from part.analysis.atlas.extremes import Extremes
from part.analysis.atlas.hypotheses import HYPOTHESES
from part.analysis.atlas.measure import measure
from part.analysis.atlas.position import Position
from part.analysis.atlas.result import AtlasResult
from part.analysis.atlas.tokens import Tokens
from part.analysis.attribution.importance import Source, class_heads
from part.analysis.sparsity.measures import effective_number, mean_over_queries
from part.analysis.statistics.running_mean import RunningMean
from part.errors import PartError
from part.inference.activations import patterns_and_class_rows
from part.inference.capabilities import require
from part.inference.tagger import Tagger
from part.jets.hashing import jet_hashes
from part.jets.schema import ENTRY
from part.options import option


@dataclass(frozen=True)
class AtlasStudy:
    """What each head attends to, of a fixed family of hypotheses.

    Parameters
    ----------
    neighbours : int
        How many keys the nearest, and those of largest kT and extreme mass, are.
    subjets : int
        Exclusive kT subjets per jet.
    effect : float
        The least effect of a head with a name, see `AtlasResult.effect`.
    untrained : int
        With how many random initialisations, one for each jet, the architecture is measured untrained. Of 19, an
        untrained model exceeds the largest effect of all others with a probability of 5 %. None takes half the time.
    seed : int
        Seed of the first of them.
    """

    neighbours: int = option("how many keys the nearest, and those of largest kT and extreme mass, are", 3)
    subjets: int = option("exclusive kT subjets per jet", 3)
    effect: float = option("the least effect of a head with a name, from 0 (shuffled keys) to 1 (all attention)", 0.2)
    untrained: int = option("random initialisations for the null hypothesis of untrained weights", 19)
    seed: int = option("seed of the first initialisation", 0)

    batch_size: ClassVar[int] = 16
    n_passes: ClassVar[int] = 1
    needs_classes: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.neighbours < 1 or self.subjets < 2 or not 0 < self.effect < 1 or self.untrained < 0:
            raise PartError(
                f"{self.neighbours} neighbours, {self.subjets} subjets, an effect of {self.effect:g} and "
                f"{self.untrained} initialisations; expected at least 1, at least 2, between 0 and 1, and at least 0."
            )

    def check(self, tagger: Tagger) -> None:
        require(tagger, "atlas of heads", "particles")

    def accumulator(self, tagger: Tagger) -> "AtlasAccumulator":
        return AtlasAccumulator(self, tagger)


class AtlasAccumulator:
    """The sums of a model, and of the same architecture before training."""

    def __init__(self, study: AtlasStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._untrained = [tagger.reinitialised(study.seed + i) for i in range(study.untrained)]
        config, classes = tagger.config, len(tagger.dataset.titles)
        heads = [Source("head", layer, head) for layer, head in np.ndindex(config.layers, config.heads)]
        self._sources = (*heads, *class_heads(config))
        r, k, n = len(self._sources), len(HYPOTHESES), len(heads)
        self._excess, self._share = (RunningMean((2 + classes, r, k)) for _ in range(2))
        self._overlap, self._common = RunningMean((2, r, k, k)), RunningMean((2, k, k))
        self._extremes, self._position, self._spread = Extremes((r, k)), Position(n), RunningMean((n,))
        self._untrained_excess, self._untrained_null = (RunningMean((study.untrained, r, k)) for _ in range(2))

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        study, hashes = self._study, jet_hashes(jets)
        tokens = Tokens.from_jets(jets, study.neighbours, study.subjets)
        pattern, class_rows, mask = patterns_and_class_rows(self._tagger, jets)
        shares = measure(pattern, class_rows, tokens, HYPOTHESES)
        groups = self._groups(hashes, labels)
        excess = shares.share - shares.null
        self._excess.add(_in_groups(excess, groups))
        self._share.add(_in_groups(shares.share, groups))
        self._overlap.add(_in_groups(shares.overlap, groups[:, :2]))
        self._common.add(_in_groups(shares.common, groups[:, :2]))
        self._extremes.add(excess, ak.to_numpy(jets[ENTRY]))
        n = mask.shape[1]
        flat = pattern.reshape(len(pattern), -1, n, n)
        self._position.add(flat, mask, hashes)
        spread = mean_over_queries(effective_number(pattern), mask) / mask.sum(1)[:, None, None]
        self._spread.add(spread.reshape(len(spread), -1))
        self._add_untrained(jets, tokens, hashes)

    def _add_untrained(self, jets: ak.Array, tokens: Tokens, hashes: np.ndarray) -> None:
        """Measure each jet with the initialisation that its content chooses, so that the order does not matter."""
        if not self._untrained:
            return
        chosen = hashes // 100 % len(self._untrained)
        for i in np.unique(chosen):
            rows = chosen == i
            pattern, class_rows, mask = patterns_and_class_rows(self._untrained[i], jets[rows])
            shares = measure(pattern, class_rows, tokens.select(rows, mask.shape[1]), HYPOTHESES)
            only = np.arange(len(self._untrained)) == np.full((rows.sum(), 1), i)
            self._untrained_excess.add(_in_groups(shares.share - shares.null, only))
            self._untrained_null.add(_in_groups(shares.null, only))

    def _groups(self, hashes: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return which jets are in which group (J, G): two halves by their content, then each class."""
        classes = np.full(len(hashes), -1) if labels is None else labels
        halves = (hashes[:, None] // 10) % 2 == np.arange(2)  # the last digit chooses the fold
        return np.concatenate((halves, classes[:, None] == np.arange(len(self._tagger.dataset.titles))), 1)

    def next_pass(self) -> None:
        """Do nothing: the sample streams once."""

    @property
    def sums(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if hasattr(value, "merge")}

    def merge(self, sums: dict[str, Any]) -> None:
        for name, value in sums.items():
            getattr(self, name).merge(value)

    def result(self) -> AtlasResult:
        excess, share = self._excess.result, self._share.result
        position, position_error = self._position.explained()
        untrained = None
        if self._untrained:
            mean, expected = self._untrained_excess.result.value, self._untrained_null.result.value
            effects = mean / (1 - expected)
            untrained = np.where(np.isfinite(effects), effects, -np.inf).max((0, 1))
        spread = self._spread.result
        return AtlasResult(
            model=self._tagger.name,
            neighbours=self._study.neighbours,
            least_effect=self._study.effect,
            classes=self._tagger.dataset.titles,
            sources=self._sources,
            hypotheses=tuple(HYPOTHESES),
            effects=Effects(excess.value, excess.error, share.value, share.error[1], excess.jets.max(1)),
            untrained=untrained,
            overlap=self._overlap.result.value[1],
            common=self._common.result.value[1],
            best=self._extremes.best,
            worst=self._extremes.worst,
            position=position,
            position_error=position_error,
            spread=spread.value,
            jets=int(spread.jets.max(initial=0)),
        )


def _in_groups(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return values (J, ...) as (J, G, ...), NaN where a jet is not in the group."""
    inside = groups.reshape(*groups.shape, *(1,) * (values.ndim - 1))
    return np.where(inside, values[:, None], np.nan)
