"""Ablate: the chosen jet without a component of the model or a particle, at once; a sample without each, on Run."""

from typing import Any

import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.components.study.controls import segments, select
from app.pages.intervention.context import InterventionContext, head_line
from app.pages.intervention.state import InterventionState
from app.services import intervention
from app.services.intervention import JetAblations
from app.services.intervention_charts import before_and_after
from app.services.library import ClassGroup, importance_charts

REPLACEMENT_TITLES = {"zero": "zero", "mean": "the mean", "resample": "another jet's"}
OF_A_LAYER = ("head", "attention", "bias", "q·k")
KINDS = {
    "head": "A head",
    "attention": "A layer's attention",
    "bias": "The bias of a layer",
    "q·k": "q·k of a layer",
    "all bias": "The bias of all layers",
    "all q·k": "q·k of all layers",
    "particle": "The chosen constituent",
}
ABOUT = (
    "Run ablates each head in all jets, each layer's attention, bias and q·k, and each species: the change of "
    "accuracy, AUC and rejections, with intervals of a paired bootstrap and a correction for the number of comparisons."
)


def study(context: InterventionContext) -> tuple[str, dict]:
    return "importance", {"replacement": context.state.replacement, "groups": _merged(context)}


def _merged(context: InterventionContext) -> tuple[str, ...]:
    """Return the chosen group of classes, which is one class then for the measures of the sample, too."""
    return (context.target_class,) if context.target and len(context.target) > 1 else ()


def controls(context: InterventionContext) -> None:
    kind = _kind(context)
    select("Ablate", InterventionState, "target", _kinds(context), kind)
    if kind in OF_A_LAYER:
        head_line(context)
    segments("Replace heads by", InterventionState, "replacement", REPLACEMENT_TITLES, context.state.replacement)
    if context.task and (result := context.task.result):
        measures = {name: importance_charts.measure_texts(name)[0] for name in importance_charts.measures(result)}
        select("Measure", InterventionState, "measure", measures, _measure(context, result))


def ablate(context: InterventionContext) -> None:
    left, right = st.columns((0.34, 0.66), gap="medium")
    with left:
        _jet(context)
    with right:
        _sample(context)


def _jet(context: InterventionContext) -> None:
    reference = intervention.reference_entries(context.state.replacement, context.entries)
    ablations = intervention.ablate_jet(context.file, context.jet, context.model, context.state.replacement, reference)
    after, name = _ablated(context, ablations)
    classes, before = context.jet_view.classes, ablations.before
    bars = before_and_after(
        classes, before, after, f"This jet without {name}", "without", f"Without {name}", context.target
    )
    show_chart(bars, "jet_without", 340)
    best, config = int(before.argmax()), context.model.config
    explained = context.target or ClassGroup(classes[best], (best,))
    changes = ablations.head_changes(explained, config.layers, config.heads)
    title = f"Change of p({explained.name}) of this jet without each head [percentage points]"
    show_chart(importance_charts.jet_map(title, changes), "jet_heads", 270)


def _ablated(context: InterventionContext, ablations: JetAblations) -> tuple[Any, str]:
    """Return the probabilities (C,) without what is chosen, and its name."""
    kind = _kind(context)
    if kind == "particle":
        return ablations.without_particle[context.particle], f"constituent {context.particle + 1}"
    target = intervention.ablation_target(context.model, kind, context.layer, context.head)
    return ablations.without(target), str(target)


def _sample(context: InterventionContext) -> None:
    result = context.result(ABOUT)
    if not result:
        return
    measure = _measure(context, result)
    title, unit, _ = importance_charts.measure_texts(measure)
    frames = "" if measure == "divergence" else " (framed: significant)"
    columns = st.columns((0.68, 0.32))
    with columns[0]:
        merged = f", {context.target_class} as one class" if _merged(context) else ""
        caption = f"{title} [{unit}] without each head, {result.jets} jets{merged}{frames}"
        show_chart(importance_charts.head_map(result, measure), f"{measure}_heads", 330, caption=caption)
    with columns[1]:
        caption = "… all heads of a layer, its bias, its q·k"
        show_chart(importance_charts.layer_map(result, measure), f"{measure}_layers", 330, caption=caption)
    columns = st.columns((0.56, 0.44))
    with columns[0]:
        caption = "… and without what all layers share (* significant; bars: 95 %)"
        show_chart(importance_charts.other_targets(result, measure), f"{measure}_elsewhere", 285, caption=caption)
    with columns[1]:
        if any(target.kind == "class head" for target in result.targets):
            chart = importance_charts.head_map(result, measure, "class head")
            show_chart(chart, f"{measure}_class", 190, caption="… a head of the class blocks")
        else:
            note("This model has no class blocks.")


def _kinds(context: InterventionContext) -> dict[str, str]:
    """Return what can be ablated: the name that the URL gives it, and its title."""
    kinds = intervention.ablation_kinds(context.model)
    titles = {kind: title for kind, title in KINDS.items() if kind in kinds or kind == "particle"}
    return titles | {name: name.capitalize() for name, is_species in kinds.items() if is_species}


def _kind(context: InterventionContext) -> str:
    return context.state.target if context.state.target in _kinds(context) else "head"


def _measure(context: InterventionContext, result: Any) -> str:
    measures = importance_charts.measures(result)
    return context.state.measure if context.state.measure in measures else measures[0]
