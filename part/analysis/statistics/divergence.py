"""The differences of models on the same jets: classes, probabilities, logits, attention.

Shapes: M models, J jets, C classes, L layers, H heads, Q queries, K keys. Divergences are in nats.
"""

from dataclasses import dataclass

import numpy as np

_TINY = np.finfo(np.float32).tiny  # smaller float32 probabilities are rounded to 0


def jensen_shannon(distributions: np.ndarray) -> np.ndarray:
    """Return the divergence of M distributions (M, ..., K) from their mean: 0 if equal, ln M if disjoint.

    Each distribution is scaled to a sum of 1; one that is all zero stays zero.
    """
    total = distributions.sum(-1, keepdims=True, dtype=np.float64)
    p = np.divide(distributions, total, out=np.zeros(distributions.shape), where=total > 0)
    ratio = np.divide(p, p.mean(0), out=np.ones_like(p), where=p > 0)
    return np.maximum((p * np.log(ratio)).sum(-1).mean(0), 0.0)


def agreement(classes: np.ndarray) -> np.ndarray:
    """Return the share of jets (M, M) for which two models predict the same class, from classes (M, J)."""
    return (classes[:, None] == classes[None]).mean(-1)


def outcomes(first: np.ndarray, second: np.ndarray) -> dict[str, int]:
    """Return how many jets both, one or neither of two models classify correctly, from their correctness (J,)."""
    return {
        "both right": int((first & second).sum()),
        "only first": int((first & ~second).sum()),
        "only second": int((~first & second).sum()),
        "both wrong": int((~first & ~second).sum()),
    }


def logit_drift(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the root mean square change of logits over the classes (J,), from probabilities (J, C).

    A constant added to all logits of a jet changes nothing, so each jet's mean is subtracted first. Probabilities that
    float32 rounds to 0 count as its smallest normal number.
    """
    change = np.subtract(*(np.log(np.maximum(p, _TINY, dtype=np.float64)) for p in (first, second)))
    change -= change.mean(-1, keepdims=True)
    return np.sqrt(np.square(change).mean(-1))


@dataclass(frozen=True, eq=False)
class AttentionChange:
    """Sums over queries that compare two models' heads, to be added up over a sample.

    Attributes
    ----------
    queries : int
    divergence : ndarray (L, H)
        Jensen-Shannon divergence.
    flips : ndarray (L, H)
        Queries whose strongest keys differ.
    """

    queries: int
    divergence: np.ndarray
    flips: np.ndarray

    def __add__(self, other: "AttentionChange") -> "AttentionChange":
        return AttentionChange(
            self.queries + other.queries, self.divergence + other.divergence, self.flips + other.flips
        )

    @property
    def mean_divergence(self) -> np.ndarray:
        return self.divergence / self.queries

    @property
    def flip_rate(self) -> np.ndarray:
        return self.flips / self.queries


def attention_change(first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> AttentionChange:
    """Compare the patterns (J, L, H, Q, K) of two models over their real queries (J, Q)."""
    real = mask[:, None]
    layers = [(first[:, layer], second[:, layer]) for layer in range(first.shape[1])]  # one at a time, to save memory
    divergence = [(jensen_shannon(np.stack(pair)) * real).sum((0, 2)) for pair in layers]
    flips = [((a.argmax(-1) != b.argmax(-1)) & real).sum((0, 2)) for a, b in layers]
    return AttentionChange(int(mask.sum()), np.stack(divergence), np.stack(flips))
