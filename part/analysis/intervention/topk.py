"""The study `topk`: what becomes of a tagger whose queries look at their k strongest keys only, as top-k attention
(proposed for ParT in arXiv:2512.00210) would do without any new training.

In all particle blocks and heads, the weights of a row beyond the k largest are set to 0 and the rest scaled to a sum of
1; the class blocks stay as they are. With k at the number of particles nothing changes.
Shapes: B jets, H heads, N particles, C classes, K values of k, R draws.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.analysis.statistics.bootstrap import interval
from part.analysis.statistics.divergence import jensen_shannon
from part.analysis.statistics.running_mean import Mean, Moments
from part.errors import PartError
from part.inference.cache import check_pairs
from part.inference.tagger import Tagger
from part.jets import make_batch
from part.models.attention import Tap


def keep_strongest(pattern: Tensor, k: Tensor) -> Tensor:
    """Rows (B, H, N, M) with their k (B,) largest weights alone, scaled to a sum of 1; what equals the kth stays."""
    keys = pattern.shape[-1]
    ascending = pattern.sort(dim=-1).values
    last = (keys - k).clamp(min=0)[:, None, None, None].expand(*pattern.shape[:-1], 1)
    kept = torch.where(pattern >= ascending.gather(-1, last), pattern, 0)
    # Where nothing is lost the rows stay as they are to the last bit.
    return torch.where(k[:, None, None, None] >= keys, pattern, kept / kept.sum(-1, keepdim=True))


def truncation(k: Tensor) -> Tap:
    """The tap that keeps the k (B,) strongest keys of each jet's queries in all particle blocks."""

    def tap(name: str, tensor: Tensor) -> Tensor:
        inside = name.startswith("blocks.") and name.endswith(".pattern")
        return keep_strongest(tensor, k) if inside else tensor

    return tap


def probabilities_by_k(tagger: Tagger, jet: ak.Array, ks: Sequence[int]) -> np.ndarray:
    """Probabilities (K, C) of one jet, an array of length 1, for each k. Raises PartError."""
    check_pairs(tagger, "top-k attention")
    if len(jet) != 1 or min(ks, default=1) < 1:
        raise PartError(
            f"There are {len(jet)} jets, and k from {min(ks, default=1)} on; expected one, and k from 1 on."
        )
    copies = make_batch(jet[np.zeros(len(ks), int)], tagger.features).to(tagger.device)
    logits = tagger.logits(copies, truncation(torch.tensor(ks, device=tagger.device)))
    return logits.softmax(-1).cpu().numpy()


@dataclass(frozen=True)
class TopK:
    """ks: how many keys are kept. draws, seed: of the bootstrap."""

    ks: tuple[int, ...] = (1, 2, 3, 5, 8, 12, 20, 32)
    draws: int = 1000
    seed: int = 0

    block: ClassVar[int] = 32
    passes: ClassVar[int] = 1

    def __post_init__(self):
        if not self.ks or min(self.ks) < 1 or self.draws < 2:
            raise PartError(f"k is {self.ks} and draws {self.draws}; expected k from 1 on and at least 2 draws.")

    def check(self, tagger: Tagger) -> None:
        check_pairs(tagger, "top-k attention")

    def begin(self, tagger: Tagger) -> "TopKMeasurement":
        return TopKMeasurement(self, tagger)


