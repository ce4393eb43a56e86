"""Charts of the study `sparsity`, of one model or of several by name."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from part.analysis.sparsity.results import DECADES, KINDS, LINEAR, QUANTITIES, HeadStatistics, SparsityResult
from part.analysis.statistics.running_mean import Z95, Mean
from part.errors import PartError
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series
from part.figures.one_scale import share_limits
from part.figures.sentences import range_of_heads
from part.figures.style import SYMBOLS
from part.jets.schema import SPECIES

NULLS = {"untrained": "untrained weights", "shuffled": "shuffled keys"}
MAX_CLASSES = 16  # in bars; of more classes, those with the most jets are drawn
MAX_LAYERS = 4  # histograms of layers in one chart; of more layers, every second or third is drawn


def charts(result: SparsityResult) -> dict[str, Chart]:
    """Return all charts of one model: each quantity and its nulls by head, weights, and layers by groups of jets."""
    all_charts: dict[str, Chart] = {}
    for name in QUANTITIES:
        maps = {name: head_map(result, name)}
        all_charts |= share_limits(
            maps | {f"{name}_{null}": head_map(result, name, null) for null in nulls(result, name)}
        )
    all_charts |= {"weights_linear": weights(result, log=False), "weights_log": weights(result, log=True)}
    for name in ("effective_number", "inter_subjet", "to_leptons"):
        all_charts |= {f"{name}_by_{kind}": by_layer(result, name, kind) for kind in ("class", "n", "pt")}
    all_charts |= collection_maps(result)
    return {name: chart for name, chart in all_charts.items() if not isinstance(chart, Grid) or len(chart.rows)}


def nulls(result: SparsityResult, quantity: str) -> tuple[str, ...]:
    """Return the nulls, of `NULLS`, that apply to a quantity."""
    untrained = ("untrained",) if result.untrained else ()
    return (*untrained, "shuffled") if QUANTITIES[quantity].depends_on_keys else untrained


def mean_of_heads(result: SparsityResult, quantity: str, null: str | None = None, group: str = "all") -> Mean:
    """Return a quantity of each head with its error, of the model or under a null."""
    return _statistics(result, null).statistic(quantity, group, "shuffled" if null == "shuffled" else "found")


def _statistics(result: SparsityResult, null: str | None) -> HeadStatistics:
    if null != "untrained":
        return result.trained
    if result.untrained is None:
        raise PartError("Untrained weights were left out of this study.")
    return result.untrained


def head_map(
    result: SparsityResult, quantity: str, null: str | None = None, limits: tuple[float, float] | None = None
) -> HeadMap:
    """Return a quantity by head, of the model or under a null."""
    mean = mean_of_heads(result, quantity, null)
    title = result.titles[quantity] + (f", {NULLS[null]}" if null else "")
    unit = QUANTITIES[quantity].unit
    sentence = "" if null else range_of_heads(mean.value, Z95 * mean.error, "" if "share" in unit else unit)
    return HeadMap(title, unit, mean.value, mean.error, limits=limits, sentence=sentence)


def excess_map(
    result: SparsityResult,
    quantity: str,
    null: str | None = None,
    limits: tuple[float, float] | None = None,
) -> HeadMap:
    """Return a quantity by head, of the model or of untrained weights, minus its expectation for shuffled keys."""
    mean = _statistics(result, null).statistic(quantity, kind="excess")
    title = result.titles[quantity] + (f", {NULLS[null]}" if null else "") + ", minus shuffled keys"
    return HeadMap(title, QUANTITIES[quantity].unit, mean.value, mean.error, signed=True, limits=limits)


def weights(result: SparsityResult, log: bool) -> Plot:
    """Return histograms of the weights between real particles by layer; untrained weights are faint."""
    layers = len(result.trained.linear.value)
    shown = range(0, layers, -(-layers // MAX_LAYERS))
    series = [_histogram(result.trained, log, layer, f"layer {layer + 1}", i) for i, layer in enumerate(shown)]
    if result.untrained:
        series.insert(0, _histogram(result.untrained, log, layers - 1, "untrained", None))
    return _weights_plot(series, log, f"Attention weights of {result.model}")


def compare_weights(results: Mapping[str, SparsityResult], log: bool, layer: int) -> Plot:
    """Return histograms of the weights of several models in one layer; untrained weights of the first are faint."""
    first = next(iter(results.values()))
    series = [_histogram(first.untrained, log, layer, "untrained", None)] if first.untrained else []
    series += [
        _histogram(result.trained, log, layer, name, i)
        for i, (name, result) in enumerate(results.items())
        if layer < len(result.trained.linear.value)
    ]
    return _weights_plot(series, log, f"Attention weights in layer {layer + 1}")


def _weights_plot(series: list[Series], log: bool, title: str) -> Plot:
    x_title = "log10 weight" if log else "weight"
    lowest = min((s.y[s.y > 0].min() for s in series if (s.y > 0).any()), default=1e-6)
    span = (max(float(lowest) / 2, 1e-8), 2.0)
    return Plot(title, x_title, "share of weights", tuple(series), log_y=True, y_range=span)


def _histogram(numbers: HeadStatistics, log: bool, layer: int, name: str, colour: int | None) -> Series:
    mean, edges = (numbers.decades, DECADES) if log else (numbers.linear, LINEAR)
    return Series(name, edges, mean.value[layer], colour=colour, style="steps")


def by_group(results: Mapping[str, SparsityResult], quantity: str, kind: str, layer: int, head: int) -> Plot:
    """Return a quantity of one head against multiplicity ("n") or pT ("pt"); nulls of the first model are faint."""
    first = next(iter(results.values()))
    series = [_against(first, quantity, kind, layer, head, NULLS[null], None, null) for null in nulls(first, quantity)]
    for i, (name, result) in enumerate(results.items()):
        if _has_head(result, layer, head):
            series.append(_against(result, quantity, kind, layer, head, name, i))
    axis = {"n": "constituents", "pt": "jet pT [GeV]"}[kind]
    unit = QUANTITIES[quantity].unit
    title = f"{first.titles[quantity]}, layer {layer + 1}, head {head + 1}"
    return Plot(title, axis, unit or first.titles[quantity], tuple(series))


def _against(
    result: SparsityResult,
    quantity: str,
    kind: str,
    layer: int,
    head: int,
    name: str,
    colour: int | None,
    null: str | None = None,
) -> Series:
    mean = mean_of_heads(result, quantity, null, kind)
    numbers = result.trained
    x = numbers.centres.value[numbers.groups[kind], 0 if kind == "n" else 1]
    value, error = mean.value[:, layer, head], mean.error[:, layer, head]
    finite = np.isfinite(value) & np.isfinite(x)
    spread = Z95 * np.where(np.isfinite(error), error, 0)[finite]
    y = value[finite]
    return Series(name, x[finite], y, y - spread, y + spread, colour)


def by_class(results: Mapping[str, SparsityResult], quantity: str, layer: int, head: int) -> Plot:
    """Return a quantity of one head by class of the jets, with 95 % intervals; of many classes those of most jets."""
    first = next(iter(results.values()))
    present, n_present = classes_drawn(first, quantity)
    names = tuple(first.classes[index] for index in present.tolist())
    series = []
    for i, (name, result) in enumerate(results.items()):
        if _has_head(result, layer, head) and result.classes == first.classes:
            mean = mean_of_heads(result, quantity, group="class")
            value, error = mean.value[present, layer, head], mean.error[present, layer, head]
            spread = Z95 * np.where(np.isfinite(error), error, 0)
            series.append(Series(name, names, value, value - spread, value + spread, i, "bars"))
    unit = QUANTITIES[quantity].unit or first.titles[quantity]
    few = f", {len(present)} of {n_present} classes" if len(present) < n_present else ""
    return Plot(f"{first.titles[quantity]}, layer {layer + 1}, head {head + 1}{few}", unit, "", tuple(series))


def classes_drawn(result: SparsityResult, quantity: str) -> tuple[np.ndarray, int]:
    """Return the classes that bars are drawn of, those with the most jets, and how many classes have jets."""
    mean = mean_of_heads(result, quantity, group="class")
    jets = np.where(np.isfinite(mean.value), mean.jets, 0).max((1, 2))
    n_present = int((jets > 0).sum())
    return np.sort(np.argsort(-jets, kind="stable")[: min(MAX_CLASSES, n_present)]), n_present


def by_layer(result: SparsityResult, quantity: str, kind: str) -> Grid:
    """Return the mean over a layer's heads by group of jets."""
    values = result.trained.statistic(quantity, kind).value.mean(-1)
    is_present = np.isfinite(values).any(1)
    names = result.classes if kind == "class" else _bins(getattr(result, f"{kind}_edges"))
    rows = tuple(name for name, one in zip(names, is_present, strict=True) if one)
    layers = tuple(str(layer + 1) for layer in range(values.shape[1]))
    title = f"{result.titles[quantity]}, mean of the heads"
    row_title = {"class": "", "n": "constituents", "pt": "jet pT [GeV]"}[kind]
    return Grid(title, QUANTITIES[quantity].unit, values[is_present], rows, layers, row_title, "layer")


