"""Charts of the studies `circuit` and `edge_circuit`: how good sets are against their size, and what is in them."""

import numpy as np

from part.analysis.circuits.search.result import CircuitResult, Curve
from part.figures.charts import Chart, Plot, Series
from part.figures.sentences.numbers import number, short
from part.figures.studies.circuit_members import (
    BARS,
    SHARE,
    class_head_map,
    counted,
    edge_grid,
    has_class_heads,
    head_map,
    is_of_heads,
    members,
    noun,
)

__all__ = [
    "BARS",
    "auc",
    "charts",
    "class_head_map",
    "edge_grid",
    "has_class_heads",
    "head_map",
    "is_of_heads",
    "kept",
    "lost",
    "members",
    "removed",
    "shown_size",
    "stability",
]

ENOUGH = 0.9  # faithfulness of the set that is shown first
RANDOM_COLOUR, LEAST_COLOUR = 1, 3


def charts(result: CircuitResult) -> dict[str, Chart]:
    """Return the curves against size, then the maps and bars of the set that is shown first."""
    size = shown_size(result)
    drawn: dict[str, Chart] = {"kept": kept(result, size), "removed": removed(result, size), "lost": lost(result, size)}
    drawn["auc"] = auc(result, size)
    drawn |= {"heads": head_map(result, size)} if is_of_heads(result) else {"edges": edge_grid(result, size)}
    if has_class_heads(result):
        drawn["class_heads"] = class_head_map(result, size)
    return drawn | {"members": members(result, size), "stability": stability(result, size)}


def shown_size(result: CircuitResult) -> int:
    """Return the smallest size at which the set keeps enough, or the largest where none does."""
    enough = np.flatnonzero(result.kept.value[0] >= ENOUGH)
    return result.sizes[enough[0]] if len(enough) else result.largest


def kept(result: CircuitResult, size: int) -> Plot:
    """Return faithfulness with the set alone, beside random sets."""
    first, second = result.searched.classes
    title = f"The set alone keeps: {first} against {second}"
    series = _curves(result, result.kept, result.random_kept, size)
    return _against_size(result, title, SHARE, series, _kept_sentence(result, size), "circuit_kept")


def removed(result: CircuitResult, size: int) -> Plot:
    """Return faithfulness with all members but the set, beside random sets."""
    series = _curves(result, result.removed, result.random_removed, size)
    value, half = _at(result, result.removed, size)
    random = result.random_removed[:, _column(result, size)]
    named = counted(result, size)
    sentence = f"Without {named}, {number(value, half)} is left, without random ones {_range(random)}."
    return _against_size(result, f"All {noun(result)}s but the set keep", SHARE, series, sentence, "circuit_removed")


def lost(result: CircuitResult, size: int) -> Plot:
    """Return what the set loses without one of its members: on average, and the one that is missed least."""
    x = np.array(result.sizes, float)
    least = result.least_lost
    series = (
        *_curves(result, result.mean_lost, result.random_lost, size, "mean over the set"),
        Series("missed least", x, least.value[0], least.low[0], least.high[0], LEAST_COLOUR),
    )
    mean, half = _at(result, result.mean_lost, size)
    low = result.lost.low[0, result.place(size), : len(result.places_left_out(size))]
    unsure = int((low <= 0).sum())
    those = "" if len(low) == size else f" of {len(low)} that were tried"
    needed = (
        f"{unsure}{those} can be left out without a loss that is sure" if unsure else f"none{those} can be left out"
    )
    sentence = f"One of {counted(result, size)} is worth {number(mean, half)} on average; {needed}." if size > 1 else ""
    title = f"Minimality: loss without one {noun(result)}"
    return _against_size(result, title, SHARE, series, sentence, "circuit_lost")


