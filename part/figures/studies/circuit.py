"""Charts of the studies `circuit` and `edge_circuit`: how good sets are against their size, and what is in them."""

import numpy as np

from part.analysis.circuits.search.kept_heads import CLASS, PARTICLE
from part.analysis.circuits.search.result import CircuitResult, Curve
from part.analysis.intervention.ablation import AblationTarget
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, HeadMap, Plot, Series
from part.figures.sentences.numbers import listed, number, short

SHARE = "share of the difference of logits"
ENOUGH = 0.9  # faithfulness of the set that is shown first
RANDOM_COLOUR, LEAST_COLOUR = 1, 3
BARS = 24  # of members at most, those that are missed most


def charts(result: CircuitResult) -> dict[str, Chart]:
    """Return the curves against size, then the maps and bars of the set that is shown first."""
    size = shown_size(result)
    drawn: dict[str, Chart] = {"kept": kept(result, size), "removed": removed(result, size), "lost": lost(result, size)}
    drawn["auc"] = auc(result, size)
    if is_of_heads(result):
        drawn["heads"] = head_map(result, size)
    if has_class_heads(result):
        drawn["class_heads"] = class_head_map(result, size)
    return drawn | {"members": members(result, size), "stability": stability(result, size)}


def shown_size(result: CircuitResult) -> int:
    """Return the smallest size at which the set keeps enough, or the largest where none does."""
    enough = np.flatnonzero(result.kept.value[0] >= ENOUGH)
    return result.sizes[enough[0]] if len(enough) else result.largest


def is_of_heads(result: CircuitResult) -> bool:
    return isinstance(result.searched.members[0], AblationTarget)


def has_class_heads(result: CircuitResult) -> bool:
    return is_of_heads(result) and any(head.kind == CLASS for head in result.searched.members)


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
    named = _counted(result, size)
    sentence = f"Without {named}, {number(value, half)} is left, without random ones {_range(random)}."
    return _against_size(result, f"All {_noun(result)}s but the set keep", SHARE, series, sentence, "circuit_removed")


def lost(result: CircuitResult, size: int) -> Plot:
    """Return what the set loses without one of its members: on average, and the one that is missed least."""
    x = np.array(result.sizes, float)
    least = result.least_lost
    series = (
        *_curves(result, result.mean_lost, result.random_lost, size, "mean over the set"),
        Series("missed least", x, least.value[0], least.low[0], least.high[0], LEAST_COLOUR),
    )
    mean, half = _at(result, result.mean_lost, size)
    low = float(least.low[0, result.place(size)])
    needed = (
        "and none can be left out" if low > 0 else f"and one can be left out (loss {number(*_at(result, least, size))})"
    )
    sentence = (
        f"One of {_counted(result, size)} is worth {number(mean, half)} on average, {needed}." if size > 1 else ""
    )
    title = f"Minimality: loss without one {_noun(result)}"
    return _against_size(result, title, SHARE, series, sentence, "circuit_lost")


def auc(result: CircuitResult, size: int) -> Plot:
    """Return the AUC with the set alone, beside random sets and the whole model."""
    series = _curves(result, result.auc, result.random_auc, size)
    whole = float(result.whole_auc.value[0, 0])
    sizes = np.array([float(result.sizes[0]), result.largest])
    series = (*series, Series("whole model", sizes, np.array([whole, whole]), colour=None, dashed=True))
    value, half = _at(result, result.auc, size)
    sentence = (
        f"With {_counted(result, size)} the AUC is {number(value, half)}, that of the whole model {short(whole)}."
    )
    return _against_size(result, "AUC with the set alone", "AUC", series, sentence, "circuit_auc")


def head_map(result: CircuitResult, size: int) -> HeadMap:
    """Return what the set loses without each head of the layers, with the order in which heads entered."""
    return _map(result, size, PARTICLE, f"The set of {size}: order of entry, and loss without each head")


def class_head_map(result: CircuitResult, size: int) -> HeadMap:
    """Return the same for the heads of the class blocks."""
    return _map(result, size, CLASS, "Heads of the class token")


def members(result: CircuitResult, size: int) -> Plot:
    """Return bars of what the set loses without each of its members."""
    names = tuple(short_name(member) for member in result.members(size))
    value, low, high = _lost(result, size)
    order = np.argsort(-value, kind="stable")[:BARS]
    bars = Series("", tuple(names[i] for i in order), value[order], low[order], high[order], style="bars")
    needed = int((low > 0).sum())
    sentence = f"Of {_counted(result, size)}, {needed} cannot be left out without a loss."
    title = f"Loss without each of {_counted(result, size)}"
    if size > BARS:
        title += f", the {BARS} largest"
    return Plot(title, SHARE, "", (bars,), sentence=sentence, about="circuit_members")


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
    text = f"Sets of {_counted(result, size)} from {len(result.jets)} samples share {overlap[i]:.2f} of their"
    sentence = f"{text} {_noun(result)}s ({chance[i, 0]:.2f} by chance): {verdict}."
    title = "Do other jets give the same set?"
    return _against_size(result, title, "overlap", series, sentence, "circuit_stability", y_range=(0, 1.03))


def short_name(member) -> str:
    """Return a short name of a member, in which layers and heads count from 1."""
    if not isinstance(member, AblationTarget):
        return str(member)
    return f"{'class ' if member.kind == CLASS else ''}L{(member.layer or 0) + 1}H{(member.head or 0) + 1}"


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
    ticks = tuple(map(float, result.sizes)) if many or result.largest <= 16 else tuple(range(4, result.largest + 1, 4))
    return Plot(
        title,
        f"{_noun(result)}s in the set",
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


def _map(result: CircuitResult, size: int, kind: str, title: str) -> HeadMap:
    heads = result.searched.members
    layers = 1 + max(head.layer or 0 for head in heads if head.kind == kind)
    columns = 1 + max(head.head or 0 for head in heads if head.kind == kind)
    values, error = np.zeros((2, layers, columns))
    texts = [[""] * columns for _ in range(layers)]
    marked = np.zeros((layers, columns), bool)
    entered = {int(i): number + 1 for number, i in enumerate(result.searched.grown[0])}
    value, low, high = _lost(result, size)
    half = (high - low) / 2
    chosen = {int(i): place for place, i in enumerate(result.searched.orders[0, :size])}
    for i, head in enumerate(heads):
        if head.kind != kind:
            continue
        place = head.layer or 0, head.head or 0
        texts[place[0]][place[1]] = str(entered.get(i, ""))
        if i in chosen:
            marked[place] = True
            values[place], error[place] = value[chosen[i]], half[chosen[i]] / Z95
    names = [short_name(head) for head in result.members(size) if head.kind == kind]
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


def _lost(result: CircuitResult, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what the first sample's set loses without each member, and its interval."""
    lost, i = result.lost, result.place(size)
    return lost.value[0, i, :size], lost.low[0, i, :size], lost.high[0, i, :size]


def _kept_sentence(result: CircuitResult, size: int) -> str:
    value, half = _at(result, result.kept, size)
    random = result.random_kept[:, _column(result, size)]
    verb = "keeps" if size == 1 else "keep"
    return (
        f"Of {result.searched.n_members} {_noun(result)}s, {size} {verb} {number(value, half)} of the difference of "
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


def _noun(result: CircuitResult) -> str:
    return "head" if is_of_heads(result) else "edge"


def _counted(result: CircuitResult, size: int) -> str:
    return f"{size} {_noun(result)}{'s' if size > 1 else ''}"
