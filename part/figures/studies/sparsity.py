"""Charts of the study `sparsity`, of one model or of several by name."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from part.analysis.sparsity.results import KINDS, QUANTITIES, HeadStatistics, SparsityResult
from part.analysis.statistics.running_mean import Z95, Mean
from part.errors import PartError
from part.figures.cell_texts import with_unit
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series
from part.figures.one_scale import share_limits
from part.figures.sentences.curves import trend
from part.figures.sentences.places import cell_names, ends, farthest, head_names, range_of_heads
from part.figures.sentences.sparsity import classes
from part.figures.studies.weights import weights
from part.figures.style import SYMBOLS
from part.jets.schema import SPECIES

FARTHEST = "Farthest from shuffled keys"
NULLS = {"untrained": "untrained weights", "shuffled": "shuffled keys"}
MAX_CLASSES = 16  # in bars; of more classes, those with the most jets are drawn


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
    sentence = range_of_heads(mean.value, Z95 * mean.error, "" if "share" in unit else unit)
    chart = HeadMap(title, unit, mean.value, mean.error, limits=limits, sentence=sentence, about=f"heads_{quantity}")
    return replace(chart, quantity=_quantity(result, quantity))


def _quantity(result: SparsityResult, quantity: str) -> str:
    """Return the name of a quantity where its unit does not say what it is."""
    return "" if "share" in QUANTITIES[quantity].unit else result.titles[quantity]


def _axis_title(result: SparsityResult, quantity: str) -> str:
    return with_unit(_quantity(result, quantity), QUANTITIES[quantity].unit)


def excess_map(
    result: SparsityResult,
    quantity: str,
    null: str | None = None,
    limits: tuple[float, float] | None = None,
) -> HeadMap:
    """Return a quantity by head, of the model or of untrained weights, minus its expectation for shuffled keys."""
    mean = _statistics(result, null).statistic(quantity, kind="excess")
    title = result.titles[quantity] + (f", {NULLS[null]}" if null else "") + ", minus shuffled keys"
    chart = _excess(title, QUANTITIES[quantity].unit, mean, limits, f"heads_{quantity}")
    return replace(chart, quantity=_quantity(result, quantity))


def _excess(title: str, unit: str, mean: Mean, limits: tuple[float, float] | None, about: str) -> HeadMap:
    """Return a map of what heads have beyond shuffled keys."""
    sentence = farthest(mean.value, Z95 * mean.error, head_names(mean.value.shape), FARTHEST)
    return HeadMap(title, unit, mean.value, mean.error, signed=True, limits=limits, sentence=sentence, about=about)


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
    sentence = trend([one for one in series if one.colour is not None], axis, "" if "share" in unit else unit)
    return Plot(title, axis, _axis_title(first, quantity), tuple(series), sentence=sentence, about=f"heads_{quantity}")


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
    few = f", {len(present)} of {n_present} classes" if len(present) < n_present else ""
    sentence = classes(series, QUANTITIES[quantity].unit)
    title = f"{first.titles[quantity]}, layer {layer + 1}, head {head + 1}{few}"
    axis = _axis_title(first, quantity)
    return Plot(title, axis, "", tuple(series), sentence=sentence, about=f"heads_{quantity}")


def classes_drawn(result: SparsityResult, quantity: str) -> tuple[np.ndarray, int]:
    """Return the classes that bars are drawn of, those with the most jets, and how many classes have jets."""
    mean = mean_of_heads(result, quantity, group="class")
    jets = np.where(np.isfinite(mean.value), mean.jets, 0).max((1, 2))
    n_present = int((jets > 0).sum())
    return np.sort(np.argsort(-jets, kind="stable")[: min(MAX_CLASSES, n_present)]), n_present


def by_layer(result: SparsityResult, quantity: str, kind: str) -> Grid:
    """Return the mean over a layer's heads by group of jets."""
    mean = result.trained.statistic(quantity, kind)
    values = mean.value.mean(-1)
    half = Z95 * mean.error.mean(-1)  # that of the mean of heads is not larger, however they are correlated
    is_present = np.isfinite(values).any(1)
    names = result.classes if kind == "class" else _bins(getattr(result, f"{kind}_edges"))
    rows = tuple(name for name, one in zip(names, is_present, strict=True) if one)
    layers = tuple(str(layer + 1) for layer in range(values.shape[1]))
    title = f"{result.titles[quantity]}, mean of the heads"
    row_title = {"class": "", "n": "constituents", "pt": "jet pT [GeV]"}[kind]
    unit = QUANTITIES[quantity].unit
    groups = [f"{row_title.partition(' [')[0]} {row}".strip() for row in rows]
    cells = cell_names(groups, [f"layer {layer}" for layer in layers])
    sentence = ends(
        values[is_present], half[is_present], cells, "" if "share" in unit else unit, "Most for", "least for"
    )
    about = f"heads_{quantity}"
    chart = Grid(title, unit, values[is_present], rows, layers, row_title, "Layer", sentence=sentence, about=about)
    return replace(chart, quantity=_quantity(result, quantity))


def _bins(edges: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(f"{low:g} to {high:g}" if np.isfinite(high) else f"from {low:g}" for low, high in pairwise(edges))


def species(result: SparsityResult, layer: int, head: int) -> Grid:
    """Return how a head divides each species' attention to other particles among species, minus shuffled keys."""
    mean, index = result.trained.species, (KINDS.index("excess"), layer, head)
    names = tuple(f"{name}s ({n} jets)" for name, n in zip(SPECIES, mean.jets[index].max(1).tolist(), strict=True))
    short = SYMBOLS[: len(SPECIES)]
    title = f"Attention by species, minus shuffled keys, layer {layer + 1}, head {head + 1}"
    value, error = mean.value[index], mean.error[index]
    sentence = farthest(value, Z95 * error, cell_names(names, short, " to "), FARTHEST, "pairs of species")
    texts = title, ""
    return Grid(
        *texts, value, names, short, "from", "to", error, signed=True, sentence=sentence, about="attention_by_species"
    )


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
    mean, index = _collections(result), (KINDS.index("excess"), layer, head)
    sentence = farthest(mean.value[index], Z95 * mean.error[index], names, FARTHEST, "pairs of collections")
    unit = "share of attention to others"
    return Plot(title, unit, "", tuple(series), x_range=(0, 1), sentence=sentence, about="collections")


def collection_map(result: SparsityResult, a: int, b: int) -> HeadMap:
    """Return the share of the attention of collection a that b receives by head, minus that for shuffled keys."""
    mean, index = _collections(result), (KINDS.index("excess"), ..., a, b)
    title = f"Attention from {result.collections[a]} to {result.collections[b]}, minus shuffled keys"
    own = Mean(mean.value[index], mean.error[index], mean.jets[index])
    return _excess(title, "share of attention to others", own, None, "collections")


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
