"""What charts of measurements of speed show. Times are of single passes, whose ranks are compared."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np

from part.benchmarking.measurement import SpeedMeasurement
from part.benchmarking.roofline import RooflinePoint
from part.figures.charts import Series
from part.figures.sentences.numbers import short
from part.figures.sentences.significance import LEVEL

COSTS = {"seconds": "time", "memory": "new tensors"}


def sweep(
    unit: str, curves: Sequence[Series], series: Mapping[str, Sequence[SpeedMeasurement]], axis: str, axis_title: str
) -> str:
    """Return what the chart of a sweep shows, by its unit; the other parameters are those of the functions below."""
    if unit == "MB":
        return memory(curves, axis_title)
    return fastest(series, axis, axis_title) if unit == "ms" else throughput(curves, axis_title)


def fastest(series: Mapping[str, Sequence[SpeedMeasurement]], axis: str, axis_title: str) -> str:
    """Return which model is the fastest at the largest size that has enough passes to tell.

    Parameters
    ----------
    series : mapping of str to sequence of SpeedMeasurement
        The measurements by model.
    axis, axis_title : str
        "batch" or "n", and its name in the sentence.
    """
    passes = {
        name: {getattr(row, axis): row.seconds for row in rows if not row.failed} for name, rows in series.items()
    }
    passes = {name: by_size for name, by_size in passes.items() if by_size}
    common = set.intersection(*(set(by_size) for by_size in passes.values())) if len(passes) > 1 else set()
    for size in sorted(common, reverse=True):
        times = {name: np.array(by_size[size]) for name, by_size in passes.items()}
        first, *others = sorted(times, key=lambda name: float(np.median(times[name])))
        comparisons = len(others) * len(common)
        slower = [name for name in others if p_of_ranks(times[first], times[name]) * comparisons < LEVEL]
        if slower:
            factors = [np.median(times[name]) / np.median(times[first]) for name in slower]
            texts = [f"{name} {factor:.2g}" for name, factor in zip(slower, factors, strict=True)]
            texts[0] = f"{slower[0]} takes {factors[0]:.2g} times as long"
            return f"At {short(size)} {axis_title}, {first} is the fastest; {', '.join(texts)}."
    return ""


def p_of_ranks(first: np.ndarray, second: np.ndarray) -> float:
    """Return the p-value of the rank sum test (Mann and Whitney, 1947) for two sets of times, by its normal limit."""
    n, m = len(first), len(second)
    larger = (second[:, None] > first).sum() + (second[:, None] == first).sum() / 2
    deviation = abs(larger - n * m / 2) - 0.5  # corrected for continuity
    spread = np.sqrt(n * m * (n + m + 1) / 12)
    return min(1.0, 2 * (1 - NormalDist().cdf(deviation / spread)))


def throughput(curves: Sequence[Series], axis_title: str) -> str:
    """Return how many jets a second each model reaches at most, with the spread of its passes."""
    found = []
    for one in curves:
        at = int(np.nanargmax(one.y))
        spread = "" if one.low is None or one.high is None else f" [{short(one.low[at])}, {short(one.high[at])}]"
        found.append(f"{one.name} {short(one.y[at])}{spread} at {short(float(one.x[at]))}")
    return f"Most jets a second: {', '.join(found)} {axis_title}." if found else ""


def memory(curves: Sequence[Series], axis_title: str) -> str:
    """Return which model needs the most and the least memory at the largest size that all were measured at."""
    common = set.intersection(*(set(map(float, one.x)) for one in curves)) if len(curves) > 1 else set()
    if not common:
        return ""
    size = max(common)
    needed = {one.name: float(one.y[list(map(float, one.x)).index(size)]) for one in curves}
    most, least = max(needed, key=needed.__getitem__), min(needed, key=needed.__getitem__)
    if needed[most] == needed[least]:
        return ""
    texts = [f"{name} {verb} ({short(needed[name])} MB)" for name, verb in ((most, "needs most"), (least, "least"))]
    return f"At {short(size)} {axis_title}, {', '.join(texts)}."


def warm_up(series: Mapping[str, Sequence[SpeedMeasurement]], batch: int) -> str:
    """Return whose first pass is longest beside the passes that count, if it is longer than all of these."""
    factors = {
        name: row.warmup[0] / row.timing.median
        for name, rows in series.items()
        for row in [row for row in rows if row.batch == batch and not row.failed and row.warmup][:1]
        if row.warmup[0] > max(row.seconds)
    }
    if not factors:
        return ""
    name = max(factors, key=factors.__getitem__)
    return f"The first pass of {name} takes {factors[name]:.2g} times as long as the median of those that count."


def bounds(models: Sequence[RooflinePoint]) -> str:
    """Return what bounds each model as a whole."""
    return " ".join(f"{point.model} is {point.describe()}." for point in models)


def largest_share(values: Mapping[str, Mapping[str, float]], measure: str) -> str:
    """Return for each model which operator or module has the largest share of its time or memory."""
    found = []
    for model, costs in values.items():
        if (total := sum(costs.values())) > 0:
            name = max(costs, key=costs.__getitem__)
            found.append(f"{name} ({100 * costs[name] / total:.0f} % of {model})")
    return f"Largest share of {COSTS[measure]}: {', '.join(found)}." if found else ""


def largest_module(model: str, leaves: Mapping[tuple[str, ...], float], measure: str) -> str:
    """Return which top-level module of a model has the largest share of its time or memory."""
    sums: dict[str, float] = {}
    for path, value in leaves.items():
        sums[path[0]] = sums.get(path[0], 0.0) + value
    return largest_share({model: sums}, measure)
