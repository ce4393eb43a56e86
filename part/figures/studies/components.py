"""Charts of the study `components`: the first principal component of each head."""

import numpy as np

from part.analysis.sparsity.components import BINS, ComponentsResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series
from part.figures.sentences.places import cell_names, ends, farthest, head_names, observed_ends

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
    title, unit, values = (
        "Variance that the first component explains",
        "share of the variance",
        result.explained_variance,
    )
    sample = f"{result.particles} particles"
    sentence = observed_ends(values, head_names(values.shape), "", sample)
    return HeadMap(title, unit, values, limits=(0, 1), sentence=sentence, about="explained_variance")


def correlation(result: ComponentsResult, layer: int) -> Grid:
    """Return the correlations of the first component with the features that are known, for the heads of a layer."""
    known = [f for f, name in enumerate(result.features) if name not in unknown_features(result)]
    heads = tuple(str(head + 1) for head in range(result.explained_variance.shape[1]))
    values, error = result.correlation[layer].T[known], result.error[layer].T[known]
    features = tuple(result.features[f] for f in known)
    cells = cell_names(features, [f"head {head}" for head in heads], " in ")
    return Grid(
        f"Correlation of the first component with features, layer {layer + 1}",
        "",
        values,
        features,
        heads,
        column_title="head",
        error=error,
        signed=True,
        limits=(-1, 1),
        sentence=farthest(
            values, Z95 * error, cells, "Strongest correlation", "correlations", sides=("positive", "negative")
        ),
        about="component_correlation",
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
            series.append(Series(f"head {h + 1}", middle[finite], value[finite], colour=None, in_legend=False))
            continue
        spread = Z95 * np.where(np.isfinite(error), error, 0)[finite]
        label = f"head {h + 1}"
        series.append(Series(label, middle[finite], value[finite], value[finite] - spread, value[finite] + spread, h))
    series.sort(key=lambda s: s.colour is not None)
    others = "" if head is None else f", head {head + 1}; faint: the layer's other heads"
    title = f"First component against {name}, layer {layer + 1}{others}"
    texts = title, AXES[name], "first component [std. dev.]"
    return Plot(*texts, tuple(series), sentence=_profile_sentence(series, name, head), about="component_profile")


def _profile_sentence(series: list[Series], name: str, head: int | None) -> str:
    """Return between which ends the chosen head's component lies; "" where no head is chosen."""
    own = [s for s in series if head is not None and s.name == f"head {head + 1}"]
    if not own or own[0].low is None or own[0].high is None:
        return ""
    places = [f"at {name} {x:.2g}" for x in own[0].x]
    return ends(own[0].y, (own[0].high - own[0].low) / 2, places, "", "Largest", "smallest")
