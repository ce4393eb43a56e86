"""The quality of a tagger: accuracy, AUC and background rejection, as published for JetClass (arXiv:2202.03772).

Shapes: J jets, C classes. Probabilities (J, C), labels (J,) class indices.
"""

from collections.abc import Sequence

import numpy as np

from part.analysis.statistics.binomial import limit_of_none, wilson
from part.errors import PartError
from part.jets.datasets import JETCLASS
from part.jets.schema import Dataset

_EFFICIENCY = {"Hqql": 0.99, "Tbl": 0.995}


def check_classes(labels: np.ndarray, dataset: Dataset, entries: Sequence[int] | np.ndarray | None = None) -> None:
    """Raise PartError if a label (J,) is beyond the classes; `entries` says the jets' entries in their file."""
    classes = len(dataset.classes)
    if (beyond := np.flatnonzero(labels >= classes)).size:
        first = int(beyond[0])
        place = f"jet {first}" if entries is None else f"entry {entries[first]}"
        raise PartError(f"{place} has class {labels[first]}; expected 0 to {classes - 1} for {dataset.name}")


def check_probabilities(probabilities: np.ndarray) -> None:
    """Raise PartError if a probability (J, C) is not a finite number."""
    finite = np.isfinite(probabilities).all(1)
    if not finite.all():
        raise PartError(f"jet {int(np.argmin(finite))} has probabilities that are not finite; expected numbers")


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of jets whose most probable class is the true one."""
    return float((probabilities.argmax(1) == labels).mean())


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the probability that a positive scores above a negative, ties counting half (Mann-Whitney).

    Raises PartError if all jets are of one kind.
    """
    _values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    n_pos, n_neg = int(positive.sum()), int((~positive).sum())
    if not n_pos or not n_neg:
        raise PartError("An AUC needs jets of both kinds; here all are of one.")
    rank_sum = mean_rank[inverse][positive].sum()
    return float((rank_sum - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def macro_auc(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the one-vs-one AUC averaged over all ordered pairs of classes present (Hand and Till, 2001)."""
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
    """Return p_signal / (p_signal + p_background) of each jet (J,), float64."""
    p_s, p_b = probabilities[:, signal].astype(np.float64), probabilities[:, background].astype(np.float64)
    return p_s / np.maximum(p_s + p_b, 1e-300)


def rejection(probabilities: np.ndarray, labels: np.ndarray, signal: int, background: int, efficiency: float) -> float:
    """Return the background rejection, 1 / (background efficiency), at a working point.

    Parameters
    ----------
    probabilities : ndarray (J, C)
    labels : ndarray (J,)
        Class indices.
    signal, background : int
        Class indices; the score is their `discriminant`.
    efficiency : float
        Signal efficiency of the cut.

    Returns
    -------
    float
        Infinite where no background jet passes.

    Raises
    ------
    PartError
        If there are no jets of one of the two classes.
    """
    passing, total = background_counts(probabilities, labels, signal, background, efficiency)
    return total / passing if passing else float("inf")


def background_counts(
    probabilities: np.ndarray, labels: np.ndarray, signal: int, background: int, efficiency: float
) -> tuple[int, int]:
    """Return how many background jets pass the cut of a working point, and how many there are; see `rejection`."""
    score = discriminant(probabilities, signal, background)
    signal_scores, background_scores = score[labels == signal], score[labels == background]
    if not len(signal_scores) or not len(background_scores):
        raise PartError("A rejection needs jets of the signal and of the background class.")
    cut = np.quantile(signal_scores, 1 - efficiency, method="lower")
    return int((background_scores >= cut).sum()), len(background_scores)


def rejection_counts(probabilities: np.ndarray, labels: np.ndarray, dataset: Dataset) -> dict[str, dict]:
    """Return what stands behind each rejection of `measure`, by its name.

    These are the background jets that pass and all of them; where none passes also "above", the rejection that is
    exceeded at 95 % confidence.
    """
    counts = {}
    for name, point in working_points(dataset, labels).items():
        passing, total = background_counts(probabilities, labels, *point)
        bound = {} if passing else {"above": float(f"{1 / limit_of_none(total):.4g}")}
        counts[name] = {"passing": passing, "background": total, **bound}
    return counts


def roc_curve(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return true and false positive rates from no jet to all, with a point for every cut between scores."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # of each run of equal scores
    true_positives, false_positives = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
    if not true_positives[-1] or not false_positives[-1]:
        raise PartError("A ROC curve needs jets of both kinds; here all are of one.")
    return np.append(0, true_positives) / true_positives[-1], np.append(0, false_positives) / false_positives[-1]


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the number of jets (C, C) by true class (row) and predicted class (column)."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def background_class(dataset: Dataset) -> int:
    """Return the index of the background class: the chosen one, QCD, or the last one, such as the gluons."""
    name = dataset.background or "QCD"
    return dataset.classes.index(name) if name in dataset.classes else len(dataset.classes) - 1


def working_points(dataset: Dataset, labels: np.ndarray) -> dict[str, tuple[int, int, float]]:
    """Return signal, background and signal efficiency of the published rejections, by their names.

    For JetClass the background is QCD and the efficiency 50 %, except for Hqql at 99 % and Tbl at 99.5 %
    (arXiv:2202.03772). Datasets of two classes have one signal, at 30 % and 50 % as in the comparisons of that paper.
    Others of the user's own with a class QCD, or whose background is chosen, have all others as signals, at 50 %. A
    class without jets has no working point.
    """
    background, points = background_class(dataset), {}
    is_jetclass = (dataset.name, dataset.feature_sets) == (JETCLASS.name, JETCLASS.feature_sets)
    if len(np.unique(labels)) == len(dataset.classes) == 2:
        signal = dataset.classes[1 - background]
        points = {f"rejection_{signal}_{100 * e:g}%": (1 - background, background, e) for e in (0.3, 0.5)}
    has_background = bool(dataset.background) or "QCD" in dataset.classes
    if len(dataset.classes) > 2 and has_background and (labels == background).any():
        for index, name in enumerate(dataset.classes):
            if index != background and (labels == index).any():
                efficiency = _EFFICIENCY.get(name, 0.5) if is_jetclass else 0.5
                points[f"rejection_{name}_{100 * efficiency:g}%"] = (index, background, efficiency)
    return points


def per_class(probabilities: np.ndarray, labels: np.ndarray, dataset: Dataset) -> dict[str, dict]:
    """Return the number of jets, efficiency, purity and one-vs-rest AUC of each class that has jets.

    The efficiency is the share of the class that is predicted as it, the purity the share of those predicted as it
    that belong to it, both with Wilson's 95 % interval. A purity or AUC that is not defined is None.
    """
    predicted, result = probabilities.argmax(1), {}
    for index, name in enumerate(dataset.classes):
        own, selected = labels == index, predicted == index
        if not own.any():
            continue
        right, n_own, n_selected = (int(kind.sum()) for kind in (own & selected, own, selected))
        result[name] = {
            "jets": n_own,
            "efficiency": round(right / n_own, 5),
            "efficiency_interval": rounded_wilson(right, n_own),
            "purity": round(right / n_selected, 5) if n_selected else None,
            "purity_interval": rounded_wilson(right, n_selected),
            "auc": None if own.all() else round(auc(probabilities[:, index], own), 5),
        }
    return result


def rounded_wilson(passed: int, total: int) -> list[float] | None:
    """Return the ends of Wilson's 95 % interval to five digits after the point, or None without jets."""
    return [round(float(end), 5) for end in wilson(np.array(passed), np.array(total))] if total else None


def measure(probabilities: np.ndarray, labels: np.ndarray, dataset: Dataset) -> dict:
    """Return accuracy with its binomial error, macro AUC and the published background rejections, by name.

    The AUC of jets of one class and an infinite rejection are None. Raises PartError if there are no jets, or if a
    label is beyond the classes or a probability not finite.
    """
    if not len(labels):
        raise PartError("There are no jets to measure the quality on; expected at least one.")
    check_classes(labels, dataset)
    check_probabilities(probabilities)
    value = accuracy(probabilities, labels)
    several = len(np.unique(labels)) > 1
    result = {
        "jets": len(labels),
        "accuracy": round(value, 5),
        "accuracy_error": round((value * (1 - value) / len(labels)) ** 0.5, 5),
        "macro_auc": round(macro_auc(probabilities, labels), 5) if several else None,
    }
    for name, point in working_points(dataset, labels).items():
        factor = rejection(probabilities, labels, *point)
        result[name] = round(factor, 1) if np.isfinite(factor) else None
    return result
