"""Charts of the study `sparsity`. Several models stand beside each other, their findings by name."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from part.analysis.sparsity.findings import DECADES, KINDS, LINEAR, QUANTITIES, SparsityFindings
from part.analysis.statistics.running_mean import Z95, Mean
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series
from part.figures.style import SYMBOLS
from part.jets.schema import SPECIES

NULLS = {"untrained": "untrained weights", "shuffled": "shuffled keys"}
SIDE = 4  # layers whose histograms are drawn one by one; of more, every second


def charts(findings: SparsityFindings) -> dict[str, Chart]:
    """All of one model: maps of each quantity and of its nulls, the weights, and layers in groups of jets."""
    found: dict[str, Chart] = {}
    for name in QUANTITIES:
        found[name] = head_map(findings, name)
        found |= {f"{name}_{null}": head_map(findings, name, null) for null in nulls(findings, name)}
    found |= {"weights_linear": weights(findings, log=False), "weights_log": weights(findings, log=True)}
    for name in ("effective_number", "inter_subjet", "to_leptons"):
        found |= {f"{name}_by_{kind}": by_layer(findings, name, kind) for kind in ("class", "n", "pt")}
    return {name: chart for name, chart in found.items() if not isinstance(chart, Grid) or len(chart.rows)}


def nulls(findings: SparsityFindings, quantity: str) -> tuple[str, ...]:
    """Which of NULLS say something about a quantity."""
    untrained = ("untrained",) if findings.untrained else ()
    return (*untrained, "shuffled") if QUANTITIES[quantity].places else untrained


def of(findings: SparsityFindings, quantity: str, null: str | None = None, group: str = "all") -> Mean:
    """The model's numbers, or those of a null."""
    numbers = findings.untrained if null == "untrained" else findings.trained
    return numbers.of(quantity, group, "shuffled" if null == "shuffled" else "found")


def head_map(
    findings: SparsityFindings, quantity: str, null: str | None = None, limits: tuple[float, float] | None = None
) -> HeadMap:
    """A quantity of each head, or its value under a null."""
    mean = of(findings, quantity, null)
    title = findings.titles[quantity] + (f", {NULLS[null]}" if null else "")
    return HeadMap(title, QUANTITIES[quantity].unit, mean.value, mean.error, limits=limits)


def excess(
    findings: SparsityFindings,
    quantity: str,
    null: str | None = None,
    limits: tuple[float, float] | None = None,
) -> HeadMap:
    """A quantity of each head, of the model or "untrained", less its expectation for shuffled keys."""
    numbers = findings.untrained if null == "untrained" else findings.trained
    mean = numbers.of(quantity, kind="excess")
    title = findings.titles[quantity] + (f", {NULLS[null]}" if null else "") + ", less shuffled keys"
    return HeadMap(title, QUANTITIES[quantity].unit, mean.value, mean.error, signed=True, limits=limits)


