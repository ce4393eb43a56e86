"""Charts of the study `truth`: importance on the prongs of jets, beside what is expected of shuffled prongs."""

from dataclasses import replace

import numpy as np

from part.analysis.statistics.running_mean import Z95, Mean
from part.analysis.truth.overlap import GROUPS
from part.analysis.truth.results import TruthResult
from part.analysis.truth.single_jet import JetProngs
from part.figures.charts import Chart, HeadMap, Plot, Series
from part.figures.sentences.curves import trend
from part.figures.sentences.numbers import short
from part.figures.sentences.places import farthest, head_names

MEASURES = {"excess": "share minus that of shuffled prongs", "auc": "AUC", "overlap": "IoU"}
Head = tuple[int, int]  # layer and head, from 0


def charts(result: TruthResult) -> dict[str, Chart]:
    """Return all charts: maps of heads, and shares, AUC and IoU of all methods, for each group of particles."""
    all_charts: dict[str, Chart] = {}
    for g in present_groups(result):
        name = GROUPS[g].replace(" ", "_")
        if has_kind(result, "head"):
            all_charts |= {f"{name}_{measure}": head_map(result, g, measure) for measure in ("excess", "auc")}
        if has_kind(result, "class head"):
            all_charts[f"{name}_excess_class"] = head_map(result, g, "excess", "class head")
        all_charts |= {f"{name}_shares": shares(result, g), f"{name}_overlaps": overlaps(result, g)}
        all_charts[f"{name}_by_pt"] = by_pt(result, g)
    return all_charts


def present_groups(result: TruthResult) -> tuple[int, ...]:
    """Return the places in GROUPS of those that some jet has."""
    return tuple(g for g in range(len(GROUPS)) if result.means["share"].jets[0, :, g].any())


def has_kind(result: TruthResult, kind: str) -> bool:
    return any(source.kind == kind for source in result.sources)


def head_map(result: TruthResult, group: int, measure: str, kind: str = "head") -> HeadMap:
    """Return a measure of MEASURES for each head, or each head of the class token."""
    return replace(_head_map(result, group, measure, kind), of_class_token=kind == "class head")


def _head_map(result: TruthResult, group: int, measure: str, kind: str) -> HeadMap:
    rows = [r for r, source in enumerate(result.sources) if source.kind == kind]
    layers = 1 + max(result.sources[r].layer or 0 for r in rows)
    mean = result.means[measure]
    values, error = (array[0, rows, group].reshape(layers, -1) for array in (mean.value, mean.error))
    attention = "Attention received" if kind == "head" else "Attention of the class token"
    title, about = f"{attention}, {GROUPS[group]}: {MEASURES[measure]}", f"prong_{measure}"
    names, half = head_names(values.shape), Z95 * error
    if measure == "excess":
        text = farthest(values, half, names, "Farthest from shuffled prongs")
        return HeadMap(title, "share of attention", values, error, signed=True, sentence=text, about=about)
    # An AUC of 1/2 is chance, the middle of a scale of two colours.
    if measure == "auc":
        text, limits = farthest(values - 0.5, half, names, "Farthest from chance"), (-0.5, 0.5)
        unit = "AUC minus ½"
        return HeadMap(title, unit, values - 0.5, error, signed=True, limits=limits, sentence=text, about=about)
    return HeadMap(title, "IoU", values, error, limits=(0.0, 1.0), about=about)


def shares(result: TruthResult, group: int, chosen: Head | None = None) -> Plot:
    """Return the share of a group of particles by each method and means of heads, beside that of shuffled prongs.

    chosen: the layer and the head that are shown, too.
    """
    rows, mean, (low, high) = _compared(result, chosen), result.means["share"], result.shuffled_interval
    names = tuple(str(result.sources[r]) for r in rows)
    shuffled = np.full(len(rows), result.means["shuffled"].value[0, group])
    series = (
        _bars("share", names, mean, (0, rows, group), 0),
        Series("shuffled prongs", names, shuffled, low[0, rows, group], high[0, rows, group], None, "bars"),
    )
    excess = result.means["excess"]
    values, half = excess.value[0, rows, group], Z95 * excess.error[0, rows, group]
    sentence = farthest(values, half, names, "Farthest from shuffled prongs", "bars", unit="of the share")
    return Plot(f"Share of importance, {GROUPS[group]}", "share", "", series, sentence=sentence, about="prong_excess")


