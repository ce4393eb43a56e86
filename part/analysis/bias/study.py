"""The interaction bias over a sample: against q·k, by its four features, over the Lund plane.

Shapes: J jets, L layers, H heads, B baseline pairs, F = 4 features, P pairs; others as in `shares` and `lund`.
"""

import argparse
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.bias.embedding import PAIR_FEATURES, all_pairs, bias_of, check_scores, draw_pairs
from part.analysis.bias.lund import LN_INVERSE_DELTA, LN_KT, Lund, LundOf
from part.analysis.bias.shapley import shapley
from part.analysis.bias.variance_shares import DECADES, Shares, SharesOf
from part.analysis.statistics.running_mean import Mean, Moments
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch, make_batch

KEPT = 4000  # pairs whose features stay, to be drawn


@dataclass(frozen=True)
class BiasStudy:
    """pairs: of each jet, whose Shapley values are averaged. baseline: pairs of the sample that unknown features are
    taken from. seed: draws both, the same pairs whatever the order of the jets.

    The jets go by twice: the baseline is of all of them.
    """

    pairs: int = 16
    baseline: int = 64
    seed: int = 0
    block: ClassVar[int] = 8
    passes: ClassVar[int] = 2

    def __post_init__(self):
        for name in ("pairs", "baseline"):
            if getattr(self, name) < 1:
                raise PartError(f"The study has {getattr(self, name)} {name}; expected 1 or more.")

    def check(self, tagger: Tagger) -> None:
        check_scores(tagger)

    def begin(self, tagger: Tagger) -> "BiasMeasurement":
        return BiasMeasurement(self, tagger)


@dataclass(frozen=True, eq=False)
class BiasFindings:
    """shares: of the variance of logits, flips and ratios (L, H, ...). lund: attention and bias over the Lund plane.

    shapley, size: means over jets of the mean over a jet's pairs, as they are and their sizes (H, F), in units of a
    logit. base (H,): mean bias of the baseline pairs, whose features are baseline (B, F). pairs (P, F): features of
    the first pairs that values were found for. Standard errors are over jets, for this baseline.
    """

    shares: Shares
    lund: Lund
    shapley: Mean
    size: Mean
    base: np.ndarray
    baseline: np.ndarray
    pairs: np.ndarray

    def rows(self) -> list[dict]:
        shares = {
            "variance share of q·k": self.shares.scores,
            "variance share of bias": self.shares.bias,
            "variance share of covariance": self.shares.covariance,
            "argmax flips without bias": self.shares.flips,
        }
        found = [
            _row(name, layer, head, None, mean, (layer, head))
            for name, mean in shares.items()
            for layer, head in np.ndindex(mean.value.shape)
        ]
        values = {"mean Shapley value": self.shapley, "mean size of Shapley value": self.size}
        return found + [
            _row(name, None, head, PAIR_FEATURES[feature], mean, (head, feature))
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


class BiasMeasurement:
    """First what the model does with the jets, and the baseline; then the Shapley values against it."""

    def __init__(self, study: BiasStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        layers, heads = tagger.config.layers, tagger.config.heads
        self._shares, self._lund = SharesOf(layers, heads), LundOf(layers, heads)
        self._values, self._sizes = Moments((heads, len(PAIR_FEATURES))), Moments((heads, len(PAIR_FEATURES)))
        self._baseline, self._base, self._shown = Baseline(study.baseline, study.seed), np.zeros(heads), []
        self._add = self._look

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        self._add(jets)

    def next_pass(self) -> None:
        self._add = self._explain

    def _look(self, jets: ak.Array) -> None:
        trace, batch = self._tagger.trace(jets), make_batch(jets, self._tagger.features).to(self._tagger.device)
        self._shares.add(trace.scores_qk, trace.bias, trace.mask)
        self._lund.add(trace.pattern, trace.bias[:, 0], all_pairs(batch))
        self._baseline.add(batch)

    def _explain(self, jets: ak.Array) -> None:
        batch = make_batch(jets, self._tagger.features).to(self._tagger.device)
        pairs, _ = draw_pairs(batch, self._study.pairs, self._study.seed + 1)
        if not len(pairs):
            return
        found = shapley(partial(bias_of, self._tagger), pairs.features, self._baseline.features)
        # Every jet that has pairs has as many.
        values = found.values.reshape(-1, self._study.pairs, *found.values.shape[1:])
        self._values.add(values.mean(1))
        self._sizes.add(np.abs(values).mean(1))
        self._base = found.base
        if sum(map(len, self._shown)) < KEPT:
            self._shown.append(pairs.features)

    def result(self) -> BiasFindings:
        shown = np.concatenate([np.zeros((0, len(PAIR_FEATURES))), *self._shown])[:KEPT]
        return BiasFindings(
            self._shares.result,
            self._lund.result,
            self._values.result,
            self._sizes.result,
            self._base,
            self._baseline.features,
            shown,
        )


class Baseline:
    """`count` random pairs of all jets that are added; every jet is as likely, however many particles it has."""

    def __init__(self, count: int, seed: int):
        self._count, self._seed = count, seed
        self._chance, self._features = np.zeros(0), np.zeros((0, len(PAIR_FEATURES)), np.float32)

    def add(self, batch: JetBatch) -> None:
        pairs, chance = draw_pairs(batch, self._count, self._seed)
        chance = np.append(self._chance, chance)
        first = np.argsort(chance, kind="stable")[: self._count]
        self._chance, self._features = chance[first], np.concatenate((self._features, pairs.features))[first]

    @property
    def features(self) -> np.ndarray:
        """(B, F). Raises PartError if no jet has a pair."""
        if not len(self._features):
            raise PartError("No jet has two particles, so there are no pairs to study.")
        return self._features


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = BiasStudy()
    parser.add_argument("--pairs", type=int, default=default.pairs, help="pairs a jet for Shapley values")
    parser.add_argument("--baseline", type=int, default=default.baseline, help="pairs that unknown features are of")
    parser.add_argument("--seed", type=int, default=default.seed, help="draws the pairs")


def study_of(args: argparse.Namespace) -> BiasStudy:
    return BiasStudy(args.pairs, args.baseline, args.seed)


def _row(name: str, layer: int | None, head: int, feature: str | None, mean: Mean, at: tuple[int, int]) -> dict:
    """value, error and interval of a mean; None for what too few jets leave unknown."""
    numbers = dict(zip(("value", "error", "low", "high"), (mean.value, mean.error, *mean.interval), strict=True))
    return {
        "quantity": name,
        "layer": None if layer is None else layer + 1,
        "head": head + 1,
        "feature": feature,
        **{key: float(array[at]) if np.isfinite(array[at]) else None for key, array in numbers.items()},
        "jets": int(mean.jets[at]),
    }
