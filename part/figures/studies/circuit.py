"""Charts of the study `circuit`: how good sets of heads are against their size, and which heads they are."""

import numpy as np

from part.analysis.circuits.search.kept_heads import CLASS, PARTICLE
from part.analysis.circuits.search.result import CircuitResult, Curve
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, HeadMap, Plot, Series
from part.figures.sentences.numbers import listed, number, short

SIZE = "heads in the set"
SHARE = "share of the difference of logits"
ENOUGH = 0.9  # faithfulness of the set that is shown first
RANDOM_COLOUR = 1


def charts(result: CircuitResult) -> dict[str, Chart]:
    """Return the curves against size, then the maps and bars of the set that is shown first."""
    size = shown_size(result)
    drawn: dict[str, Chart] = {"kept": kept(result, size), "removed": removed(result, size), "auc": auc(result, size)}
    drawn["heads"] = head_map(result, size)
    if has_class_heads(result):
        drawn["class_heads"] = class_head_map(result, size)
    return drawn | {"members": members(result, size), "stability": stability(result, size)}


def shown_size(result: CircuitResult) -> int:
    """Return the smallest size at which the set keeps enough, or the largest where none does."""
    enough = np.flatnonzero(result.kept.value[0] >= ENOUGH)
    return int(enough[0]) + 1 if len(enough) else result.largest


def has_class_heads(result: CircuitResult) -> bool:
    return any(head.kind == CLASS for head in result.searched.heads)


def kept(result: CircuitResult, size: int) -> Plot:
    """Return faithfulness with the set alone, beside random sets."""
    first, second = result.searched.classes
    title = f"The set alone keeps: {first} against {second}"
    series = _curves(result, result.kept, result.random_kept, size)
    return Plot(
        title, SIZE, SHARE, series, x_ticks=_ticks(result), sentence=_kept_sentence(result, size), about="circuit_kept"
    )


def removed(result: CircuitResult, size: int) -> Plot:
    """Return faithfulness with all heads but the set, beside random sets."""
    series = _curves(result, result.removed, result.random_removed, size)
    value, half = _at(result.removed, size)
    random = result.random_removed[:, _column(result, size)]
    sentence = f"Without {_heads(size)}, {number(value, half)} is left, without random ones {_range(random)}."
    title = "All heads but the set keep"
    return Plot(title, SIZE, SHARE, series, x_ticks=_ticks(result), sentence=sentence, about="circuit_removed")


def auc(result: CircuitResult, size: int) -> Plot:
    """Return the AUC with the set alone, beside random sets and the whole model."""
    series = _curves(result, result.auc, result.random_auc, size)
    whole = float(result.whole_auc.value[0, 0])
    sizes = np.array([1.0, result.largest])
    series = (*series, Series("whole model", sizes, np.array([whole, whole]), colour=None, dashed=True))
    value, half = _at(result.auc, size)
    sentence = f"With {_heads(size)} the AUC is {number(value, half)}, that of the whole model {short(whole)}."
    title = "AUC with the set alone"
    return Plot(title, SIZE, "AUC", series, x_ticks=_ticks(result), sentence=sentence, about="circuit_auc")


def head_map(result: CircuitResult, size: int) -> HeadMap:
    """Return what the set loses without each head of the layers, with the order in which heads entered."""
    return _map(result, size, PARTICLE, f"The set of {size}: order of entry, and loss without each head")


def class_head_map(result: CircuitResult, size: int) -> HeadMap:
    """Return the same for the heads of the class blocks."""
    return _map(result, size, CLASS, "Heads of the class token")


def members(result: CircuitResult, size: int) -> Plot:
    """Return bars of what the set loses without each of its heads."""
    names = tuple(_short_name(head) for head in result.members(size))
    value, half = _lost(result, size)
    order = np.argsort(-value, kind="stable")
    bars = Series(
        "", tuple(names[i] for i in order), value[order], (value - half)[order], (value + half)[order], style="bars"
    )
    needed = int((value - half > 0).sum())
    sentence = f"Of {_heads(size)}, {needed} cannot be left out without a loss."
    title = f"Minimality: loss without each of {_heads(size)}"
    return Plot(title, SHARE, "", (bars,), sentence=sentence, about="circuit_members")