def overlaps(result: TruthResult, group: int, chosen: Head | None = None) -> Plot:
    """Return AUC and IoU with a group of particles as `shares` does its shares; the IoU of a random choice is faint."""
    rows = _compared(result, chosen)
    names = tuple(str(result.sources[r]) for r in rows)
    random = np.full(len(rows), result.means["random_overlap"].value[0, group])
    series = (
        _bars("AUC", names, result.means["auc"], (0, rows, group), 0),
        _bars("IoU", names, result.means["overlap"], (0, rows, group), 1),
        Series("IoU by chance", names, random, colour=None, style="bars"),
    )
    auc = result.means["auc"]
    values, half = auc.value[0, rows, group], Z95 * auc.error[0, rows, group]
    sentence = farthest(values, half, [f"the AUC of {name}" for name in names], "Farthest from chance", "AUCs", 0.5)
    title = f"Overlap of importance, {GROUPS[group]}"
    return Plot(title, "AUC, IoU", "", series, x_range=(0, 1), sentence=sentence, about="prong_overlap")


def by_pt(result: TruthResult, group: int, chosen: Head | None = None) -> Plot:
    """Return the share against jet pT, of a head or without one of all methods; faint for shuffled prongs."""
    mean, (low, high) = result.means["share"], result.shuffled_interval
    rows = [r for r, s in enumerate(result.sources) if s.kind == "head" and (s.layer, s.head) == chosen]
    rows = rows or _compared(result, None)
    x, null = result.means["pt"].value[1:], result.means["shuffled"].value[1:, group]
    ends = (low[1:, rows[0], group], high[1:, rows[0], group]) if len(rows) == 1 else (null, null)
    series = [_curve("shuffled prongs", x, null, *ends, None)]
    for colour, r in enumerate(rows):
        value, spread = mean.value[1:, r, group], Z95 * np.nan_to_num(mean.error[1:, r, group])
        series.append(_curve(str(result.sources[r]), x, value, value - spread, value + spread, colour))
    title, axis = f"Share of importance, {GROUPS[group]}", "jet pT [GeV]"
    sentence = trend(series[1:], axis)
    return Plot(title, axis, "share", tuple(series), sentence=sentence, about="prong_by_pt")


def jet_shares(result: JetProngs) -> Plot:
    """Return the shares of the groups of particles of one jet as bars, with 95 % of the shuffles."""
    series = []
    for colour, (name, values) in enumerate(result.shares.items()):
        series.append(Series(name, result.groups, values, colour=colour, style="bars"))
        low, high = result.shuffled_intervals[name]
        series.append(Series("shuffled", result.groups, result.expected, low, high, None, "bars"))
    return Plot("Share of each prong", "share", "", tuple(series), sentence=_jet_sentence(result), about="jet_prongs")


def _jet_sentence(result: JetProngs) -> str:
    """Return which share of a prong is farthest from its 95 % of shuffles, if it lies outside of them."""
    outside = []
    for name, values in result.shares.items():
        low, high = result.shuffled_intervals[name]
        for g, group in enumerate(result.groups):
            if values[g] < low[g] or values[g] > high[g]:
                ends = f"95 % of shuffles have {short(low[g])} to {short(high[g])}"
                outside.append((abs(values[g] - result.expected[g]), f"{group}: {short(values[g])} of {name}; {ends}"))
    return f"Farthest from chance is {max(outside)[1]}." if outside else ""


def _compared(result: TruthResult, chosen: Head | None) -> list[int]:
    """Return the rows of the chosen head, of the means of heads, of the methods and of pT."""
    head = [r for r, s in enumerate(result.sources) if s.kind == "head" and (s.layer, s.head) == chosen]
    return head + [r for r, source in enumerate(result.sources) if source.kind in ("mean", "method", "pt")]


def _bars(name: str, names: tuple[str, ...], mean: Mean, index: tuple, colour: int) -> Series:
    value, spread = mean.value[index], Z95 * np.nan_to_num(mean.error[index])
    return Series(name, names, value, value - spread, value + spread, colour, "bars")


def _curve(name: str, x: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray, colour: int | None) -> Series:
    known = np.isfinite(x) & np.isfinite(y)
    low, high = (np.clip(end[known], 0, 1) for end in (low, high))  # a normal distribution knows no bounds
    return Series(name, x[known], y[known], low, high, colour)