def auc(result: CircuitResult, size: int) -> Plot:
    """Return the AUC with the set alone, beside random sets and the whole model."""
    series = _curves(result, result.auc, result.random_auc, size)
    whole = float(result.whole_auc.value[0, 0])
    sizes = np.array([float(result.sizes[0]), result.largest])
    series = (*series, Series("whole model", sizes, np.array([whole, whole]), colour=None, dashed=True))
    value, half = _at(result, result.auc, size)
    sentence = f"With {counted(result, size)} the AUC is {number(value, half)}, that of the whole model {short(whole)}."
    return _against_size(result, "AUC with the set alone", "AUC", series, sentence, "circuit_auc")


def stability(result: CircuitResult, size: int) -> Plot:
    """Return the overlap of the sets of different samples of jets, beside that of random sets."""
    sizes = result.sizes
    overlap = np.array([result.overlap(s) for s in sizes])
    chance = np.array([result.overlap_by_chance(s) for s in sizes])
    x = np.array(sizes, float)
    series = (
        Series("sets of different jets", x, overlap),
        Series(
            "random sets: mean, up to the largest 5 %", x, chance[:, 0], np.zeros(len(x)), chance[:, 1], RANDOM_COLOUR
        ),
    )
    verdict, i = "stable" if result.is_stable(size) else "not stable", result.place(size)
    text = f"Sets of {counted(result, size)} from {len(result.jets)} samples share {overlap[i]:.2f} of their"
    sentence = f"{text} {noun(result)}s ({chance[i, 0]:.2f} by chance): {verdict}."
    title = "Do other jets give the same set?"
    return _against_size(result, title, "overlap", series, sentence, "circuit_stability", y_range=(0, 1.03))


def _against_size(
    result: CircuitResult,
    title: str,
    y_title: str,
    series: tuple[Series, ...],
    sentence: str,
    about: str,
    y_range: tuple[float, float] | None = None,
) -> Plot:
    many = result.sizes != tuple(range(1, result.largest + 1))
    ticks = tuple(map(float, result.sizes)) if result.largest <= 16 else tuple(range(4, result.largest + 1, 4))
    if many:  # on a logarithmic axis
        ticks = tuple(float(size) for size in result.sizes if (size // result.sizes[0]) in (1, 4, 16, 64, 256))
    return Plot(
        title,
        f"{noun(result)}s in the set",
        y_title,
        series,
        log_x=many,
        y_range=y_range,
        x_ticks=ticks,
        sentence=sentence,
        about=about,
    )


def _curves(
    result: CircuitResult, curve: Curve, random: np.ndarray, size: int, name: str = "the set"
) -> tuple[Series, ...]:
    """Return the curve of the first sample with its interval, those of the others, random sets and the chosen size."""
    x, i = np.array(result.sizes, float), result.place(size)
    low, high = np.quantile(random, (0.025, 0.975), axis=0)
    sizes = np.array(result.searched.sizes, float)
    others = [Series("found on other jets", x, y, dashed=True, in_legend=i == 0) for i, y in enumerate(curve.value[1:])]
    return (
        Series("random sets", sizes, random.mean(0), low, high, RANDOM_COLOUR),
        *others,
        Series(name, x, curve.value[0], curve.low[0], curve.high[0]),
        Series("shown", x[i : i + 1], curve.value[0, i : i + 1], colour=2, style="points"),
    )


def _kept_sentence(result: CircuitResult, size: int) -> str:
    value, half = _at(result, result.kept, size)
    random = result.random_kept[:, _column(result, size)]
    verb = "keeps" if size == 1 else "keep"
    return (
        f"Of {result.searched.n_members} {noun(result)}s, {size} {verb} {number(value, half)} of the difference of "
        f"logits, random ones {_range(random)} (p = {result.exceeded_by(size):.2f})."
    )


def _at(result: CircuitResult, curve: Curve, size: int) -> tuple[float, float]:
    i = result.place(size)
    value, low, high = (float(values[0, i]) for values in (curve.value, curve.low, curve.high))
    return value, (high - low) / 2


def _column(result: CircuitResult, size: int) -> int:
    return max(i for i, own in enumerate(result.searched.sizes) if own <= size)


def _range(values: np.ndarray) -> str:
    low, high = np.quantile(values, (0.025, 0.975))
    return f"{low:.2f} to {high:.2f}".replace("-", "−")