@dataclass(frozen=True, eq=False)
class TopKFindings:
    """same: share of jets (K,) that keep their class. divergence: Jensen-Shannon between the probabilities with and
    without truncation (K,) in nats. accuracy: of the untouched model; change (K,): of it by truncation, with the 95 %
    interval low, high (K,) of a bootstrap that draws jets with both answers, within their classes; None without labels.
    """

    model: str
    ks: tuple[int, ...]
    jets: int
    same: Mean
    divergence: Mean
    accuracy: float | None
    change: np.ndarray | None
    low: np.ndarray | None
    high: np.ndarray | None

    def rows(self) -> list[dict]:
        """A row for each k."""
        return [self._row(i, k) for i, k in enumerate(self.ks)]

    def _row(self, i: int, k: int) -> dict:
        labelled = self.accuracy is not None
        return {
            "k": k,
            "jets": self.jets,
            "accuracy": self.accuracy + float(self.change[i]) if labelled else None,
            "change": float(self.change[i]) if labelled else None,
            "change_low": float(self.low[i]) if labelled else None,
            "change_high": float(self.high[i]) if labelled else None,
            "same_class": float(self.same.value[i]),
            "divergence": float(self.divergence.value[i]),
            "divergence_error": float(self.divergence.error[i]) if self.jets > 1 else None,
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """One value for each k."""
        rows = self.rows()
        return {name: np.array([row[name] for row in rows], float) for name in rows[0]}


class TopKMeasurement:
    """Counts of jets by class and by who is right, which is all that accuracies need."""

    def __init__(self, study: TopK, tagger: Tagger):
        self._study, self._tagger = study, tagger
        classes = len(tagger.dataset.titles)
        self._outcomes = np.zeros(
            (len(study.ks), classes, 4), int
        )  # wrong-wrong, wrong-right, right-wrong, right-right
        self._labelled = True
        self._same, self._divergence = Moments((len(study.ks),)), Moments((len(study.ks),))

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        batch = make_batch(jets, self._tagger.features).to(self._tagger.device)
        taps = [lambda name, tensor: tensor]
        taps += [truncation(torch.full((len(batch),), k, device=batch.x.device)) for k in self._study.ks]
        whole, *cut = (self._tagger.logits(batch, tap).softmax(-1).cpu().numpy() for tap in taps)
        classes, taken = whole.argmax(-1), np.stack(cut).argmax(-1)
        self._same.add((taken == classes).T)
        self._divergence.add(np.stack([jensen_shannon(np.stack((whole, other))) for other in cut], 1))
        self._labelled = self._labelled and truth is not None
        if self._labelled:
            kind = 2 * (classes == truth) + (taken == truth)
            np.add.at(self._outcomes, (np.arange(len(taken))[:, None], truth, kind), 1)

    def next_pass(self) -> None: ...

    def result(self) -> TopKFindings:
        same, divergence = self._same.result, self._divergence.result
        about = self._tagger.name, self._study.ks, int(same.jets[0]), same, divergence
        if not self._labelled:
            return TopKFindings(*about, None, None, None, None)
        jets = self._outcomes[0].sum()
        right = self._outcomes[0, :, 2:].sum() / jets
        gain = np.array([0, 1, -1, 0]) / jets
        change = self._outcomes.sum(1) @ gain
        drawn = np.stack([self._draw(outcomes) @ gain for outcomes in self._outcomes])
        low, high = np.array([interval(values) for values in drawn]).T
        return TopKFindings(*about, float(right), change, low, high)

    def _draw(self, outcomes: np.ndarray) -> np.ndarray:
        """How many jets of each outcome are drawn (R, 4) where each class (C, 4) is drawn with replacement: to draw
        jets and to draw their counts is the same, and counts do not depend on the order of jets."""
        rng = np.random.default_rng(self._study.seed)
        here = outcomes[outcomes.sum(1) > 0]
        sizes = here.sum(1)
        return sum(rng.multinomial(n, row / n, self._study.draws) for n, row in zip(sizes, here, strict=True))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = TopK()
    parser.add_argument("--k", type=int, nargs="+", default=list(default.ks), help="how many keys are kept")
    parser.add_argument("--draws", type=int, default=default.draws, help="of the bootstrap for the intervals")
    parser.add_argument("--seed", type=int, default=default.seed, help="of the draws")


def study_of(args: argparse.Namespace) -> TopK:
    return TopK(tuple(args.k), args.draws, args.seed)