def stability(result: CircuitResult, size: int) -> Plot:
    """Return the overlap of the sets of different samples of jets, beside that of random sets."""
    sizes = range(1, result.largest + 1)
    overlap = np.array([result.overlap(s) for s in sizes])
    chance = np.array([result.overlap_by_chance(s) for s in sizes])
    x = np.array(list(sizes), float)
    series = (
        Series("sets of different jets", x, overlap),
        Series(
            "random sets: mean, up to the largest 5 %", x, chance[:, 0], np.zeros(len(x)), chance[:, 1], RANDOM_COLOUR
        ),
    )
    verdict = "stable" if result.is_stable(size) else "not stable"
    text = f"Sets of {_heads(size)} from {len(result.jets)} samples share {overlap[size - 1]:.2f} of their heads"
    sentence = f"{text} ({chance[size - 1, 0]:.2f} by chance): {verdict}."
    title = "Do other jets give the same set?"
    return Plot(
        title,
        SIZE,
        "overlap",
        series,
        x_ticks=_ticks(result),
        y_range=(0, 1.03),
        sentence=sentence,
        about="circuit_stability",
    )


def _curves(result: CircuitResult, curve: Curve, random: np.ndarray, size: int) -> tuple[Series, ...]:
    """Return the curve of the first sample with its interval, those of the others, random sets and the chosen size."""
    x = np.arange(1.0, result.largest + 1)
    low, high = np.quantile(random, (0.025, 0.975), axis=0)
    sizes = np.array(result.searched.sizes, float)
    others = [Series("found on other jets", x, y, dashed=True, in_legend=i == 0) for i, y in enumerate(curve.value[1:])]
    return (
        Series("random sets", sizes, random.mean(0), low, high, RANDOM_COLOUR),
        *others,
        Series("the set", x, curve.value[0], curve.low[0], curve.high[0]),
        Series("shown", x[size - 1 : size], curve.value[0, size - 1 : size], colour=2, style="points"),
    )


def _map(result: CircuitResult, size: int, kind: str, title: str) -> HeadMap:
    heads = result.searched.heads
    layers = 1 + max(head.layer or 0 for head in heads if head.kind == kind)
    columns = 1 + max(head.head or 0 for head in heads if head.kind == kind)
    values, error = np.zeros((2, layers, columns))
    texts = [[""] * columns for _ in range(layers)]
    marked = np.zeros((layers, columns), bool)
    entered = {int(i): number + 1 for number, i in enumerate(result.searched.grown[0])}
    value, half = _lost(result, size)
    chosen = {int(i): place for place, i in enumerate(result.searched.orders[0, :size])}
    for i, head in enumerate(heads):
        if head.kind != kind:
            continue
        place = head.layer or 0, head.head or 0
        texts[place[0]][place[1]] = str(entered.get(i, ""))
        if i in chosen:
            marked[place] = True
            values[place], error[place] = value[chosen[i]], half[chosen[i]] / Z95
    names = [_short_name(head) for head in result.members(size) if head.kind == kind]
    sentence = f"In the set: {listed(names)}." if names else ""
    return HeadMap(
        title,
        SHARE,
        values,
        error,
        True,
        marked,
        texts=tuple(map(tuple, texts)),
        sentence=sentence,
        about="circuit_heads",
    )


def _lost(result: CircuitResult, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the first sample's set loses without each head, and the half width of its interval."""
    if size == 1:
        value, half = _at(result.kept, 1)
        return np.array([value]), np.array([half])
    return result.lost[0, size - 1, :size], Z95 * result.lost_error[0, size - 1, :size]


def _kept_sentence(result: CircuitResult, size: int) -> str:
    value, half = _at(result.kept, size)
    random = result.random_kept[:, _column(result, size)]
    verb = "keeps" if size == 1 else "keep"
    return (
        f"Of {len(result.searched.heads)} heads, {size} {verb} {number(value, half)} of the difference of "
        f"logits, random ones {_range(random)} (p = {result.exceeded_by(size):.2f})."
    )


def _at(curve: Curve, size: int) -> tuple[float, float]:
    value, low, high = (float(values[0, size - 1]) for values in (curve.value, curve.low, curve.high))
    return value, (high - low) / 2


def _column(result: CircuitResult, size: int) -> int:
    return max(i for i, own in enumerate(result.searched.sizes) if own <= size)


def _range(values: np.ndarray) -> str:
    low, high = np.quantile(values, (0.025, 0.975))
    return f"{low:.2f} to {high:.2f}".replace("-", "−")


def _heads(size: int) -> str:
    return f"{size} head{'s' if size > 1 else ''}"


def _short_name(head) -> str:
    return f"{'class ' if head.kind == CLASS else ''}L{(head.layer or 0) + 1}H{(head.head or 0) + 1}"


def _ticks(result: CircuitResult) -> tuple[float, ...]:
    step = 1 if result.largest <= 16 else 4
    return tuple(float(size) for size in range(step, result.largest + 1, step))
