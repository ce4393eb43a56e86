"""Charts of the study `importance`: for each measure a map of heads, and of each layer's attention, bias and q·k."""

from collections.abc import Callable

import numpy as np

from part.analysis.intervention.importance import ImportanceResult
from part.figures.charts import Chart, HeadMap, Plot, Series
from part.figures.sentences.effects import strongest, strongest_target
from part.figures.sentences.one_jet import strongest_change
from part.figures.sentences.places import cell_names, ends, head_names
from part.figures.view import lower_first
from part.jets.datasets import class_title

# Title, unit and factor by measure.
MEASURES = {
    "accuracy": ("Change of accuracy", "points", 100.0),
    "macro_auc": ("Change of macro AUC", "points", 100.0),
    "cross_entropy": ("Change of cross-entropy", "nats", 1.0),
    "divergence": ("Divergence from the unchanged prediction", "nats", 1.0),
}
_COLUMNS = {"attention": "heads"}


def charts(result: ImportanceResult) -> dict[str, Chart]:
    """Return, for every measure, the charts of heads, of the class blocks, of parts of layers, and of other targets."""
    all_charts: dict[str, Chart] = {}
    for measure in measures(result):
        all_charts[measure] = head_map(result, measure)
        all_charts[f"{measure}_layers"] = layer_map(result, measure)
        if any(target.kind == "class head" for target in result.targets):
            all_charts[f"{measure}_class"] = head_map(result, measure, "class head")
        all_charts[f"{measure}_elsewhere"] = other_targets(result, measure)
    return all_charts


def measures(result: ImportanceResult) -> tuple[str, ...]:
    """Return the measures of a result: without labels only the divergence; changes of rejections come last."""
    return (*(name for name in MEASURES if name in result.changes), *(n for n in result.changes if n not in MEASURES))


def measure_texts(measure: str) -> tuple[str, str, float]:
    """Return title, unit and factor of a measure."""
    if measure in MEASURES:
        return MEASURES[measure]
    signal, _, efficiency = measure.removeprefix("rejection_").rpartition("_")  # a signal's name may have a "_"
    return f"Relative change of the rejection of {class_title(signal)} at {efficiency}", "%", 100.0


def measured_text(measure: str) -> str:
    """Return what changes, for a sentence."""
    title = lower_first(measure_texts(measure)[0])
    return title.removeprefix("change of ").removeprefix("relative change of ")


def head_map(result: ImportanceResult, measure: str, kind: str = "head") -> HeadMap:
    """Return the change without each "head" or "class head".

    A frame marks changes that are significant at 5 % after correction for all comparisons.
    """
    where = " of the class blocks" if kind != "head" else ""
    return _map(result, measure, kind, lambda columns, heads: slice(heads), f"without each head{where}")


def layer_map(result: ImportanceResult, measure: str) -> HeadMap:
    """Return the change without a layer's heads, its bias or its q·k, marked as in `head_map`."""
    return _map(result, measure, "head", lambda columns, heads: slice(heads, columns), "without parts of each layer")


def _map(
    result: ImportanceResult, measure: str, kind: str, columns: Callable[[int, int], slice], suffix: str
) -> HeadMap:
    title, unit, factor = measure_texts(measure)
    values, others = result.table(measure, "value", kind)
    heads = values.shape[1] - len(others)
    chosen = columns(values.shape[1], heads)
    values, low, high, marked = (
        result.table(measure, name, kind)[0][:, chosen] for name in ("value", "low", "high", "significant")
    )
    values, low, high = (np.where(np.isfinite(v), factor * v, np.nan) for v in (values, low, high))
    names = tuple(_COLUMNS.get(name, name) for name in others) if chosen.start else None
    half = (high - low) / 2
    parts = None if names is None else [{"heads": "all heads", "bias": "the bias"}.get(name, name) for name in names]
    return HeadMap(
        f"{title} {suffix}",
        unit,
        values,
        error=half,
        signed=measure != "divergence",
        marked=marked.astype(bool),
        columns=names,
        of_class_token=kind == "class head",
        quantity=lower_first(title),
        sentence=_map_sentence(measure, values, half, marked.astype(bool), parts, kind),
        about="importance",
    )


def _map_sentence(
    measure: str, values: np.ndarray, half: np.ndarray, marked: np.ndarray, parts: list[str] | None, kind: str
) -> str:
    """Return which head or part matters most; of a divergence, which is never 0, where it is largest and smallest."""
    unit, layer = measure_texts(measure)[1], "layer" if kind == "head" else "class layer"
    if measure != "divergence":
        return strongest(values, half, marked, unit, measured_text(measure), parts, layer)
    names = head_names(values.shape) if parts is None else cell_names(_layers(values), parts, " without ")
    before = "without" if parts is None else "in"
    return ends(values, half, names, unit, f"The prediction changes most {before}", f"least {before}")


def _layers(values: np.ndarray) -> list[str]:
    return [f"layer {layer + 1}" for layer in range(len(values))]


def other_targets(result: ImportanceResult, measure: str) -> Plot:
    """Return the changes without class blocks, the bias or q·k of all layers, or species, with 95 % intervals."""
    title, unit, factor = measure_texts(measure)
    change = result.changes[measure]
    chosen = [a for a, t in enumerate(result.targets) if t.layer is None or t.kind == "class attention"]
    finite = [a for a in chosen if np.isfinite((change.value[a], change.low[a], change.high[a])).all()]
    names = tuple(f"{result.targets[a]} *" if change.significant[a] else str(result.targets[a]) for a in finite)
    value, low, high = (factor * values[finite] for values in (change.value, change.low, change.high))
    bars = Series("", names, value, np.minimum(low, value), np.maximum(high, value), style="bars")
    targets = [str(result.targets[a]) for a in finite]
    significant = change.significant[finite].astype(bool)
    half = (high - low) / 2
    sentence = strongest_target(value, half, significant, targets, unit, measured_text(measure))
    if measure == "divergence":
        sentence = ends(value, half, targets, unit, "The prediction changes most without", "least without")
    return Plot(
        f"{title} (* significant)",
        f"{title[0].lower()}{title[1:]} [{unit}]",
        "",
        (bars,),
        sentence=sentence,
        about="importance",
    )


def jet_map(title: str, change: np.ndarray) -> HeadMap:
    """Return the change (L, H) of one jet's probability without each head, in percentage points."""
    sentence = strongest_change(100 * change, "percentage points")
    return HeadMap(
        title, "points", 100 * change, signed=True, quantity="change", sentence=sentence, about="jet_without_heads"
    )