def _bins(edges: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(f"{low:g} to {high:g}" if np.isfinite(high) else f"from {low:g}" for low, high in pairwise(edges))


def species(result: SparsityResult, layer: int, head: int) -> Grid:
    """Return how a head divides each species' attention to other particles among species, minus shuffled keys."""
    mean, index = result.trained.species, (KINDS.index("excess"), layer, head)
    names = tuple(f"{name}s ({n} jets)" for name, n in zip(SPECIES, mean.jets[index].max(1).tolist(), strict=True))
    short = SYMBOLS[: len(SPECIES)]
    title = f"Attention by species, minus shuffled keys, layer {layer + 1}, head {head + 1}"
    return Grid(title, "", mean.value[index], names, short, "from", "to", mean.error[index], signed=True)


def between_collections(result: SparsityResult, layer: int, head: int) -> Plot:
    """Return how a head divides each collection's attention among the collections, beside what the nulls expect.

    Intervals are of 95 % over jets. Raises PartError if the model takes a single collection.
    """
    sources = {"trained": (_collections(result), "found"), "shuffled": (_collections(result), "shuffled")}
    if result.untrained and result.untrained.collections:
        sources["untrained"] = (result.untrained.collections, "found")
    names = tuple(f"{a} → {b}" for a in result.collections for b in result.collections)
    series = []
    for name, (mean, kind) in sources.items():
        index = KINDS.index(kind), layer, head
        value, spread = mean.value[index].ravel(), Z95 * np.nan_to_num(mean.error[index].ravel())
        colour = 0 if name == "trained" else 1 if name == "shuffled" else None
        series.append(
            Series(NULLS.get(name, result.model), names, value, value - spread, value + spread, colour, "bars")
        )
    title = f"Attention between collections, layer {layer + 1}, head {head + 1}"
    return Plot(title, "share of attention to others", "", tuple(series), x_range=(0, 1))


def collection_map(result: SparsityResult, a: int, b: int) -> HeadMap:
    """Return the share of the attention of collection a that b receives by head, minus that for shuffled keys."""
    mean, index = _collections(result), (KINDS.index("excess"), ..., a, b)
    title = f"Attention from {result.collections[a]} to {result.collections[b]}, minus shuffled keys"
    return HeadMap(title, "share of attention to others", mean.value[index], mean.error[index], signed=True)


def collection_maps(result: SparsityResult) -> dict[str, Chart]:
    """Return `collection_map` of all pairs of collections on one scale, by name."""
    names = result.collections
    pairs = np.ndindex(len(names), len(names))
    return share_limits({f"{names[a]}_to_{names[b]}": collection_map(result, a, b) for a, b in pairs})


def _collections(result: SparsityResult) -> Mean:
    if result.trained.collections is None:
        raise PartError(f"{result.model} takes one collection of tokens; there is no attention between several.")
    return result.trained.collections


def _has_head(result: SparsityResult, layer: int, head: int) -> bool:
    layers, heads = result.trained.statistic("entropy").value.shape
    return layer < layers and head < heads
