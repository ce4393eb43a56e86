"""Charts of the study `atlas`: heads by name, and one head against all hypotheses."""

import textwrap
from collections import Counter

import numpy as np

from part.analysis.atlas.hypotheses import HYPOTHESES
from part.analysis.atlas.result import AtlasResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, HeadMap, Plot, Series
from part.figures.sentences.places import ends, farthest, head_names, observed_ends, range_of_heads

EFFECT = "share of attention beyond shuffled keys"
UNIFORM = 0.9  # of the tokens: a head that attends to as many is near uniform
LINE = 11  # characters in a cell


def charts(result: AtlasResult) -> dict[str, Chart]:
    """Return the maps of names, of each hypothesis' effect, and of what needs no hypothesis."""
    kinds = {"names": "head", "class_names": "class head"}
    maps: dict[str, Chart] = {name: name_map(result, kind) for name, kind in kinds.items() if _places(result, kind)}
    for hypothesis in known(result):
        maps[f"effect_{hypothesis}"] = effect_map(result, hypothesis)
    return maps | {"position": position_map(result), "spread": spread_map(result)}


def known(result: AtlasResult) -> tuple[str, ...]:
    """Return the hypotheses whose keys the jets have."""
    excess = result.effects.excess[:2]
    return tuple(name for k, name in enumerate(result.hypotheses) if np.isfinite(excess[..., k]).any())


def source_index(result: AtlasResult, kind: str, layer: int, head: int) -> int | None:
    """Return the place of a source of a kind, "head" or "class head", or None if there is none."""
    return next((r for r, s in enumerate(result.sources) if (s.kind, s.layer, s.head) == (kind, layer, head)), None)


def name_map(result: AtlasResult, kind: str = "head", marked: int | None = None) -> HeadMap:
    """Return the heads of a kind with their names, and a frame around the `marked` source.

    The colour is the effect of the name, of heads without one the largest effect.
    """
    rows, effect = _places(result, kind), result.effects.effect[1]
    values, texts = np.full((len(rows), max(map(len, rows))), np.nan), []
    for layer, places in enumerate(rows):
        for head, r in enumerate(places):
            name = result.names[r]
            values[layer, head] = _largest(effect[r]) if name is None else name.effect
        texts.append(tuple("\n".join(textwrap.wrap(short_name(result, r), LINE)) for r in places))
    title = "What each head attends to" if kind == "head" else "What the class token's heads attend to"
    frame = None if marked is None else np.array(rows) == marked
    return HeadMap(
        title,
        "effect",
        values,
        marked=frame,
        limits=(0, 1),
        texts=tuple(texts),
        of_class_token=kind == "class head",
        sentence=_summary(result, kind),
        about="head_names",
    )


def short_name(result: AtlasResult, source: int) -> str:
    """Return the name of a source as a cell has it: "" if nothing holds."""
    name = result.names[source]
    if name is not None:
        return result.title(name.hypothesis)
    return "near uniform" if source < len(result.spread) and result.spread[source] > UNIFORM else ""


def effect_map(result: AtlasResult, hypothesis: str) -> HeadMap:
    """Return the effect of one hypothesis by head."""
    k = result.hypotheses.index(hypothesis)
    effects, heads = result.effects, _places(result, "head")
    error = effects.half_width[1, :, k] / Z95
    places = np.array(heads)
    title = f"Attention to: {HYPOTHESES[hypothesis].title}"
    value, error = effects.effect[1, :, k][places], error[places]
    sides = "more than shuffled keys", "less"
    sentence = farthest(value, Z95 * error, head_names(value.shape), "Largest effect", sides=sides)
    scale = (-1.0, 1.0)
    return HeadMap(title, EFFECT, value, error, True, limits=scale, sentence=sentence, about="hypothesis_effect")


def position_map(result: AtlasResult) -> HeadMap:
    """Return the share of the variance of each head's attention that the rank of the key explains."""
    places = np.array(_places(result, "head"))
    title = "Variance of attention that the key's rank in the file explains"
    value, error = result.position[places], result.position_error[places]
    sentence = range_of_heads(value, Z95 * error)
    return HeadMap(title, "share", value, error, limits=(0.0, 1.0), sentence=sentence, about="rank_variance")


