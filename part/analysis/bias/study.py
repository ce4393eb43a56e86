"""The study `bias`: the interaction bias over a sample, against q·k, by its features, over the Lund plane.

Shapes: J jets, L layers, H heads, B baseline pairs, F features of a pair, P pairs; others as in `variance_shares` and
`lund`.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.bias.baseline import BaselinePairs
from part.analysis.bias.embedding import (
    all_pairs,
    check_scores,
    draw_pairs,
    evaluate_bias,
    first_biased_layer,
    pair_feature_names,
)
from part.analysis.bias.lund import LN_INVERSE_DELTA, LN_KT, Lund, LundAccumulator
from part.analysis.bias.shapley import shapley
from part.analysis.bias.variance_shares import DECADES, VarianceShareAccumulator, VarianceShares
from part.analysis.statistics.running_mean import Mean, RunningMean
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import make_batch
from part.lazy import ShownInNotebooks
from part.models.pair_inputs import PAIR_FEATURES
from part.options import option

SHOWN_PAIRS = 4000  # pairs whose features the result keeps, for charts


@dataclass(frozen=True)
class BiasStudy:
    """The interaction bias against q·k, by pair feature and over the Lund plane.

    The sample streams twice, because the baseline pairs come from all of it. The same pairs are drawn whatever the
    order of the jets.

    Parameters
    ----------
    pairs : int
        Pairs of each jet whose Shapley values are averaged.
    baseline : int
        Pairs of the sample that stand in for features that are not known.
    seed : int
        Seed of both draws.
    """

    pairs: int = option("pairs per jet whose Shapley values are averaged", 16)
    baseline: int = option("pairs that stand in for features that are not known", 64)
    seed: int = option("seed of the draws of pairs", 0)
    batch_size: ClassVar[int] = 8
    n_passes: ClassVar[int] = 2
    needs_classes: ClassVar[bool] = False

    def __post_init__(self):
        for name in ("pairs", "baseline"):
            if getattr(self, name) < 1:
                raise PartError(f"The study has {getattr(self, name)} {name}; expected 1 or more.")

    def check(self, tagger: Tagger) -> None:
        check_scores(tagger)

    def accumulator(self, tagger: Tagger) -> "BiasAccumulator":
        return BiasAccumulator(self, tagger)


@dataclass(frozen=True, eq=False)
class BiasResult(ShownInNotebooks):
    """The result of the study `bias`; standard errors are over jets, for this baseline.

    Attributes
    ----------
    shares : VarianceShares
        Shares of the variance of the logits, flips and ratios (L, H, ...).
    lund : Lund
        Attention and bias over the Lund plane.
    shapley, size : Mean (H, F)
        Means over jets of the mean over a jet's pairs, of the Shapley values and of their magnitudes, in logits.
    base : ndarray (H,)
        Mean bias of the baseline pairs.
    baseline : ndarray (B, F)
        Features of the baseline pairs.
    pairs : ndarray (P, F)
        Features of some of the explained pairs.
    features : tuple of str
        The names of the features.
    """

    shares: VarianceShares
    lund: Lund
    shapley: Mean
    size: Mean
    base: np.ndarray
    baseline: np.ndarray
    pairs: np.ndarray
    features: tuple[str, ...] = PAIR_FEATURES

    def rows(self) -> list[dict]:
        shares = {
            "variance share of q·k": self.shares.scores,
            "variance share of bias": self.shares.bias,
            "variance share of covariance": self.shares.covariance,
            "argmax flips without bias": self.shares.flips,
        }
        rows = [
            _row(name, layer, head, None, mean, (layer, head))
            for name, mean in shares.items()
            for layer, head in np.ndindex(mean.value.shape)
        ]
        values = {"mean Shapley value": self.shapley, "mean size of Shapley value": self.size}
        return rows + [
            _row(name, None, head, self.features[feature], mean, (head, feature))
            for name, mean in values.items()
            for head, feature in np.ndindex(mean.value.shape)
        ]

    def arrays(self) -> dict[str, np.ndarray]:
        means = {
            "scores_share": self.shares.scores,
            "bias_share": self.shares.bias,
            "covariance_share": self.shares.covariance,
            "flips": self.shares.flips,
            "ratio": self.shares.ratio,
            "ratio_centred": self.shares.centred,
            "shapley": self.shapley,
            "shapley_size": self.size,
            "lund_attention": self.lund.attention,
            "lund_bias": self.lund.bias,
            "lund_pairs": self.lund.pairs,
        }
        arrays = {"ratio_decades": DECADES, "lund_ln_kt": LN_KT, "lund_ln_inverse_delta": LN_INVERSE_DELTA}
        arrays |= {"base": self.base, "baseline": self.baseline, "pairs": self.pairs}
        for name, mean in means.items():
            arrays |= {name: mean.value, f"{name}_error": mean.error, f"{name}_jets": mean.jets}
        return arrays


class BiasAccumulator:
    """The first pass collects shares, Lund plane and baseline; the second the Shapley values against that baseline."""

    def __init__(self, study: BiasStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        layers, heads = tagger.config.layers, tagger.config.heads
        self._shares, self._lund = VarianceShareAccumulator(layers, heads), LundAccumulator(layers, heads)
        self._names = pair_feature_names(tagger)
        self._values, self._sizes = (RunningMean((heads, len(self._names))) for _ in range(2))
        self._baseline = BaselinePairs(study.baseline, study.seed, tagger.config)
        self._base, self._shown = np.zeros(heads), []
        self._explains = False

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        if self._explains:
            self._explain(jets)
        else:
            self._observe(jets)

    def next_pass(self) -> None:
        self._explains = True

    @property
    def sums(self) -> tuple:
        """What the present pass collects."""
        if self._explains:
            return self._values, self._sizes, self._base, self._shown
        return self._shares, self._lund, self._baseline

    def merge(self, sums: tuple) -> None:
        if self._explains:
            values, sizes, base, shown = sums
            self._values.merge(values)
            self._sizes.merge(sizes)
            self._base = base if shown else self._base  # that of the baseline, the same for all jets with pairs
            self._shown += shown if sum(map(len, self._shown)) < SHOWN_PAIRS else []
        else:
            for own, other in zip(self.sums, sums, strict=True):
                own.merge(other)

    def _observe(self, jets: ak.Array) -> None:
        trace, batch = self._tagger.trace(jets), make_batch(jets, self._tagger.features).to(self._tagger.device)
        self._shares.add(trace["scores_qk"], trace["bias"], trace.mask)
        bias = trace["bias"][:, first_biased_layer(self._tagger)]
        self._lund.add(trace["pattern"], bias, all_pairs(batch, self._tagger.config))
        self._baseline.add(batch)

    def _explain(self, jets: ak.Array) -> None:
        batch = make_batch(jets, self._tagger.features).to(self._tagger.device)
        pairs, _ = draw_pairs(batch, self._study.pairs, self._study.seed + 1, self._tagger.config)
        if not len(pairs):
            return
        shapley_values = shapley(partial(evaluate_bias, self._tagger), pairs.features, self._baseline.features)
        # Every jet that has pairs at all contributes the same number.
        values = shapley_values.values.reshape(-1, self._study.pairs, *shapley_values.values.shape[1:])
        self._values.add(values.mean(1))
        self._sizes.add(np.abs(values).mean(1))
        self._base = shapley_values.base
        if sum(map(len, self._shown)) < SHOWN_PAIRS:
            self._shown.append(pairs.features)

    def result(self) -> BiasResult:
        shown = np.concatenate([np.zeros((0, len(self._names))), *self._shown])[:SHOWN_PAIRS]
        return BiasResult(
            self._shares.result,
            self._lund.result,
            self._values.result,
            self._sizes.result,
            self._base,
            self._baseline.features,
            shown,
            self._names,
        )


def _row(name: str, layer: int | None, head: int, feature: str | None, mean: Mean, index: tuple[int, int]) -> dict:
    """Return value, error and interval of a mean; None where there are too few jets for one."""
    numbers = dict(zip(("value", "error", "low", "high"), (mean.value, mean.error, *mean.interval), strict=True))
    return {
        "quantity": name,
        "layer": None if layer is None else layer + 1,
        "head": head + 1,
        "feature": feature,
        **{key: float(array[index]) if np.isfinite(array[index]) else None for key, array in numbers.items()},
        "jets": int(mean.jets[index]),
    }
