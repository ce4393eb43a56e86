"""Study `topk`: how a tagger performs when its queries attend only to their k strongest keys, without training for it.

Top-k attention for ParT is proposed in arXiv:2512.00210. In all particle blocks and heads, the weights of a row beyond
the k largest are set to 0 and the others scaled to a sum of 1; the class blocks do not change. With k at the number of
particles nothing changes.

Shapes: B jets, H heads, N queries, M keys, C classes, K values of k, R draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.analysis.statistics.bootstrap import interval
from part.analysis.statistics.divergence import jensen_shannon
from part.analysis.statistics.running_mean import Mean, RunningMean
from part.errors import PartError
from part.inference.capabilities import require
from part.inference.checks import check_outputs
from part.inference.tagger import Tagger
from part.jets.features import make_batch
from part.jets.labels import UNKNOWN
from part.lazy import ShownInNotebooks
from part.models.attention import Tap
from part.options import option


def keep_top_k(pattern: Tensor, k: Tensor) -> Tensor:
    """Return a pattern with only the largest weights of each row, scaled to a sum of 1.

    Parameters
    ----------
    pattern : Tensor (B, H, N, M)
    k : Tensor (B,)
        How many weights remain; ties with the kth remain as well.
    """
    keys = pattern.shape[-1]
    ascending = pattern.sort(dim=-1).values
    last = (keys - k).clamp(min=0)[:, None, None, None].expand(*pattern.shape[:-1], 1)
    sparse = torch.where(pattern >= ascending.gather(-1, last), pattern, 0)
    # Where all weights remain, the rows stay equal to the last bit.
    return torch.where(k[:, None, None, None] >= keys, pattern, sparse / sparse.sum(-1, keepdim=True))


def top_k_tap(k: Tensor) -> Tap:
    """Return the tap that keeps the k (B,) strongest keys of each jet's queries in all particle blocks."""

    def tap(name: str, tensor: Tensor) -> Tensor:
        is_pattern = name.startswith("blocks.") and name.endswith(".pattern")
        return keep_top_k(tensor, k) if is_pattern else tensor

    return tap


def probabilities_by_k(tagger: Tagger, jet: ak.Array, ks: Sequence[int]) -> np.ndarray:
    """Return the probabilities (K, C) of one jet, an array of length 1, for each k.

    Raises
    ------
    PartError
        If the particles of the model do not attend to each other, there is not one jet, or a k is below 1.
    """
    _check_pairs(tagger)
    if len(jet) != 1 or min(ks, default=1) < 1:
        raise PartError(
            f"There are {len(jet)} jets, and k from {min(ks, default=1)} on; expected one, and k from 1 on."
        )
    copies = make_batch(jet[np.zeros(len(ks), int)], tagger.features).to(tagger.device)
    logits = tagger.logits(copies, top_k_tap(torch.tensor(ks, device=tagger.device)))
    return logits.softmax(-1).cpu().numpy()


def _check_pairs(tagger: Tagger) -> None:
    require(tagger, "top-k attention", "particles")


@dataclass(frozen=True)
class TopKStudy:
    """Predictions and accuracy with top-k attention, over a sample.

    Parameters
    ----------
    ks : tuple of int
        How many keys each query keeps.
    draws, seed : int
        The number and seed of the bootstrap draws for the intervals of accuracies.
    """

    ks: tuple[int, ...] = option(
        "numbers of keys that each query keeps",
        (1, 2, 3, 5, 8, 12, 20, 32),
        flag="--k",
        metavar="K",
        parse=int,
        nargs="+",
    )
    draws: int = option("bootstrap draws for the intervals", 1000)
    seed: int = option("seed of the bootstrap draws", 0)

    batch_size: ClassVar[int] = 32
    n_passes: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not self.ks or min(self.ks) < 1 or self.draws < 2:
            raise PartError(f"k is {self.ks} and draws {self.draws}; expected k from 1 on and at least 2 draws.")

    def check(self, tagger: Tagger) -> None:
        _check_pairs(tagger)

    def accumulator(self, tagger: Tagger) -> "TopKAccumulator":
        return TopKAccumulator(self, tagger)