def spread_map(result: AtlasResult) -> HeadMap:
    """Return the effective number of keys of each head as a share of the tokens; 1 is uniform."""
    places = np.array(_places(result, "head"))
    title = "Effective number of keys, over the number of particles"
    value = result.spread[places]
    sentence = observed_ends(value, head_names(value.shape), "", f"{result.jets} jets")
    return HeadMap(title, "share", value, limits=(0.0, 1.0), sentence=sentence, about="spread")


def head_bars(result: AtlasResult, source: int) -> Plot:
    """Return the effects of all hypotheses for one source, the largest first, beside those of untrained weights."""
    effects = result.effects
    value, half = effects.effect[1, source], effects.half_width[1, source]
    order = [k for k in np.argsort(-np.where(np.isfinite(value), value, -np.inf)) if np.isfinite(value[k])]
    titles = tuple(result.title(k) for k in order)
    series = [Series("this head", titles, value[order], (value - half)[order], (value + half)[order], style="bars")]
    if result.untrained is not None:
        largest = np.where(np.isfinite(result.untrained), result.untrained, 0)[order]
        series.append(Series("untrained weights, largest", titles, largest, colour=None, style="bars"))
    low = min(-0.05, float(np.nanmin((value - half)[order], initial=0)))
    title = str(result.sources[source]).capitalize()
    texts = title, EFFECT, ""
    return Plot(
        *texts, tuple(series), x_range=(low, 1.02), sentence=sentence(result, source), about="hypotheses_of_head"
    )


def by_class(result: AtlasResult, source: int, hypothesis: int) -> Plot:
    """Return the effect of a hypothesis for one source in each class that has such jets."""
    effects = result.effects
    value, half = (values[2:, source, hypothesis] for values in (effects.effect, effects.half_width))
    shown = np.flatnonzero(np.isfinite(value) & np.isfinite(half))
    titles = tuple(f"{result.classes[c]} ({effects.jets[2 + c, hypothesis]})" for c in shown)
    bars = Series("", titles, value[shown], (value - half)[shown], (value + half)[shown], style="bars")
    low = min(-0.05, float(np.nanmin((value - half)[shown], initial=0)))
    differences = ends(value[shown], half[shown], [result.classes[c] for c in shown])
    texts = f"By class: {result.title(hypothesis)}", EFFECT, ""
    return Plot(*texts, (bars,), x_range=(low, 1.02), sentence=differences, about="hypothesis_by_class")


def shown_hypothesis(result: AtlasResult, source: int) -> int | None:
    """Return the hypothesis of a source's name, else that of its largest effect, or None if there is none."""
    name = result.names[source]
    if name is not None:
        return name.hypothesis
    effect = result.effects.effect[1, source]
    return int(np.nanargmax(effect)) if np.isfinite(effect).any() else None


def sentence(result: AtlasResult, source: int) -> str:
    """Return what a source attends to and how sure that is; "" where no hypothesis holds."""
    name = result.names[source]
    if name is None:
        return ""
    half = Z95 * result.effects.share_error[source, name.hypothesis]
    text = (
        f"Keys of “{result.title(name.hypothesis)}” receive {name.share:.2f} ± {half:.2f} of its attention, shuffled "
        f"ones {name.null:.2f}"
    )
    if name.classes:
        text += f"; it holds in {name.classes_with} of {name.classes} classes"
    both = result.best_two(source)
    if both is not None:
        (_, second), share, chance = both
        text += (
            f". With “{result.title(second)}” it is {share:.2f} of all queries' attention ({chance:.2f} of all pairs)"
        )
    return f"{text}."


def _summary(result: AtlasResult, kind: str) -> str:
    """Return how many heads of a kind have names, and which are the most frequent."""
    places = [r for row in _places(result, kind) for r in row]
    names = Counter(result.title(name.hypothesis) for r in places if (name := result.names[r]) is not None)
    if not names:
        return ""
    most = ", ".join(f"{title} ({count})" for title, count in names.most_common(3))
    return f"Heads with a name: {names.total()} of {len(places)}; most often {most}."


def _places(result: AtlasResult, kind: str) -> list[list[int]]:
    """Return the places of the sources of a kind by layer and head."""
    rows: dict[int, list[int]] = {}
    for r, source in enumerate(result.sources):
        if source.kind == kind and source.layer is not None:
            rows.setdefault(source.layer, []).append(r)
    return list(rows.values())


def _largest(values: np.ndarray) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else np.nan
