"""Charts of the quality of one model: ROC curves, calibration, confusion. May import comparison.

Shapes: C classes, B bins.
"""

import numpy as np

from part.analysis.statistics.binomial import Rate
from part.analysis.statistics.metrics import background_class
from part.comparison.result import Comparison
from part.figures.charts import Grid, Plot, Series
from part.figures.palette import LIGHT

MAX_CURVES = 9
MAX_CLASSES = 24  # of a confusion matrix
FEW_CURVES = 2  # whose intervals can be told apart
ROC_POINTS = 120


def most_frequent(comparison: Comparison, classes: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return those of some classes that have the most jets, in their order."""
    jets = np.bincount(comparison.labels, minlength=len(comparison.dataset.titles))
    return tuple(sorted(sorted(classes, key=lambda index: -jets[index])[:most]))


def roc(comparison: Comparison, model: int = 0) -> Plot:
    """Return the background rejection against the efficiency of each class, of many classes those with the most jets.

    Curves end where no background jet passes. Up to two of them have Wilson's interval of 95 %.
    """
    signals = most_frequent(comparison, comparison.signals, MAX_CURVES)
    titles, most = comparison.dataset.titles, comparison.background_jets
    series = []
    for colour, signal in enumerate(signals):
        efficiency, background = comparison.roc(model, signal)
        rate = Rate(np.rint(background * most), np.array(most))
        shown = _thinned(efficiency, background > 0)
        value, low, high = (array[shown] for array in rate.inverse)
        ends = (low, high) if len(signals) <= FEW_CURVES else (None, None)
        dashed = colour >= len(LIGHT.series)  # which then has the colour of another one
        series.append(Series(titles[signal], efficiency[shown], value, *ends, colour=colour, dashed=dashed))
    background_title = titles[background_class(comparison.dataset)]
    few = f", {len(signals)} of {len(comparison.signals)} classes" if len(signals) < len(comparison.signals) else ""
    return Plot(
        f"Rejection of {background_title} ({most:,} jets){few}".replace(",", " ", most >= 1000),
        "efficiency",
        f"1/ε of {background_title}",
        tuple(series),
        log_y=True,
        x_range=(0.0, 1.0),
        y_range=(0.9, 1.5 * most),
    )


def _thinned(efficiency: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the points of a curve that are drawn, about evenly spaced along the efficiency."""
    candidates = np.flatnonzero(known)
    wanted = np.searchsorted(efficiency[candidates], np.linspace(0, 1, ROC_POINTS))
    return candidates[np.unique(np.minimum(wanted, len(candidates) - 1))]


def calibration(comparison: Comparison, model: int = 0) -> Plot:
    """Return the accuracy against the confidence in bins, with Wilson's interval of 95 %."""
    curve = comparison.reliability[model]
    filled = curve.counts > 0
    rate = Rate(np.rint(curve.accuracy[filled] * curve.counts[filled]), curve.counts[filled])
    labels = tuple(f"{n} jets" for n in curve.counts[filled].tolist())
    points = Series("", curve.confidence[filled], rate.value, *rate.interval, style="points", labels=labels)
    diagonal = Series("", np.array([0.0, 1.0]), np.array([0.0, 1.0]), colour=None, dashed=True)
    return Plot(
        "Calibration", "mean confidence", "accuracy", (diagonal, points), x_range=(0.0, 1.0), y_range=(0.0, 1.02)
    )


def confusion(comparison: Comparison, model: int = 0) -> Grid:
    """Return the per cent of each class (row) that is predicted as each class (column)."""
    present = tuple(range(len(comparison.dataset.titles)))
    shown = list(most_frequent(comparison, present, MAX_CLASSES))
    counts = comparison.confusion(model)
    percent = 100 * Rate(counts, counts.sum(1, keepdims=True)).value[np.ix_(shown, shown)]
    titles = tuple(comparison.dataset.titles[index] for index in shown)
    few = f", {len(shown)} of {len(present)} classes" if len(shown) < len(present) else ""
    axes = "class", "predicted as"
    return Grid(
        f"Predicted classes [%]{few}",
        "%",
        percent,
        titles,
        titles,
        *axes,
        quantity="share of the class",
        limits=(0.0, 100.0),
    )
