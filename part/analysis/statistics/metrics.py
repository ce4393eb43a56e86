"""How good a tagger is: accuracy, AUC and background rejection, as published for JetClass (arXiv:2202.03772).

Shapes: J jets, C classes. Probabilities (J, C), labels (J,) class indices.
"""

import numpy as np

from part.errors import PartError
from part.jets.schema import JETCLASS, Dataset

_EFFICIENCY = {"Hqql": 0.99, "Tbl": 0.995}


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


def discriminant(probabilities: np.ndarray, signal: int, background: int) -> np.ndarray:
    """p_signal / (p_signal + p_background) of each jet (J,), float64."""
    p_s, p_b = probabilities[:, signal].astype(np.float64), probabilities[:, background].astype(np.float64)
    return p_s / np.maximum(p_s + p_b, 1e-300)


def rejection(probabilities: np.ndarray, labels: np.ndarray, signal: int, background: int, efficiency: float) -> float:
    """1 / (share of background jets kept) at a cut that keeps `efficiency` of the signal jets.

    The score is the `discriminant`. Infinite where no background jet passes.
    """
    score = discriminant(probabilities, signal, background)
    chosen, rejected = score[labels == signal], score[labels == background]
    if not len(chosen) or not len(rejected):
        raise PartError("A rejection needs jets of the signal and of the background class.")
    cut = np.quantile(chosen, 1 - efficiency, method="lower")
    passing = (rejected >= cut).mean()
    return float(1 / passing) if passing else float("inf")


def roc_curve(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of positives and of negatives that pass, from no jet to all, a point for every cut between scores."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # of each run of equal scores
    kept, mistaken = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
    if not kept[-1] or not mistaken[-1]:
        raise PartError("A ROC curve needs jets of both kinds; here all are of one.")
    return np.append(0, kept) / kept[-1], np.append(0, mistaken) / mistaken[-1]


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Jets (C, C) by their class (row) and the one they are taken for (column)."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def background_of(dataset: Dataset) -> int:
    """The class that the others are told apart from: QCD, or the gluons."""
    return dataset.classes.index("QCD") if "QCD" in dataset.classes else len(dataset.classes) - 1


def rejections_of(dataset: Dataset, labels: np.ndarray) -> dict[str, tuple[int, int, float]]:
    """Name -> signal, background and efficiency of the published rejections, where there are such jets.

    JetClass: of QCD at 50 % efficiency, but Hqql at 99 % and Tbl at 99.5 % (arXiv:2202.03772). The others, which have
    one signal: at 30 % and 50 %, as in the comparisons there.
    """
    background, points = background_of(dataset), {}
    if dataset is not JETCLASS and len(np.unique(labels)) == len(dataset.classes) == 2:
        signal = dataset.classes[1 - background]
        points = {f"rejection_{signal}_{100 * e:g}%": (1 - background, background, e) for e in (0.3, 0.5)}
    if dataset is JETCLASS and (labels == background).any():
        for index, name in enumerate(dataset.classes):
            if index != background and (labels == index).any():
                efficiency = _EFFICIENCY.get(name, 0.5)
                points[f"rejection_{name}_{100 * efficiency:g}%"] = (index, background, efficiency)
    return points


def per_class(probabilities: np.ndarray, labels: np.ndarray, dataset: Dataset) -> dict[str, dict]:
    """Of each class that there are jets of: how many, which share is taken for what it is (efficiency), which share of
    those taken for it is of it (purity, None where there are none), and the AUC of its probability against all others.
    """
    predicted, result = probabilities.argmax(1), {}
    for index, name in enumerate(dataset.classes):
        own, taken = labels == index, predicted == index
        if not own.any():
            continue
        result[name] = {
            "jets": int(own.sum()),
            "efficiency": round(float(taken[own].mean()), 5),
            "purity": round(float(own[taken].mean()), 5) if taken.any() else None,
            "auc": None if own.all() else round(auc(probabilities[:, index], own), 5),
        }
    return result


def measure(probabilities: np.ndarray, labels: np.ndarray, dataset: Dataset) -> dict:
    """Accuracy with its binomial error, macro AUC and the published rejections of the background.

    The AUC of jets of one class, and an infinite rejection, are None.
    """
    value = accuracy(probabilities, labels)
    several = len(np.unique(labels)) > 1
    result = {
        "jets": len(labels),
        "accuracy": round(value, 5),
        "accuracy_error": round((value * (1 - value) / len(labels)) ** 0.5, 5),
        "macro_auc": round(macro_auc(probabilities, labels), 5) if several else None,
    }
    for name, point in rejections_of(dataset, labels).items():
        factor = rejection(probabilities, labels, *point)
        result[name] = round(factor, 1) if np.isfinite(factor) else None
    return result
