"""Charts and sentences for measurements of speed."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from part.benchmarking.measurement import SpeedMeasurement
from part.benchmarking.profile import Profile, ProfileEntry, by_module, by_operator
from part.benchmarking.roofline import WHOLE_MODEL, RooflinePoint
from part.benchmarking.scaling import crossover, power_law_exponent
from part.benchmarking.timing import Timing
from part.figures.cell_texts import with_unit
from part.figures.charts import Plot, Series
from part.figures.flame import Flame
from part.figures.sentences import speed as sentences
from part.text import with_spread

AXES = {"batch": "jets of a pass", "n": "constituents"}
MAX_BARS = 12  # operators or modules
MAX_NAME = 30  # characters of an operator's name
MAX_LABELS = 6  # points of a roofline with a label beside them
LABEL_DISTANCE = (1.6, 0.45)  # e-folds in x and y within which labels would overlap
MIN_SHARE = 1e-3  # nodes of a flame chart below this share of the whole would not be visible
ABOUT = {"ms": "latency", "jets a second": "throughput", "MB": "memory"}  # by unit
MEASURES = {"seconds": ("Time", "ms a pass", 1e3), "memory": ("New tensors", "MB a pass", 1e-6)}

BySeries = Mapping[str, Sequence[SpeedMeasurement]]


def _ordered(rows: Sequence[SpeedMeasurement], axis: str) -> list[SpeedMeasurement]:
    return sorted((row for row in rows if not row.failed), key=lambda row: getattr(row, axis))


def latency(series: BySeries, axis: str) -> Plot:
    """Plot the median time of a pass with its spread of 68 % against the batch size or the number of constituents.

    Parameters
    ----------
    series : mapping of str to sequence of SpeedMeasurement
        The measurements by the name of their curve.
    axis : str
        "batch" or "n".
    """
    return _plot("Time of a pass", "ms", series, axis, lambda row: [1e3 * t for t in _spread(row)])


def throughput(series: BySeries, axis: str) -> Plot:
    """Plot the jets per second, as `latency` does."""
    return _plot("Throughput", "jets a second", series, axis, lambda row: [row.batch / t for t in _spread(row)])


def memory(series: BySeries, axis: str) -> Plot:
    """Plot the peak of memory, as `latency` does."""
    return _plot("Memory at its peak", "MB", series, axis, lambda row: [row.memory / 1e6] * 3)


def _spread(row: SpeedMeasurement) -> tuple[float, float, float]:
    return row.timing.median, *row.timing.spread


def _plot(
    title: str, unit: str, series: BySeries, axis: str, numbers: Callable[[SpeedMeasurement], Sequence[float]]
) -> Plot:
    curves = []
    for colour, (name, rows) in enumerate(series.items()):
        if shown := _ordered(rows, axis):
            y, a, b = np.array([numbers(row) for row in shown]).T
            x = np.array([getattr(row, axis) for row in shown])
            curves.append(Series(name, x, y, np.minimum(a, b), np.maximum(a, b), colour))
    # Batch sizes and the lengths of random jets are chosen; the mean length of a file's jets makes no good tick.
    is_chosen = axis == "batch" or not any(row.from_file for rows in series.values() for row in rows)
    ticks = tuple(sorted({float(x) for curve in curves for x in curve.x})) if is_chosen else None
    titles, about = (title, AXES[axis], with_unit(ABOUT[unit], unit)), ABOUT[unit]
    text = sentences.sweep(unit, curves, series, axis, AXES[axis])
    return Plot(*titles, tuple(curves), log_x=True, log_y=True, x_ticks=ticks, sentence=text, about=about)


def passes(series: BySeries, batch: int) -> Plot:
    """Plot the time of every pass of a batch size in its order, those that warm up dashed."""
    curves = []
    for colour, (name, rows) in enumerate(series.items()):
        for row in [row for row in rows if row.batch == batch and not row.failed][:1]:
            warm, counted = (1e3 * np.array(values) for values in (row.warmup, row.seconds))
            x = np.arange(1, len(warm) + len(counted) + 1)
            warming = np.append(warm, counted[:1])
            warm_up = f"{name}, warm-up"
            curves.append(Series(warm_up, x[: len(warming)], warming, colour=colour, dashed=True, in_legend=False))
            curves.append(Series(name, x[len(warm) :], counted, colour=colour))
    title = f"Every pass of {batch} jet{'s' if batch > 1 else ''}"
    text = sentences.warm_up(series, batch)
    return Plot(title, "pass", "latency [ms]", tuple(curves), log_y=True, sentence=text, about="passes")


def describe_growth(series: BySeries, axis: str) -> list[str]:
    """Describe how time grows.

    Parameters
    ----------
    series, axis
        See `latency`.

    Returns
    -------
    list of str
        Sentences: the exponent of each curve with its interval, and from where on another model is faster than the
        first.
    """
    symbol = {"batch": "B", "n": "N"}[axis]
    sentences: list[str] = []
    timings: dict[str, dict[float, Timing]] = {}
    for name, rows in series.items():
        shown = _ordered(rows, axis)
        x, y = (np.array([f(row) for row in shown]) for f in (lambda r: getattr(r, axis), lambda r: r.timing.median))
        timings[name] = dict(zip(x.tolist(), (row.timing for row in shown), strict=True))
        if fit := power_law_exponent(x, y):
            sentences.append(f"{name}: time ∝ {symbol}^{fit} at 95 %, over the upper {fit.points} points.")
    first, *others = timings
    for other in others:
        common = np.array(sorted(timings[first].keys() & timings[other].keys()))
        if len(common) > 1:
            both = [[timings[name][x] for x in common.tolist()] for name in (first, other)]
            sentences.append(_compare_growth(first, other, symbol, common, *both))
    return sentences


def _compare_growth(
    first: str, other: str, symbol: str, x: np.ndarray, one: Sequence[Timing], two: Sequence[Timing]
) -> str:
    crossing = crossover(x, *(np.array([timing.median for timing in timings]) for timings in (one, two)))
    ratio, low, high = two[-1].ratio(one[-1])
    at_last = f"{with_spread(ratio, (low, high))} times at the last{'' if low <= high else ', in too few passes'}"
    if low <= 1 <= high:
        return f"{other} is not clearly faster than {first} at {symbol} = {x[-1]:g}."
    if ratio <= 1:
        return f"{other} is nowhere faster than {first} from some {symbol} on."
    start = "throughout" if crossing is None else f"from between {symbol} = {crossing[0]:g} and {crossing[1]:g} on"
    return f"{other} is faster than {first} {start}, {at_last}."


def operators(profiles: Sequence[Profile], measure: str) -> Plot:
    """Plot time or memory by operator, summed over modules.

    Parameters
    ----------
    profiles : sequence of Profile
        A profile per model.
    measure : str
        A key of `MEASURES`.

    Returns
    -------
    Plot
    """
    entries = {profile.model: by_operator(profile) for profile in profiles}
    return _bars("by operator", profiles, measure, entries, lambda entry: _shorten(entry.operator))


def modules(profiles: Sequence[Profile], measure: str) -> Plot:
    """Plot time or memory by module without the modules below it, the same module of all blocks together."""
    entries = {profile.model: by_module(profile) for profile in profiles}
    return _bars("by module", profiles, measure, entries, lambda entry: entry.module or "the rest")


def _shorten(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"


def _bars(
    suffix: str,
    profiles: Sequence[Profile],
    measure: str,
    entries: Mapping[str, Sequence[ProfileEntry]],
    name_of: Callable[[ProfileEntry], str],
) -> Plot:
    title, unit, factor = MEASURES[measure]
    values = {model: {name_of(e): factor * getattr(e, measure) for e in group} for model, group in entries.items()}
    largest = {name: max(v.get(name, 0) for v in values.values()) for v in values.values() for name in v}
    names = tuple(sorted(largest, key=lambda name: -largest[name])[:MAX_BARS])
    series = tuple(
        Series(p.model, names, np.array([values[p.model].get(name, 0.0) for name in names]), colour=i, style="bars")
        for i, p in enumerate(profiles)
    )
    text = sentences.largest_share(values, measure)
    return Plot(f"{title} {suffix}", with_unit(title.lower(), unit), "", series, sentence=text, about="operators")


def flame(profile: Profile, measure: str = "seconds") -> Flame:
    """Chart the modules with those that they consist of, down to operators; the width is time or memory."""
    title, unit, factor = MEASURES[measure]
    leaves: dict[tuple[str, ...], float] = {}
    for entry in profile.entries:
        path = (*(entry.module.split(".") if entry.module else ()), entry.operator)
        leaves[path] = leaves.get(path, 0.0) + factor * getattr(entry, measure)
    visible = {path: value for path, value in leaves.items() if value > MIN_SHARE * sum(leaves.values())}
    coloured = tuple(dict.fromkeys(entry.module.split(".")[0] for entry in profile.entries if entry.module))
    text = sentences.largest_module(profile.model, leaves, measure)
    return Flame(f"{title}, {profile.model}", unit, profile.model, visible, coloured, text, "flame")


def roofline(points: Sequence[RooflinePoint]) -> Plot:
    """Plot the limits of the machine against operations per byte, and the models below them.

    Parameters
    ----------
    points : sequence of RooflinePoint
        All modules are drawn for one model, only the whole models for several.

    Returns
    -------
    Plot
    """
    models = list(dict.fromkeys(point.model for point in points))
    series = [*_roofs(points)]
    for colour, model in enumerate(models):
        own = [point for point in points if point.model == model and (len(models) == 1 or point.module == WHOLE_MODEL)]
        x, y = (np.array([getattr(point, name) for point in own]) for name in ("intensity", "speed"))
        labels = tuple(point.module if len(models) == 1 else model for point in own)
        printed = _printed_labels(x, y, labels)
        series.append(Series(model, x, y / 1e9, colour=colour, style="points", labels=labels, printed_labels=printed))
    peak = max(point.peak_flops for point in points) / 1e9
    title = f"Roofline of {models[0]}" if len(models) == 1 else "Roofline"
    text = sentences.bounds([point for point in points if point.module == WHOLE_MODEL])
    titles = f"{title}, peak {peak:.0f} GFLOP/s", "operations a byte", "GFLOP/s"
    return Plot(*titles, tuple(series), log_x=True, log_y=True, sentence=text, about="roofline")


def _printed_labels(x: np.ndarray, y: np.ndarray, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the first MAX_LABELS labels that do not overlap."""
    texts: list[str] = []
    occupied: list[np.ndarray] = []
    for position, label in zip(np.log(np.stack((x, y))).T, labels, strict=True):
        overlaps = any((np.abs(position - other) < LABEL_DISTANCE).all() for other in occupied)
        is_free = len(occupied) < MAX_LABELS and not overlaps
        texts.append(label if is_free else "")
        occupied += [position] if is_free else []
    return tuple(texts)


def _roofs(points: Sequence[RooflinePoint]) -> list[Series]:
    """Return the limits set by memory and, dashed, by the cache, for each peak of arithmetic."""
    low, high = min(p.intensity for p in points) / 2, max(p.intensity for p in points) * 2
    roofs = []
    for peak in dict.fromkeys(point.peak_flops for point in points):
        point = next(p for p in points if p.peak_flops == peak)
        for bandwidth, dashed in ((point.bandwidth, False), (point.cache_bandwidth, True)):
            x = np.geomspace(low, max(high, 2 * peak / bandwidth), 100)
            y = np.minimum(peak, x * bandwidth) / 1e9
            name = f"{'cache' if dashed else 'memory'}, {bandwidth / 1e9:.0f} GB/s"
            roofs.append(Series(name, x, y, colour=None, dashed=dashed))
    return roofs
