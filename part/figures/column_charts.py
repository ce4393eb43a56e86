"""Charts of a comparison against a column of the jets, of sculpting, and of two samples. May import comparison.

Shapes: M models, K bins.
"""

from dataclasses import replace

import numpy as np

from part.analysis.statistics.binomial import Rate
from part.analysis.statistics.histograms import MIN_JETS, SampleDivergence
from part.comparison.columns import ColumnQuality, WorkingPoint
from part.comparison.result import Comparison
from part.comparison.sculpting import Sculpting
from part.comparison.two_samples import SamplePair
from part.figures.charts import Plot, Series
from part.figures.sentences.curves import trend
from part.figures.sentences.samples import divergence
from part.jets.columns import column_title
from part.jets.schema import Dataset


def quality_charts(comparison: Comparison, quality: ColumnQuality) -> dict[str, Plot]:
    """Return the accuracy and, at a working point, signal efficiency and background rejection against a column."""
    charts = {"accuracy": accuracy_chart(comparison, quality)}
    if quality.point and quality.signal_efficiency and quality.background_efficiency:
        charts |= {
            "efficiency": efficiency_chart(comparison, quality, quality.point, quality.signal_efficiency),
            "rejection": rejection_chart(comparison, quality, quality.point, quality.background_efficiency),
        }
    return charts


def accuracy_chart(comparison: Comparison, quality: ColumnQuality) -> Plot:
    """Return the accuracy of each model in bins of a column."""
    series = _rates(comparison, quality, quality.accuracy)
    axis = column_title(quality.name)
    sentence = trend(series, axis)
    return Plot("Accuracy", axis, "accuracy", series, sentence=sentence, about="quality_by_column")


def efficiency_chart(comparison: Comparison, quality: ColumnQuality, point: WorkingPoint, rate: Rate) -> Plot:
    """Return the signal efficiency of each model in bins of a column, and a line at that of all jets."""
    overall = Series("all jets", quality.medians[[0, -1]], np.full(2, point.efficiency), colour=None, dashed=True)
    series = (overall, *_rates(comparison, quality, rate))
    signal = comparison.dataset.titles[point.signal]
    title = f"Efficiency of {point_title(comparison.dataset, point)}"
    axis = column_title(quality.name)
    sentence = trend(series, axis)
    return Plot(title, axis, f"efficiency of {signal}", series, sentence=sentence, about="quality_by_column")


def rejection_chart(comparison: Comparison, quality: ColumnQuality, point: WorkingPoint, rate: Rate) -> Plot:
    """Return 1/εB of each model in bins of a column.

    Where no jet passes, an arrow upwards begins at the limit of 95 % confidence.
    """
    value, low, high = rate.inverse
    none_passes = np.isinf(value)
    series = list(_lines(comparison, quality, value, low, high, np.isfinite(value)))
    for m in range(len(comparison.names)):
        limits = low[m, none_passes[m]]
        if len(limits):
            totals = np.broadcast_to(rate.total, none_passes.shape)[m, none_passes[m]]
            about = tuple(f"none of {total:.0f} passes, 95 %" for total in totals)
            series.append(Series("", quality.medians[none_passes[m]], limits, colour=m, style="limits", labels=about))
    title = f"Background rejection, {point_title(comparison.dataset, point)}"
    axis, background = column_title(quality.name), comparison.dataset.titles[point.background]
    efficiencies = _rates(comparison, quality, rate)
    sentence = trend([replace(s, name=f"{s.name}'s efficiency of {background}") for s in efficiencies], axis)
    name = f"1/ε of {background}"
    return Plot(title, axis, name, tuple(series), log_y=True, sentence=sentence, about="quality_by_column")


def sculpting_chart(comparison: Comparison, sculpting: Sculpting, model: int) -> Plot:
    """Return the distribution of a column for background jets that pass a model's cut, and for those that do not."""
    series = []
    for name, counts, colour in (("not", sculpting.failing[model], None), ("pass", sculpting.passing[model], model)):
        if total := counts.sum():
            series.append(_density(f"{name} ({total})", sculpting.edges, Rate(counts, total), colour))
    background = comparison.dataset.titles[sculpting.point.background]
    at = point_title(comparison.dataset, sculpting.point)
    title = f"{background}, {at}, {sculpting_title(comparison, sculpting, model)}"
    return Plot(
        title,
        column_title(sculpting.name),
        "share of jets per unit",
        tuple(series),
        x_range=_span(sculpting.edges),
        sentence=divergence(
            sculpting.divergence[model],
            f"{background} that passes the cut of {comparison.names[model]} differs from that which does not",
            len(comparison.names),
        ),
        about="sculpting",
    )


def sculpting_title(comparison: Comparison, sculpting: Sculpting, model: int) -> str:
    """Return the divergence of a model in a few words."""
    return f"{comparison.names[model]}: {divergence_text(sculpting.divergence[model])}"


def score_chart(pair: SamplePair, index: int) -> Plot:
    """Return the distribution of the probability of a class in both samples, of jets of this class."""
    dataset = pair.samples[0].dataset
    histograms = pair.score_histograms(index)
    edges = np.linspace(0, 1, len(histograms[0]) + 1)
    series = tuple(
        _density(name, edges, Rate(counts, counts.sum()), side)
        for side, (name, counts) in enumerate(zip(pair.names, histograms, strict=True))
        if counts.sum()
    )
    kind = f"{dataset.titles[index]} jets" if pair.has_labels else "all jets"
    title = f"Score {dataset.titles[index]} of {kind}: {divergence_text(pair.score_divergences[index])}"
    axis, y_title = f"probability of {dataset.titles[index]}", "share of jets per unit"
    what = f"The scores of {kind} differ between {pair.names[0]} and {pair.names[1]}"
    sentence = divergence(pair.score_divergences[index], what, len(dataset.titles))
    return Plot(title, axis, y_title, series, x_range=(0, 1), sentence=sentence, about="scores_of_two_samples")


def point_title(dataset: Dataset, point: WorkingPoint) -> str:
    """Return a working point in words, for instance "H→bb̄ at 50 %"."""
    return f"{dataset.titles[point.signal]} at {100 * point.efficiency:g} %"


def divergence_text(found: SampleDivergence | None) -> str:
    """Return a divergence with its interval, and how large it is by chance."""
    if found is None:
        return f"fewer than {MIN_JETS} jets, no JSD"
    return f"JSD {found.value:.3f} [{found.low:.3f}, {found.high:.3f}], p {_p_text(found.p_value)}"


def _p_text(value: float) -> str:
    return f"= {value:.2g}" if value >= 0.01 else "< 0.01"


def _rates(comparison: Comparison, quality: ColumnQuality, rate: Rate) -> tuple[Series, ...]:
    return _lines(comparison, quality, rate.value, *rate.interval, np.isfinite(rate.value))


def _lines(
    comparison: Comparison,
    quality: ColumnQuality,
    value: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    known: np.ndarray,
) -> tuple[Series, ...]:
    return tuple(
        Series(name, quality.medians[known[m]], *(ends[m][known[m]] for ends in (value, low, high)), colour=m)
        for m, name in enumerate(comparison.names)
    )


def _density(name: str, edges: np.ndarray, rate: Rate, colour: int | None) -> Series:
    """Return a histogram that is scaled to an area of 1, with Wilson's interval of each bin."""
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    low, high = rate.interval
    return Series(name, middle, rate.value / width, low / width, high / width, colour=colour)


def _span(edges: np.ndarray) -> tuple[float, float]:
    return float(edges[0]), float(edges[-1])
