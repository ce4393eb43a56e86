"""Charts of the study `components`."""

import numpy as np

from part.analysis.sparsity.components import BINS, ComponentsFindings
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series

AXES = {"ln pT": "ln(p<sub>T</sub> / GeV)", "ΔR": "ΔR to the jet axis"}


def charts(findings: ComponentsFindings) -> dict[str, Chart]:
    """All of one model: how much the first component explains, what it correlates with, profiles of each layer."""
    found: dict[str, Chart] = {"explained": explained(findings)}
    for layer in range(len(findings.explained)):
        found[f"correlation_layer{layer + 1}"] = correlation(findings, layer)
    return found | {
        f"{file}_layer{layer + 1}": profile(findings, name, layer)
        for file, name in (("pt", "ln pT"), ("dr", "ΔR"))
        for layer in range(len(findings.explained))
    }


def explained(findings: ComponentsFindings) -> HeadMap:
    """Share of the variance of a head's vectors that the first component has."""
    return HeadMap("Variance that the first component explains", "of the variance", findings.explained, limits=(0, 1))


def correlation(findings: ComponentsFindings, layer: int) -> Grid:
    """Of the first component with the features, for the heads of a layer."""
    heads = tuple(str(head + 1) for head in range(findings.explained.shape[1]))
    return Grid(
        f"Correlation of the first component with features, layer {layer + 1}",
        "",
        findings.correlation[layer].T,
        findings.features,
        heads,
        column_title="head",
        error=findings.error[layer].T,
        signed=True,
        limits=(-1, 1),
    )


def profile(findings: ComponentsFindings, name: str, layer: int, head: int | None = None) -> Plot:
    """Mean of the first component against a feature: of one head with its 95 % interval, or of all in a layer."""
    mean, edges = findings.profiles[name], BINS[name]
    middle = (edges[1:] + edges[:-1]) / 2
    series = []
    for h in range(mean.value.shape[1]):
        value, error = mean.value[layer, h], mean.error[layer, h]
        known = np.isfinite(value)
        if head is not None and h != head:
            series.append(Series("", middle[known], value[known], colour=None))
            continue
        spread = Z95 * np.where(np.isfinite(error), error, 0)[known]
        label = f"head {h + 1}"
        series.append(Series(label, middle[known], value[known], value[known] - spread, value[known] + spread, h))
    series.sort(key=lambda s: s.colour is not None)
    title = f"First component against {name}, layer {layer + 1}"
    return Plot(title, AXES[name], "first component [std. dev.]", tuple(series))
