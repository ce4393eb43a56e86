"""What the figures of a comparison show; differences between models are of the same jets, whose intervals are paired.

Shapes: M models, J jets, C classes, R replicas.
"""

import math

import numpy as np

from part.analysis.statistics.binomial import wilson
from part.analysis.statistics.divergence import AttentionChange
from part.analysis.statistics.running_mean import Z95
from part.comparison.result import Comparison
from part.figures.sentences.numbers import listed, number, short
from part.figures.sentences.places import head_names, observed_ends
from part.figures.sentences.significance import LEVEL, differs

TITLES = {"accuracy": ("Accuracy", 100.0, "points"), "macro_auc": ("Macro AUC", 100.0, "points")}


def gain(comparison: Comparison, measure: str) -> str:
    """Return which models are better or worse than the first, by the spread of paired bootstrap draws.

    measure is "accuracy" or "macro_auc".
    """
    if measure not in comparison.replicas:
        return ""
    title, factor, unit = TITLES[measure]
    drawn, quality = comparison.replicas[measure], comparison.quality
    others = range(1, len(comparison.names))
    change = np.array([factor * ((quality[m][measure] or np.nan) - (quality[0][measure] or np.nan)) for m in others])
    half = Z95 * factor * (drawn[1:] - drawn[:1]).std(1, ddof=1)
    marked = differs(change, half)
    texts = [
        f"that of {comparison.names[m]} is {'above' if value > 0 else 'below'} it by {number(abs(value), h)} {unit}"
        for m, value, h, is_marked in zip(others, change, half, marked, strict=True)
        if is_marked
    ]
    return f"{title}: {listed(texts)} ({comparison.names[0]} is the reference; the same jets)." if texts else ""


def rejections(comparison: Comparison) -> str:
    """Return at which working point a model lets less, or more, background pass than the first, by paired draws.

    Shares of the background are compared, not rejections, which are infinite where none passes.
    """
    points, names = [name for name in comparison.rejections if name in comparison.replicas], comparison.names
    places = [(name, m) for name in points for m in range(1, len(names))]
    if not places:
        return ""
    passing = np.array([[_passing(comparison, name, i) for i in (m, 0)] for name, m in places])
    drawn = np.array([[1 / comparison.replicas[name][i] for i in (m, 0)] for name, m in places])
    change, half = passing[:, 0] - passing[:, 1], Z95 * (drawn[:, 0] - drawn[:, 1]).std(1, ddof=1)
    marked = differs(change, half)
    if not marked.any():
        return ""
    first = int(np.where(marked, np.abs(change), -1.0).argmax())
    name, m = places[first]
    signal, background, efficiency = comparison.rejections[name]
    less = f"{number(100 * abs(change[first]), 100 * half[first])} points {'less' if change[first] < 0 else 'more'}"
    at = f"At {100 * efficiency:g} % of {comparison.dataset.titles[signal]}, {names[m]} lets {less}"
    count = f"{int(marked.sum())} of {len(places)} working points differ"
    return f"{at} {comparison.dataset.titles[background]} pass than {names[0]}; {count}."


def _passing(comparison: Comparison, name: str, model: int) -> float:
    """Return the share of the background that passes, 0 where the rejection is infinite."""
    value = comparison.quality[model][name]
    return 1 / value if value else 0.0


def calibration(comparison: Comparison) -> str:
    """Return which models are more, or less, confident than they are right, on average over the jets (J,)."""
    probabilities = comparison.probabilities[:, comparison.labelled]
    gap = probabilities.max(2) - (probabilities.argmax(2) == comparison.labels)
    if gap.shape[1] < 2:
        return ""
    mean, half = 100 * gap.mean(1), 100 * Z95 * gap.std(1, ddof=1) / math.sqrt(gap.shape[1])
    texts = [
        f"{name} is {'over' if value > 0 else 'under'}confident by {number(abs(value), h)} points"
        for name, value, h, marked in zip(comparison.names, mean, half, differs(mean, half), strict=True)
        if marked
    ]
    return f"On average {listed(texts)}." if texts else ""


