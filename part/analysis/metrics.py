"""How good a tagger is: accuracy, AUC and background rejection, as published for JetClass (arXiv:2202.03772).

Shapes: J jets, C classes. Probabilities (J, C), labels (J,) class indices.
"""

import numpy as np

from part.errors import PartError


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of jets whose most probable class is the true one."""
    return float((probabilities.argmax(1) == labels).mean())


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Probability that a positive (bool, (J,)) scores above a negative, ties counting half (Mann-Whitney)."""
    _values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    n_pos, n_neg = int(positive.sum()), int((~positive).sum())
    if not n_pos or not n_neg:
        raise PartError("An AUC needs jets of both kinds; here all are of one.")
    rank_sum = mean_rank[inverse][positive].sum()
    return float((rank_sum - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def macro_auc(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """One-vs-one AUC averaged over all pairs of classes present, both ways round (Hand and Till, 2001)."""
    present = np.unique(labels)
    values = []
    for i, a in enumerate(present):
        for b in present[i + 1 :]:
            pair = (labels == a) | (labels == b)
            for this in (a, b):
                values.append(auc(probabilities[pair, this], labels[pair] == this))
    if not values:
        raise PartError("A macro AUC needs jets of at least two classes.")
    return float(np.mean(values))


def rejection(probabilities: np.ndarray, labels: np.ndarray, signal: int, background: int, efficiency: float) -> float:
    """1 / (share of background jets kept) at a cut that keeps `efficiency` of the signal jets.

    The score is p_signal / (p_signal + p_background). Infinite where no background jet passes.
    """
    p_s, p_b = probabilities[:, signal].astype(np.float64), probabilities[:, background].astype(np.float64)
    score = p_s / np.maximum(p_s + p_b, 1e-300)
    chosen, rejected = score[labels == signal], score[labels == background]
    if not len(chosen) or not len(rejected):
        raise PartError("A rejection needs jets of the signal and of the background class.")
    cut = np.quantile(chosen, 1 - efficiency, method="lower")
    passing = (rejected >= cut).mean()
    return float(1 / passing) if passing else float("inf")