@dataclass(frozen=True, eq=False)
class TopKResult(ShownInNotebooks):
    """Predictions and accuracy for each k (K,).

    Parameters
    ----------
    model : str
    ks : tuple of int
    jets : int
    same_class : Mean (K,)
        The fraction of jets whose predicted class does not change.
    divergence : Mean (K,)
        Jensen-Shannon divergence [nats] between the probabilities with and without top-k attention.
    accuracy : float or None
        The accuracy of the unchanged model; None without labels, like all that follows.
    change, low, high : ndarray (K,) or None
        The change of the accuracy, and its 95 % interval from a bootstrap that draws jets with both predictions,
        within their classes.
    """

    model: str
    ks: tuple[int, ...]
    jets: int
    same_class: Mean
    divergence: Mean
    accuracy: float | None
    change: np.ndarray | None
    low: np.ndarray | None
    high: np.ndarray | None

    def rows(self) -> list[dict]:
        """Return a row for each k."""
        return [self._row(i, k) for i, k in enumerate(self.ks)]

    def _row(self, i: int, k: int) -> dict:
        change = _at(self.change, i)
        return {
            "k": k,
            "jets": self.jets,
            "accuracy": None if self.accuracy is None or change is None else self.accuracy + change,
            "change": change,
            "change_low": _at(self.low, i),
            "change_high": _at(self.high, i),
            "same_class": float(self.same_class.value[i]),
            "divergence": float(self.divergence.value[i]),
            "divergence_error": float(self.divergence.error[i]) if self.jets > 1 else None,
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the columns of the table, each (K,)."""
        rows = self.rows()
        return {name: np.array([row[name] for row in rows], float) for name in rows[0]}


def _at(values: np.ndarray | None, i: int) -> float | None:
    return None if values is None else float(values[i])


class TopKAccumulator:
    """The numbers of jets by class and by which predictions are right, which is all that accuracies need."""

    def __init__(self, study: TopKStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        classes = len(tagger.dataset.titles)
        # Outcomes without and with top-k: wrong-wrong, wrong-right, right-wrong, right-right.
        self._outcomes = np.zeros((len(study.ks), classes, 4), int)
        self._has_labels = True
        self._same, self._divergence = RunningMean((len(study.ks),)), RunningMean((len(study.ks),))

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        batch = make_batch(jets, self._tagger.features).to(self._tagger.device)
        taps: list[Tap] = [lambda name, tensor: tensor]
        taps += [top_k_tap(torch.full((len(batch),), k, device=batch.x.device)) for k in self._study.ks]
        logits = [self._tagger.logits(batch, tap) for tap in taps]
        check_outputs(logits[0], self._tagger.model, self._tagger.name, jets)
        full, *cut = (outputs.softmax(-1).cpu().numpy() for outputs in logits)
        classes, classes_by_k = full.argmax(-1), np.stack(cut).argmax(-1)
        self._same.add((classes_by_k == classes).T)
        self._divergence.add(np.stack([jensen_shannon(np.stack((full, other))) for other in cut], 1))
        if labels is None:
            self._has_labels = False
        elif self._has_labels:
            known = labels != UNKNOWN
            outcome = (2 * (classes == labels) + (classes_by_k == labels))[:, known]
            np.add.at(self._outcomes, (np.arange(len(cut))[:, None], labels[known], outcome), 1)

    def next_pass(self) -> None: ...

    @property
    def sums(self) -> tuple[np.ndarray, bool, RunningMean, RunningMean]:
        return self._outcomes, self._has_labels, self._same, self._divergence

    def merge(self, sums: tuple[np.ndarray, bool, RunningMean, RunningMean]) -> None:
        outcomes, has_labels, same, divergence = sums
        self._outcomes += outcomes
        self._has_labels &= has_labels
        self._same.merge(same)
        self._divergence.merge(divergence)

    def result(self) -> TopKResult:
        same, divergence = self._same.result, self._divergence.result
        first_fields = self._tagger.name, self._study.ks, int(same.jets[0]), same, divergence
        if not (self._has_labels and self._outcomes.any()):
            return TopKResult(*first_fields, None, None, None, None)
        jets = self._outcomes[0].sum()
        accuracy = self._outcomes[0, :, 2:].sum() / jets
        gain = np.array([0, 1, -1, 0]) / jets
        change = self._outcomes.sum(1) @ gain
        drawn = np.stack([self._draw(outcomes) @ gain for outcomes in self._outcomes])
        low, high = np.array([interval(values) for values in drawn]).T
        return TopKResult(*first_fields, float(accuracy), change, low, high)

    def _draw(self, outcomes: np.ndarray) -> np.ndarray:
        """Return how many jets of each outcome (R, 4) are drawn if each class (C, 4) is drawn with replacement.

        Drawing counts is equivalent to drawing jets, and independent of the order of jets.
        """
        rng = np.random.default_rng(self._study.seed)
        filled = outcomes[outcomes.sum(1) > 0]
        sizes = filled.sum(1)
        drawn = [rng.multinomial(n, row / n, self._study.draws) for n, row in zip(sizes, filled, strict=True)]
        return np.sum(drawn, axis=0)
