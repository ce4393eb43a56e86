"""Charts of the study `topk`, and of one jet whose queries attend to few keys."""

from collections.abc import Mapping, Sequence

import numpy as np

from part.analysis.intervention.topk import TopKResult
from part.analysis.statistics.running_mean import Z95
from part.figures.axis_ranges import probability_range
from part.figures.charts import Chart, Plot, Series
from part.figures.sentences.curves import enough
from part.figures.sentences.one_jet import last_change, prediction_change
from part.figures.sentences.topk import enough_keys, small_divergence

MAX_CLASSES = 4  # classes of one jet


def charts(result: TopKResult) -> dict[str, Chart]:
    """Return all charts of one model."""
    results = {result.model: result}
    all_charts: dict[str, Chart] = {"divergence": divergence(results), "same_class": same_class(results)}
    if result.accuracy is not None:
        all_charts["accuracy"] = accuracy(results)
    return all_charts


def accuracy(results: Mapping[str, TopKResult]) -> Plot:
    """Return the change of accuracy against k in percentage points, with the 95 % interval of a paired bootstrap."""
    series = tuple(
        Series(name, np.array(result.ks), 100 * result.change, 100 * result.low, 100 * result.high, i)
        for i, (name, result) in enumerate(results.items())
        if result.change is not None and result.low is not None and result.high is not None
    )
    title = "Change of accuracy if queries attend to k keys only"
    sentence = ""
    if len(results) == 1 and (result := next(iter(results.values()))).low is not None:
        places = [f"k = {k}" for k in result.ks]
        low, high = (100 * np.asarray(bound) for bound in (result.low, result.high))
        sentence = enough(series[0].y, low, high, places, "Accuracy changes at", "points")
    return Plot(title, "k", "change of accuracy [points]", series, log_x=True, sentence=sentence, about="top_k")


def same_class(results: Mapping[str, TopKResult]) -> Plot:
    """Return the share of jets that keep their predicted class against k."""
    series = _means(results, "same_class")
    sentence = enough_keys({name: (r.ks, r.same_class.value, r.jets) for name, r in results.items()})
    title = "Jets that keep their class"
    return Plot(title, "k", "share of jets", series, log_x=True, sentence=sentence, about="top_k")


def divergence(results: Mapping[str, TopKResult]) -> Plot:
    """Return the divergence of the probabilities from those with all keys against k."""
    series = _means(results, "divergence")
    sentence = small_divergence(series)
    texts = "Divergence of the probabilities", "k", "Jensen-Shannon [nats]"
    return Plot(*texts, series, log_x=True, sentence=sentence, about="top_k")


def _means(results: Mapping[str, TopKResult], name: str) -> tuple[Series, ...]:
    series = []
    for i, (model, result) in enumerate(results.items()):
        mean = getattr(result, name)
        spread = Z95 * np.where(np.isfinite(mean.error), mean.error, 0)
        series.append(Series(model, np.array(result.ks), mean.value, mean.value - spread, mean.value + spread, i))
    return tuple(series)


def jet_comparison(limited: np.ndarray, full: np.ndarray, k: int, titles: Sequence[str]) -> Plot:
    """Return the probabilities (C,) of one jet with k keys and with all."""
    chosen = np.argsort(-np.maximum(limited, full), kind="stable")[:MAX_CLASSES]
    names = tuple(titles[c] for c in chosen)
    groups = ((f"{k} key{'s' if k > 1 else ''}", limited, 0), ("all keys", full, None))
    series = tuple(Series(name, names, values[chosen], colour=colour, style="bars") for name, values, colour in groups)
    sentence = prediction_change(titles, full, limited, f"With {k} key{'s' if k > 1 else ''} a query")
    span = probability_range(limited, full)
    title = "Probabilities of this jet"
    return Plot(title, "probability", "", series, x_range=span, sentence=sentence, about="top_k_jet")


def jet_curves(ks: Sequence[int], probabilities: np.ndarray, titles: Sequence[str]) -> Plot:
    """Return the probabilities (K, C) of one jet against k, for the classes that become most probable."""
    chosen = np.argsort(-probabilities.max(0), kind="stable")[:MAX_CLASSES]
    series = tuple(Series(titles[c], np.array(ks), probabilities[:, c], colour=i) for i, c in enumerate(chosen))
    span = probability_range(probabilities)
    sentence = last_change(list(ks), probabilities, titles, "k")
    title = "Probabilities against k"
    return Plot(title, "k", "probability", series, log_x=True, y_range=span, sentence=sentence, about="top_k_jet")
