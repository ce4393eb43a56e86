"""Histograms of the attention weights, of the study `sparsity`."""

from collections.abc import Mapping

import numpy as np

from part.analysis.sparsity.results import DECADES, LINEAR, HeadStatistics, SparsityResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Plot, Series
from part.figures.sentences.sparsity import small_weights

MAX_LAYERS = 4  # histograms of layers in one chart; of more layers, every second or third is drawn


def weights(result: SparsityResult, log: bool) -> Plot:
    """Return histograms of the weights between real particles by layer; untrained weights are faint."""
    layers = len(result.trained.linear.value)
    shown = range(0, layers, -(-layers // MAX_LAYERS))
    series = [_histogram(result.trained, log, layer, f"layer {layer + 1}", i) for i, layer in enumerate(shown)]
    if result.untrained:
        series.insert(0, _histogram(result.untrained, log, layers - 1, "untrained", None))
    decades = result.trained.decades
    sentence = small_weights(decades.value, Z95 * decades.error, DECADES)
    return _weights_plot(series, log, f"Attention weights of {result.model}", sentence)


def compare_weights(results: Mapping[str, SparsityResult], log: bool, layer: int) -> Plot:
    """Return histograms of the weights of several models in one layer; untrained weights of the first are faint."""
    first = next(iter(results.values()))
    series = [_histogram(first.untrained, log, layer, "untrained", None)] if first.untrained else []
    series += [
        _histogram(result.trained, log, layer, name, i)
        for i, (name, result) in enumerate(results.items())
        if layer < len(result.trained.linear.value)
    ]
    means = {name: r.trained.decades for name, r in results.items() if layer < len(r.trained.decades.value)}
    value, half = (
        np.stack([getattr(mean, name)[layer] for mean in means.values()]) if means else np.empty((0, len(DECADES) - 1))
        for name in ("value", "error")
    )
    sentence = small_weights(value, Z95 * half, DECADES, list(means))
    return _weights_plot(series, log, f"Attention weights in layer {layer + 1}", sentence)


def _weights_plot(series: list[Series], log: bool, title: str, sentence: str) -> Plot:
    x_title = "log10 weight" if log else "weight"
    lowest = min((s.y[s.y > 0].min() for s in series if (s.y > 0).any()), default=1e-6)
    span = (max(float(lowest) / 2, 1e-8), 2.0)
    texts = title, x_title, "share of weights"
    return Plot(*texts, tuple(series), log_y=True, y_range=span, sentence=sentence, about="weights")


def _histogram(numbers: HeadStatistics, log: bool, layer: int, name: str, colour: int | None) -> Series:
    mean, edges = (numbers.decades, DECADES) if log else (numbers.linear, LINEAR)
    return Series(name, edges, mean.value[layer], colour=colour, style="steps")
