"""Charts and words for what was measured of speed."""

from collections.abc import Mapping, Sequence

import numpy as np

from part.benchmarking.profile import Part, Profile, by_module, by_operator
from part.benchmarking.roofline import WHOLE, Point
from part.benchmarking.sweep import Row, crossover, exponent
from part.figures.charts import Flame, Plot, Series

AXES = {"batch": "jets of a pass", "n": "constituents"}
SHOWN = 12  # operators or modules
LONGEST = 30  # letters of an operator's name
NAMED = 6  # points of a roofline that have their names beside them
APART = (1.6, 0.45)  # e-folds in x and y, so that names do not cover each other
RAISED = str.maketrans("-.0123456789", "⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALL = 1e-3  # of the whole: parts of a flame that nobody could see
MEASURES = {"seconds": ("Time", "ms a pass", 1e3), "memory": ("New tensors", "MB a pass", 1e-6)}

BySeries = Mapping[str, Sequence[Row]]


def _ordered(rows: Sequence[Row], axis: str) -> list[Row]:
    return sorted((row for row in rows if not row.failed), key=lambda row: getattr(row, axis))


def latency(series: BySeries, axis: str) -> Plot:
    """Median milliseconds of a pass, with its quartiles."""
    return _plot("Time of a pass", "ms", series, axis, lambda row: [1e3 * t for t in _spread(row)])


def throughput(series: BySeries, axis: str) -> Plot:
    """Jets a second, median with quartiles."""
    return _plot("Throughput", "jets a second", series, axis, lambda row: [row.batch / t for t in _spread(row)])


def memory(series: BySeries, axis: str) -> Plot:
    return _plot("Memory at its peak", "MB", series, axis, lambda row: [row.memory / 1e6] * 3)


def _spread(row: Row) -> tuple[float, float, float]:
    return row.timing.median, *row.timing.quartiles


def _plot(title: str, unit: str, series: BySeries, axis: str, numbers) -> Plot:
    curves = []
    for colour, (name, rows) in enumerate(series.items()):
        if shown := _ordered(rows, axis):
            y, a, b = np.array([numbers(row) for row in shown]).T
            x = np.array([getattr(row, axis) for row in shown])
            curves.append(Series(name, x, y, np.minimum(a, b), np.maximum(a, b), colour))
    ticks = (
        tuple(sorted({float(x) for curve in curves for x in curve.x})) if axis == "batch" or _made_up(series) else None
    )
    return Plot(title, AXES[axis], unit, tuple(curves), log_x=True, log_y=True, x_ticks=ticks)


def _made_up(series: BySeries) -> bool:
    return not any(row.as_they_are for rows in series.values() for row in rows)


def passes(series: BySeries, batch: int) -> Plot:
    """Every pass of a batch size in its order: dashed those that warm up."""
    curves = []
    for colour, (name, rows) in enumerate(series.items()):
        for row in [row for row in rows if row.batch == batch and not row.failed][:1]:
            warm, counted = (1e3 * np.array(values) for values in (row.warmup, row.seconds))
            x = np.arange(1, len(warm) + len(counted) + 1)
            warming = np.append(warm, counted[:1])
            curves.append(Series("", x[: len(warming)], warming, colour=colour, dashed=True))
            curves.append(Series(name, x[len(warm) :], counted, colour=colour))
    title = f"Every pass of {batch} jet{'s' if batch > 1 else ''}"
    return Plot(title, "pass", "ms", tuple(curves), log_y=True)


def growth_words(series: BySeries, axis: str) -> list[str]:
    """The fitted exponents, and from where on which model is faster than the first."""
    symbol, words, known = {"batch": "B", "n": "N"}[axis], [], {}
    for name, rows in series.items():
        shown = _ordered(rows, axis)
        x, y = (np.array([f(row) for row in shown]) for f in (lambda r: getattr(r, axis), lambda r: r.timing.median))
        known[name] = dict(zip(x.tolist(), y.tolist(), strict=True))
        if fit := exponent(x, y):
            words.append(f"{name}: time ∝ {symbol}{f'{fit[0]:.2f}'.translate(RAISED)} over the upper {fit[1]} points.")
    first, *others = known
    for other in others:
        common = np.array(sorted(known[first].keys() & known[other].keys()))
        if len(common) > 1:
            one, two = (np.array([known[name][x] for x in common.tolist()]) for name in (first, other))
            words.append(_lead(first, other, symbol, common, one, two))
    return words


def _lead(first: str, other: str, symbol: str, x: np.ndarray, one: np.ndarray, two: np.ndarray) -> str:
    if (at := crossover(x, one, two)) is not None:
        return f"{other} is faster than {first} from {symbol} ≈ {at:.0f} on, {one[-1] / two[-1]:.2g} times at the last."
    if two[-1] < one[-1]:
        return f"{other} is faster than {first} throughout, {one[-1] / two[-1]:.2g} times at the last."
    return f"{other} is nowhere faster than {first} from some {symbol} on."


def operators(profiles: Sequence[Profile], measure: str) -> Plot:
    """What operators take in all modules together."""
    return _bars(
        "by operator", profiles, measure, {p.model: by_operator(p) for p in profiles}, lambda p: _cut(p.operator)
    )


def modules(profiles: Sequence[Profile], measure: str) -> Plot:
    """What modules take, without the modules below them; equal modules of all blocks together."""
    found = {p.model: by_module(p) for p in profiles}
    return _bars("by module", profiles, measure, found, lambda p: p.module or "the rest")


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _bars(what: str, profiles: Sequence[Profile], measure: str, found: Mapping[str, Sequence[Part]], name_of) -> Plot:
    title, unit, factor = MEASURES[measure]
    values = {model: {name_of(p): factor * getattr(p, measure) for p in parts} for model, parts in found.items()}
    largest = {name: max(v.get(name, 0) for v in values.values()) for v in values.values() for name in v}
    names = tuple(sorted(largest, key=lambda name: -largest[name])[:SHOWN])
    series = tuple(
        Series(profile.model, names, np.array([values[profile.model].get(name, 0.0) for name in names]), colour=i,
               style="bars")
        for i, profile in enumerate(profiles)
    )  # fmt: skip
    return Plot(f"{title} {what}", unit, "", series)


def flame(profile: Profile, measure: str = "seconds") -> Flame:
    """Modules above what they are made of, down to operators, as wide as what they take."""
    title, unit, factor = MEASURES[measure]
    leaves = {}
    for part in profile.parts:
        path = (*(part.module.split(".") if part.module else ()), part.operator)
        leaves[path] = leaves.get(path, 0.0) + factor * getattr(part, measure)
    seen = {path: value for path, value in leaves.items() if value > SMALL * sum(leaves.values())}
    coloured = tuple(dict.fromkeys(part.module.split(".")[0] for part in profile.parts if part.module))
    return Flame(f"{title}, {profile.model}", unit, profile.model, seen, coloured)


def roofline(points: Sequence[Point]) -> Plot:
    """What this machine can do at most against operations a byte, and where the modules of models are.

    One model has its modules, several have themselves as a whole.
    """
    models = list(dict.fromkeys(point.model for point in points))
    series = [*_roofs(points)]
    for colour, model in enumerate(models):
        own = [point for point in points if point.model == model and (len(models) == 1 or point.module == WHOLE)]
        x, y = (np.array([getattr(point, name) for point in own]) for name in ("intensity", "speed"))
        labels = tuple(point.module if len(models) == 1 else model for point in own)
        beside = _beside(x, y, labels)
        series.append(Series(model, x, y / 1e9, colour=colour, style="points", labels=labels, beside=beside))
    peak = max(point.peak_flops for point in points) / 1e9
    title = f"Roofline of {models[0]}" if len(models) == 1 else "Roofline"
    return Plot(
        f"{title}, peak {peak:.0f} GFLOP/s", "operations a byte", "GFLOP/s", tuple(series), log_x=True, log_y=True
    )


def _beside(x: np.ndarray, y: np.ndarray, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The first NAMED labels that do not lie upon each other."""
    places, texts, taken = np.log(np.stack((x, y))).T, [], []
    for place, label in zip(places, labels, strict=True):
        free = len(taken) < NAMED and not any((np.abs(place - other) < APART).all() for other in taken)
        texts.append(label if free else "")
        taken += [place] if free else []
    return tuple(texts)


def _roofs(points: Sequence[Point]) -> list[Series]:
    """From memory and, dashed, from the cache; for each peak of arithmetic."""
    low, high = min(p.intensity for p in points) / 2, max(p.intensity for p in points) * 2
    roofs = []
    for peak in dict.fromkeys(point.peak_flops for point in points):
        point = next(p for p in points if p.peak_flops == peak)
        for bandwidth, dashed in ((point.bandwidth, False), (point.cached, True)):
            x = np.geomspace(low, max(high, 2 * peak / bandwidth), 100)
            y = np.minimum(peak, x * bandwidth) / 1e9
            name = f"{'cache' if dashed else 'memory'}, {bandwidth / 1e9:.0f} GB/s"
            roofs.append(Series(name, x, y, colour=None, dashed=dashed))
    return roofs
