"""The quality of models against any number of the jets: a mass, a pT, a multiplicity, a number of vertices, ...

The cut of a working point is fixed on all jets of the comparison; each bin then has its own efficiencies.
Shapes: M models, J jets, K bins.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from part.analysis.statistics import metrics
from part.analysis.statistics.binomial import Rate
from part.analysis.statistics.histograms import bin_edges
from part.comparison.result import Comparison, build_comparison
from part.errors import PartError

BINS = 8
EFFICIENCIES = (0.5, 0.3)  # of the signal, at the working points on offer


@dataclass(frozen=True)
class WorkingPoint:
    """A cut on p_signal / (p_signal + p_background) that a share of the signal passes.

    Attributes
    ----------
    signal, background : int
        Class indices.
    efficiency : float
        Of the signal, over all jets.
    """

    signal: int
    background: int
    efficiency: float


@dataclass(frozen=True, eq=False)
class ColumnQuality:
    """The quality of models in bins of a column.

    Attributes
    ----------
    name : str
        The column.
    edges : ndarray (K + 1,)
        Each bin holds its lower edge, the last one both.
    medians : ndarray (K,)
        The median of the column in each bin.
    jets : ndarray (K,)
        The number of jets that have a class.
    not_finite : int
        The jets that are in no bin, since their number is not finite.
    accuracy : Rate (M, K)
    point : WorkingPoint or None
        None where there is no signal or no background.
    signal_efficiency, background_efficiency : Rate (M, K) or None
    """

    name: str
    edges: np.ndarray
    medians: np.ndarray
    jets: np.ndarray
    not_finite: int
    accuracy: Rate
    point: WorkingPoint | None = None
    signal_efficiency: Rate | None = None
    background_efficiency: Rate | None = None


def working_point(comparison: Comparison, signal: int | None = None, efficiency: float = 0.5) -> WorkingPoint | None:
    """Return a working point of a class, by default the first signal; None if the jets have no signal or background.

    Raises
    ------
    PartError
        If the class is no signal of these jets, or the efficiency is not between 0 and 1.
    """
    if not 0 < efficiency < 1:
        raise PartError(f"A working point of {efficiency:g} signal efficiency; expected a number between 0 and 1.")
    if not comparison.signals and signal is None:
        return None
    signal = comparison.signals[0] if signal is None else signal
    if signal not in comparison.signals:
        names = [comparison.dataset.classes[c] for c in comparison.signals]
        expected = f"one of {', '.join(names[:8])}" if names else "jets of a signal and of the background"
        raise PartError(f"{comparison.dataset.classes[signal]} is no signal of these jets; expected {expected}.")
    return WorkingPoint(signal, metrics.background_class(comparison.dataset), efficiency)


def passes(comparison: Comparison, model: int, point: WorkingPoint) -> np.ndarray:
    """Return which of the labelled jets pass the cut of a model, which is fixed on all of its signal jets."""
    scores = metrics.discriminant(comparison.probabilities[model][comparison.labelled], point.signal, point.background)
    cut = np.quantile(scores[comparison.labels == point.signal], 1 - point.efficiency, method="lower")
    return scores >= cut


def bin_index(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin (J,) of each value, -1 for one that is not finite or beyond the edges."""
    index = np.searchsorted(edges[1:-1], values, side="right")
    inside = np.isfinite(values) & (values >= edges[0]) & (values <= edges[-1])
    return np.where(inside, index, -1)


def quality_in_bins(
    comparison: Comparison,
    name: str,
    values: np.ndarray,
    bins: int = BINS,
    point: WorkingPoint | None = None,
) -> ColumnQuality:
    """Measure accuracy and, at a working point, efficiencies in bins of a column.

    Parameters
    ----------
    comparison : Comparison
        With labels.
    name : str
        The column.
    values : ndarray (J,)
        A number for each jet of the comparison.
    bins : int
        About how many bins; each has about as many jets.
    point : WorkingPoint, optional
        Without one there is only the accuracy.

    Raises
    ------
    PartError
        If the jets have no labels, or none has a finite number.
    """
    labelled = comparison.labelled
    values, labels = np.asarray(values, np.float64)[labelled], comparison.labels
    edges = bin_edges(values, bins)
    index, n_bins = bin_index(values, edges), len(edges) - 1

    def count(chosen: np.ndarray) -> np.ndarray:
        return np.bincount(index[chosen & (index >= 0)], minlength=n_bins)

    models = range(len(comparison.names))
    jets = count(np.ones(len(values), bool))
    medians = np.array([np.median(values[index == k]) if jets[k] else np.nan for k in range(n_bins)])
    right = np.stack([count(comparison.classes[m, labelled] == labels) for m in models])
    result = ColumnQuality(name, edges, medians, jets, int((index < 0).sum()), Rate(right, jets))
    if point is None:
        return result
    cuts = [passes(comparison, m, point) for m in models]
    rates = []
    for kind in (point.signal, point.background):
        own = labels == kind
        rates.append(Rate(np.stack([count(cut & own) for cut in cuts]), count(own)))
    return replace(result, point=point, signal_efficiency=rates[0], background_efficiency=rates[1])


def slice_comparison(comparison: Comparison, kept: np.ndarray, seed: int = 0) -> Comparison:
    """Return the comparison on some of its jets (J,) bool, with intervals of their own.

    Attention and costs stay those of all jets. Raises PartError if no jet is kept.
    """
    if not kept.any():
        raise PartError("The slice holds no jets; expected at least one.")
    truth = None if comparison.truth is None else comparison.truth[kept]
    if truth is not None and not (truth >= 0).any():
        truth = None
    replicas = next((len(values[0]) for values in comparison.replicas.values()), 0)
    result = build_comparison(
        comparison.names,
        comparison.dataset,
        comparison.probabilities[:, kept],
        truth,
        comparison.costs,
        comparison.attention,
        comparison.attention_jets,
        replicas,
        seed,
    )
    return replace(result, columns={name: values[kept] for name, values in comparison.columns.items()})


def quality_rows(comparison: Comparison, quality: ColumnQuality) -> Iterator[dict]:
    """Yield a row for each model, bin and measure; what is not finite is None.

    A rejection without a value, where no background jet passes, is above its lower end at 95 % confidence.
    """
    point, classes = quality.point, comparison.dataset.classes
    right = quality.accuracy
    measures = {"accuracy": (right.value, *right.interval, right.passed, right.total)}
    if point and quality.signal_efficiency and quality.background_efficiency:
        signal, background = quality.signal_efficiency, quality.background_efficiency
        measures["signal_efficiency"] = (signal.value, *signal.interval, signal.passed, signal.total)
        measures["rejection"] = (*background.inverse, background.passed, background.total)
    for measure, (value, low, high, passed, jets) in measures.items():
        told: dict[str, Any] = {}
        if point is not None and measure != "accuracy":
            told = {"signal": classes[point.signal], "efficiency": point.efficiency}
        for m, model in enumerate(comparison.names):
            for k in range(len(quality.edges) - 1):
                row = {"column": quality.name, "from": float(quality.edges[k]), "to": float(quality.edges[k + 1])}
                ends = {"value": _finite(value[m, k]), "low": _finite(low[m, k]), "high": _finite(high[m, k])}
                counts = {"passing": int(passed[m, k]), "jets": int(jets[k])}
                yield row | {"model": model, "measure": measure} | told | counts | ends


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
