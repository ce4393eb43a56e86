"""Charts of the study `components`: the first principal component of each head."""

import numpy as np

from part.analysis.sparsity.components import BINS, ComponentsResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series

AXES = {"ln pT": "ln(pT / GeV)", "ΔR": "ΔR to the jet axis"}


def charts(result: ComponentsResult) -> dict[str, Chart]:
    """Return all charts: the variance explained, correlations with features, and profiles of each layer."""
    all_charts: dict[str, Chart] = {"explained": explained_variance(result)}
    for layer in range(len(result.explained_variance)):
        all_charts[f"correlation_layer{layer + 1}"] = correlation(result, layer)
    return all_charts | {
        f"{file}_layer{layer + 1}": profile(result, name, layer)
        for file, name in (("pt", "ln pT"), ("dr", "ΔR"))
        for layer in range(len(result.explained_variance))
    }


def explained_variance(result: ComponentsResult) -> HeadMap:
    """Return the share of the variance of a head's vectors that the first component explains."""
    return HeadMap(
        "Variance that the first component explains", "of the variance", result.explained_variance, limits=(0, 1)
    )


def correlation(result: ComponentsResult, layer: int) -> Grid:
    """Return the correlations of the first component with the features that are known, for the heads of a layer."""
    known = [f for f, name in enumerate(result.features) if name not in unknown_features(result)]
    heads = tuple(str(head + 1) for head in range(result.explained_variance.shape[1]))
    return Grid(
        f"Correlation of the first component with features, layer {layer + 1}",
        "",
        result.correlation[layer].T[known],
        tuple(result.features[f] for f in known),
        heads,
        column_title="head",
        error=result.error[layer].T[known],
        signed=True,
        limits=(-1, 1),
    )


def unknown_features(result: ComponentsResult) -> tuple[str, ...]:
    """Return the features that have no correlation: the jets do not have them, or they are constant."""
    is_known = np.asarray(np.isfinite(result.correlation).any((0, 1)))
    return tuple(name for name, known in zip(result.features, is_known, strict=True) if not known)


def profile(result: ComponentsResult, name: str, layer: int, head: int | None = None) -> Plot:
    """Return the mean of the first component against a feature; with a head, that head among the faint others."""
    mean, edges = result.profiles[name], BINS[name]
    middle = (edges[1:] + edges[:-1]) / 2
    series = []
    for h in range(mean.value.shape[1]):
        value, error = mean.value[layer, h], mean.error[layer, h]
        finite = np.isfinite(value)
        if head is not None and h != head:
            series.append(Series("", middle[finite], value[finite], colour=None))
            continue
        spread = Z95 * np.where(np.isfinite(error), error, 0)[finite]
        label = f"head {h + 1}"
        series.append(Series(label, middle[finite], value[finite], value[finite] - spread, value[finite] + spread, h))
    series.sort(key=lambda s: s.colour is not None)
    title = f"First component against {name}, layer {layer + 1}"
    return Plot(title, AXES[name], "first component [std. dev.]", tuple(series))