def weights(findings: SparsityFindings, log: bool) -> Plot:
    """Histograms of the weights between real particles, a curve a layer, untrained ones faint: share a bin."""
    layers = len(findings.trained.linear.value)
    shown = range(0, layers, -(-layers // SIDE))
    series = [_histogram(findings.trained, log, layer, f"layer {layer + 1}", i) for i, layer in enumerate(shown)]
    if findings.untrained:
        series.insert(0, _histogram(findings.untrained, log, layers - 1, "untrained", None))
    return _weights_plot(series, log, f"Attention weights of {findings.model}")


def weights_compared(by_name: Mapping[str, SparsityFindings], log: bool, layer: int) -> Plot:
    """The same of several models in one layer; untrained weights of the first, faint."""
    first = next(iter(by_name.values()))
    series = [_histogram(first.untrained, log, layer, "untrained", None)] if first.untrained else []
    series += [
        _histogram(findings.trained, log, layer, name, i)
        for i, (name, findings) in enumerate(by_name.items())
        if layer < len(findings.trained.linear.value)
    ]
    return _weights_plot(series, log, f"Attention weights in layer {layer + 1}")


def _weights_plot(series: list[Series], log: bool, title: str) -> Plot:
    x_title = "log<sub>10</sub> weight" if log else "weight"
    lowest = min((s.y[s.y > 0].min() for s in series if (s.y > 0).any()), default=1e-6)
    span = (max(float(lowest) / 2, 1e-8), 2.0)
    return Plot(title, x_title, "share of weights", tuple(series), log_y=True, y_range=span)


def _histogram(numbers, log: bool, layer: int, name: str, colour: int | None) -> Series:
    mean, edges = (numbers.decades, DECADES) if log else (numbers.linear, LINEAR)
    return Series(name, edges, mean.value[layer], colour=colour, style="steps")


def by_group(by_name: Mapping[str, SparsityFindings], quantity: str, kind: str, layer: int, head: int) -> Plot:
    """A quantity of one head against multiplicity ("n") or pT ("pt"), nulls of the first model faint."""
    first = next(iter(by_name.values()))
    series = [_against(first, quantity, kind, layer, head, NULLS[null], None, null) for null in nulls(first, quantity)]
    for i, (name, findings) in enumerate(by_name.items()):
        if _has(findings, layer, head):
            series.append(_against(findings, quantity, kind, layer, head, name, i))
    axis = {"n": "constituents", "pt": "jet p<sub>T</sub> [GeV]"}[kind]
    unit = QUANTITIES[quantity].unit
    title = f"{first.titles[quantity]}, layer {layer + 1}, head {head + 1}"
    return Plot(title, axis, unit or first.titles[quantity], tuple(series))


def _against(
    findings: SparsityFindings,
    quantity: str,
    kind: str,
    layer: int,
    head: int,
    name: str,
    colour: int | None,
    null: str | None = None,
) -> Series:
    mean = of(findings, quantity, null, kind)
    numbers = findings.trained
    x = numbers.where.value[numbers.groups[kind], 0 if kind == "n" else 1]
    value, error = mean.value[:, layer, head], mean.error[:, layer, head]
    known = np.isfinite(value) & np.isfinite(x)
    spread = Z95 * np.where(np.isfinite(error), error, 0)[known]
    y = value[known]
    return Series(name, x[known], y, y - spread, y + spread, colour)


def by_class(by_name: Mapping[str, SparsityFindings], quantity: str, layer: int, head: int) -> Plot:
    """A quantity of one head in the jets of each class that there is, with 95 % intervals."""
    first = next(iter(by_name.values()))
    present = np.isfinite(of(first, quantity, group="class").value).any((1, 2))
    names = tuple(title for title, there in zip(first.classes, present, strict=True) if there)
    series = []
    for i, (name, findings) in enumerate(by_name.items()):
        if _has(findings, layer, head) and findings.classes == first.classes:
            mean = of(findings, quantity, group="class")
            value, error = mean.value[present, layer, head], mean.error[present, layer, head]
            spread = Z95 * np.where(np.isfinite(error), error, 0)
            series.append(Series(name, names, value, value - spread, value + spread, i, "bars"))
    unit = QUANTITIES[quantity].unit or first.titles[quantity]
    return Plot(f"{first.titles[quantity]}, layer {layer + 1}, head {head + 1}", unit, "", tuple(series))


def by_layer(findings: SparsityFindings, quantity: str, kind: str) -> Grid:
    """Mean over a layer's heads in the groups of jets that there are."""
    values = findings.trained.of(quantity, kind).value.mean(-1)
    there = np.isfinite(values).any(1)
    names = findings.classes if kind == "class" else _bins(getattr(findings.study, f"{kind}_edges"))
    rows = tuple(name for name, one in zip(names, there, strict=True) if one)
    layers = tuple(str(layer + 1) for layer in range(values.shape[1]))
    title = f"{findings.titles[quantity]}, mean of the heads"
    row_title = {"class": "", "n": "constituents", "pt": "jet p<sub>T</sub> [GeV]"}[kind]
    return Grid(title, QUANTITIES[quantity].unit, values[there], rows, layers, row_title, "layer")


def _bins(edges: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(f"{low:g} to {high:g}" if np.isfinite(high) else f"from {low:g}" for low, high in pairwise(edges))


def species(findings: SparsityFindings, layer: int, head: int) -> Grid:
    """Of what a species gives to other particles in a head, the share that each species gets, less shuffled keys."""
    mean, place = findings.trained.species, (KINDS.index("excess"), layer, head)
    names = tuple(f"{name}s" for name in SPECIES)
    short = SYMBOLS[: len(SPECIES)]
    title = f"Attention by species, less shuffled keys, layer {layer + 1}, head {head + 1}"
    return Grid(title, "", mean.value[place], names, short, "from", "to", mean.error[place], signed=True)


def _has(findings: SparsityFindings, layer: int, head: int) -> bool:
    layers, heads = findings.trained.of("entropy").value.shape
    return layer < layers and head < heads
