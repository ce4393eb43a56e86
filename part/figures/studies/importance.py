"""Charts of the study `importance`: of each measure a map of heads, with each layer's attention, bias and q·k."""

from collections.abc import Callable

import numpy as np

from part.analysis.intervention.importance import ImportanceFound
from part.figures.charts import Chart, HeadMap, Plot, Series

# measure -> title, unit, what it is multiplied by
MEASURES = {
    "accuracy": ("Change of accuracy", "points", 100.0),
    "macro_auc": ("Change of macro AUC", "points", 100.0),
    "cross_entropy": ("Change of cross-entropy", "nats", 1.0),
    "divergence": ("Divergence from the prediction as it was", "nats", 1.0),
}
_COLUMNS = {"attention": "heads"}


def charts(found: ImportanceFound) -> dict[str, Chart]:
    """Of every measure there is: the heads, those of the class blocks, what else layers have, and what is elsewhere."""
    made: dict[str, Chart] = {}
    for measure in known(found):
        made[measure] = head_map(found, measure)
        made[f"{measure}_layers"] = layer_map(found, measure)
        if any(target.kind == "class head" for target in found.targets):
            made[f"{measure}_class"] = head_map(found, measure, "class head")
        made[f"{measure}_elsewhere"] = elsewhere(found, measure)
    return made


def known(found: ImportanceFound) -> tuple[str, ...]:
    """The measures to choose from: without labels the divergence alone, then relative changes of rejections."""
    return (*(name for name in MEASURES if name in found.changes), *(n for n in found.changes if n not in MEASURES))


def words(measure: str) -> tuple[str, str, float]:
    """Title, unit and factor of a measure."""
    if measure in MEASURES:
        return MEASURES[measure]
    _, signal, efficiency = measure.split("_")
    return f"Relative change of the rejection of {signal} at {efficiency}", "%", 100.0


def head_map(found: ImportanceFound, measure: str, kind: str = "head") -> HeadMap:
    """Framed: significant at 5 % with all comparisons taken into account. kind: or "class head"."""
    where = " of the class blocks" if kind != "head" else ""
    return _map(found, measure, kind, lambda columns, heads: slice(heads), f"without each head{where}")


def layer_map(found: ImportanceFound, measure: str) -> HeadMap:
    """The same of a layer's attention as a whole, its bias, its q·k."""
    return _map(found, measure, "head", lambda columns, heads: slice(heads, columns), "without parts of each layer")


def _map(found: ImportanceFound, measure: str, kind: str, columns: Callable[[int, int], slice], about: str) -> HeadMap:
    title, unit, factor = words(measure)
    values, others = found.table(measure, "value", kind)
    heads = values.shape[1] - len(others)
    chosen = columns(values.shape[1], heads)
    values, low, high, marked = (
        found.table(measure, part, kind)[0][:, chosen] for part in ("value", "low", "high", "significant")
    )
    values, low, high = (np.where(np.isfinite(v), factor * v, np.nan) for v in (values, low, high))
    names = tuple(_COLUMNS.get(name, name) for name in others) if chosen.start else None
    return HeadMap(
        f"{title} {about}",
        unit,
        values,
        error=(high - low) / 2,
        signed=measure != "divergence",
        marked=marked.astype(bool),
        columns=names,
    )


def elsewhere(found: ImportanceFound, measure: str) -> Plot:
    """Bars with 95 % intervals: whole class blocks, the bias and q·k of all layers at once, species."""
    title, unit, factor = words(measure)
    change = found.changes[measure]
    chosen = [a for a, t in enumerate(found.targets) if t.layer is None or t.kind == "class attention"]
    finite = [a for a in chosen if np.isfinite((change.value[a], change.low[a], change.high[a])).all()]
    names = tuple(f"{found.targets[a]} *" if change.significant[a] else str(found.targets[a]) for a in finite)
    value, low, high = (factor * values[finite] for values in (change.value, change.low, change.high))
    bars = Series("", names, value, np.minimum(low, value), np.maximum(high, value), style="bars")
    return Plot(f"{title} (* significant)", f"{title[0].lower()}{title[1:]} [{unit}]", "", (bars,))


def jet_map(title: str, change: np.ndarray) -> HeadMap:
    """Of one jet: the change (L, H) of a probability without each head, in %."""
    return HeadMap(title, "%", 100 * change, signed=True)