def confusion(comparison: Comparison, model: int) -> str:
    """Return which two classes a model confuses most often, as a share of the jets of the first."""
    counts, titles = comparison.confusion(model), comparison.dataset.titles
    total = counts.sum(1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    np.fill_diagonal(share, 0)
    true, predicted = (int(i) for i in np.unravel_index(share.argmax(), share.shape))
    if not share[true, predicted]:
        return ""
    ends = [f"{100 * float(end):.0f}" for end in wilson(counts[true, predicted], total[true, 0])]
    percent = f"{100 * share[true, predicted]:.0f} [{', '.join(ends)}] %"
    return (
        f"Most often confused: {percent} of {total[true, 0]} {titles[true]} jets are predicted as {titles[predicted]}."
    )


def confusion_change(comparison: Comparison, model: int) -> str:
    """Return for which class (row) and prediction (column) two models differ most, counted on the same jets."""
    first, second = (comparison.classes[m, comparison.labelled] for m in (0, model))
    changed, n_classes = first != second, len(comparison.dataset.titles)
    left, gained = np.zeros((n_classes, n_classes), int), np.zeros((n_classes, n_classes), int)
    np.add.at(left, (comparison.labels[changed], first[changed]), 1)
    np.add.at(gained, (comparison.labels[changed], second[changed]), 1)
    n_compared = int((left + gained > 0).sum())
    cells = [(sign_test(left[c], gained[c]), c) for c in map(tuple, np.argwhere(left + gained > 0))]
    marked = [(abs(gained[c] - left[c]), c) for p, c in cells if p * n_compared < LEVEL]
    if not marked:
        return ""
    cell = max(marked)[1]
    true, predicted = (comparison.dataset.titles[i] for i in cell)
    names = comparison.names[model], comparison.names[0]
    more = (
        f"{gained[cell]} {true} jets are predicted as {predicted} by {names[0]} alone, {left[cell]} by {names[1]} alone"
    )
    return f"Largest difference: {more}; {len(marked)} of {n_compared} cells differ."


def sign_test(first: int, second: int) -> float:
    """Return the p-value of two counts that are equally probable: an exact two-sided binomial test (McNemar's)."""
    n, less = int(first + second), int(min(first, second))
    return min(1.0, 2 * math.fsum(math.exp(_log_binomial(n, k) - n * math.log(2)) for k in range(less + 1)))


def _log_binomial(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def agreement(comparison: Comparison) -> str:
    """Return which two models agree least, with Wilson's interval."""
    n, share = len(comparison), comparison.agreement
    rows, columns = np.triu_indices(len(comparison.names), 1)
    if not len(rows):
        return ""
    at = int(share[rows, columns].argmin())
    value = share[rows[at], columns[at]]
    low, high = (100 * float(end) for end in wilson(np.array(round(value * n)), np.array(n)))
    names = comparison.names[rows[at]], comparison.names[columns[at]]
    least = "agree" if len(rows) == 1 else "agree least, "
    return f"{names[0]} and {names[1]} {least} on {100 * value:.1f} [{low:.1f}, {high:.1f}] % of {n} jets."


def outcomes(comparison: Comparison) -> str:
    """Return where one of two models is right alone more often than the other, by McNemar's exact test."""
    n_others = len(comparison.names) - 1
    texts = []
    for m in range(1, n_others + 1):
        counts = comparison.outcomes(m)
        if counts and sign_test(counts["only first"], counts["only second"]) * n_others < LEVEL:
            alone = f"{counts['only second']} jets, {comparison.names[0]} alone on {counts['only first']}"
            texts.append(f"{comparison.names[m]} alone is right on {alone}")
    return f"{'; '.join(texts)}." if texts else ""


def attention(comparison: Comparison, change: AttentionChange, flips: bool) -> str:
    """Return which heads' attention differs most and least from the first model's; queries of a jet are correlated."""
    values = change.flip_rate if flips else change.mean_divergence
    sample, unit = f"{comparison.attention_jets} jets", "of queries" if flips else "nats"
    return observed_ends(values, head_names(values.shape), unit, sample)


def drift(comparison: Comparison, model: int) -> str:
    """Return how far the logits of half, and of 95 %, of the jets move."""
    drift = comparison.drift(model)
    half, most = (short(float(value)) for value in np.quantile(drift, (0.5, 0.95)))
    return f"Half of the jets have logits within {half} of those of {comparison.names[0]}, 95 % within {most}."
