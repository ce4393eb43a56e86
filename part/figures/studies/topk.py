"""Charts of the study `topk`, and of one jet whose attention is cut."""

from collections.abc import Mapping, Sequence

import numpy as np

from part.analysis.intervention.topk import TopKFindings
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Plot, Series

SHOWN = 4  # classes of one jet


def charts(findings: TopKFindings) -> dict[str, Chart]:
    """All of one model."""
    named = {findings.model: findings}
    found: dict[str, Chart] = {"divergence": divergence(named), "same_class": same(named)}
    return found | ({"accuracy": accuracy(named)} if findings.accuracy is not None else {})


def accuracy(by_name: Mapping[str, TopKFindings]) -> Plot:
    """Change of the accuracy against k, with the 95 % interval of a paired bootstrap, in points."""
    series = tuple(
        Series(name, np.array(found.ks), 100 * found.change, 100 * found.low, 100 * found.high, i)
        for i, (name, found) in enumerate(by_name.items())
        if found.change is not None
    )
    return Plot("Change of accuracy if queries see k keys only", "k", "change of accuracy [points]", series, log_x=True)


def same(by_name: Mapping[str, TopKFindings]) -> Plot:
    """Share of the jets that keep their class against k."""
    series = _means(by_name, "same")
    return Plot("Jets that keep their class", "k", "share of jets", series, log_x=True)


def divergence(by_name: Mapping[str, TopKFindings]) -> Plot:
    """Jensen-Shannon divergence of the probabilities from those of whole attention against k."""
    series = _means(by_name, "divergence")
    return Plot("Divergence of the probabilities", "k", "Jensen-Shannon [nats]", series, log_x=True)


def _means(by_name: Mapping[str, TopKFindings], name: str) -> tuple[Series, ...]:
    series = []
    for i, (model, found) in enumerate(by_name.items()):
        mean = getattr(found, name)
        spread = Z95 * np.where(np.isfinite(mean.error), mean.error, 0)
        series.append(Series(model, np.array(found.ks), mean.value, mean.value - spread, mean.value + spread, i))
    return tuple(series)


def beside(cut: np.ndarray, whole: np.ndarray, k: int, titles: Sequence[str]) -> Plot:
    """Probabilities (C,) of one jet with k keys and with all."""
    chosen = np.argsort(-np.maximum(cut, whole), kind="stable")[:SHOWN]
    names = tuple(titles[c] for c in chosen)
    kinds = ((f"{k} key{'s' if k > 1 else ''}", cut, 0), ("all keys", whole, None))
    series = tuple(Series(name, names, values[chosen], colour=colour, style="bars") for name, values, colour in kinds)
    return Plot("Probabilities of this jet", "probability", "", series, x_range=(0, 1))


def one_jet(ks: Sequence[int], probabilities: np.ndarray, titles: Sequence[str]) -> Plot:
    """Probabilities (K, C) of one jet against k, of the classes that are ever most probable or come close."""
    chosen = np.argsort(-probabilities.max(0), kind="stable")[:SHOWN]
    series = tuple(Series(titles[c], np.array(ks), probabilities[:, c], colour=i) for i, c in enumerate(chosen))
    return Plot("Probabilities against k", "k", "probability", series, log_x=True, y_range=(0, 1))
