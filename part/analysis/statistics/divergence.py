"""Where models part on the same jets: classes, probabilities, logits, attention.

Shapes: M models, J jets, C classes, L layers, H heads, Q queries, K keys. Divergences are in nats.
"""

from dataclasses import dataclass

import numpy as np

_TINY = np.finfo(np.float32).tiny  # below it float32 probabilities are 0


def jensen_shannon(distributions: np.ndarray) -> np.ndarray:
    """Divergence of M distributions (M, ..., K) from their mean (...): 0 if all are one, ln M if none overlap.

    They are scaled to a sum of 1; one without any entries counts as having none.
    """
    total = distributions.sum(-1, keepdims=True, dtype=np.float64)
    p = np.divide(distributions, total, out=np.zeros(distributions.shape), where=total > 0)
    ratio = np.divide(p, p.mean(0), out=np.ones_like(p), where=p > 0)
    return np.maximum((p * np.log(ratio)).sum(-1).mean(0), 0.0)


def agreement(classes: np.ndarray) -> np.ndarray:
    """Share of jets (M, M) that two models take for the same class; classes (M, J)."""
    return (classes[:, None] == classes[None]).mean(-1)


def outcomes(first: np.ndarray, second: np.ndarray) -> dict[str, int]:
    """Jets that both, one or neither of two models gets right; first, second: whether right (J,)."""
    return {
        "both right": int((first & second).sum()),
        "only first": int((first & ~second).sum()),
        "only second": int((~first & second).sum()),
        "both wrong": int((~first & ~second).sum()),
    }


def logit_drift(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Root mean square over the classes (J,) of the change of logits, from probabilities (J, C).

    A constant added to all logits of a jet changes nothing, so each jet's mean is taken out first. What
    float32 rounds to 0 counts as its smallest normal number.
    """
    change = np.subtract(*(np.log(np.maximum(p, _TINY, dtype=np.float64)) for p in (first, second)))
    change -= change.mean(-1, keepdims=True)
    return np.sqrt(np.square(change).mean(-1))


@dataclass(frozen=True, eq=False)
class AttentionChange:
    """Sums over queries of two models' heads, to be added up over a sample; (L, H) each.

    divergence: Jensen-Shannon. flips: queries whose strongest key is another one.
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
    """Patterns (J, L, H, Q, K) of two models and which queries are real (J, Q)."""
    real = mask[:, None]
    layers = [(first[:, layer], second[:, layer]) for layer in range(first.shape[1])]  # one at a time, for memory
    divergence = [(jensen_shannon(np.stack(pair)) * real).sum((0, 2)) for pair in layers]
    flips = [((a.argmax(-1) != b.argmax(-1)) & real).sum((0, 2)) for a, b in layers]
    return AttentionChange(int(mask.sum()), np.stack(divergence), np.stack(flips))
