"""Ablate: the chosen jet without a part of the model or of itself, at once; a sample without each part, on Run."""

import numpy as np
import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.components.study.controls import segments
from app.pages.intervention.context import Look, before_and_after, heads_line, options
from app.services import intervention
from app.services.intervention import INSTEAD, Importance, Target, importance_charts

INSTEAD_TITLES = {"zero": "zero", "mean": "the mean", "resample": "another jet's"}
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
    "Run takes each head away from all jets, each layer's attention, bias and q·k, and each species: the change of "
    "accuracy, AUC and rejections, with intervals of a paired bootstrap and a correction for so many comparisons."
)


def study(look: Look) -> Importance:
    return Importance(look.choice.selection.instead)


def controls(look: Look) -> None:
    selection, kinds = look.choice.selection, _kinds(look)
    options("Take away", "target", kinds, kinds.get, _kind(look), 215)
    if _kind(look) in ("head", "attention", "bias", "q·k"):
        heads_line(look)
    segments("Heads give way to", "instead", {name: INSTEAD_TITLES[name] for name in INSTEAD}, selection.instead)
    if (found := look.task and look.task.job and look.task.job.result) is not None and found:
        measures = importance_charts.known(found)
        options("Measure", "measure", measures, _measure_title, _measure(look, found), 250)


def ablate(look: Look) -> None:
    left, right = st.columns((0.34, 0.66), gap="medium")
    with left:
        _jet(look)
    with right:
        _sample(look)


def _jet(look: Look) -> None:
    choice, scene = look.choice, look.scene
    particles = choice.selection.instead, look.entries
    found, alone = intervention.without(choice.file, choice.selection.jet, look.model, *particles)
    targets = intervention.targets_of(look.model)
    kind = _kind(look)
    if kind == "particle":
        place = _particle(look, alone)
        after, words = alone[place], f"constituent {place + 1}"
    else:
        target = _target(look, kind)
        after, words = found[1 + targets.index(target)], str(target)
    bars = before_and_after(scene.classes, found[0], after, f"This jet without {words}", "without")
    show_chart(bars, "jet_without", 340)
    best = int(found[0].argmax())
    maps = [
        [found[1 + targets.index(Target("head", layer, head)), best] for head in range(look.model.config.heads)]
        for layer in range(look.model.config.layers)
    ]
    change = np.array(maps) - found[0, best]
    title = f"Change of p({scene.classes[best]}) of this jet without each head [%]"
    show_chart(importance_charts.jet_map(title, change), "jet_heads", 270)


def _sample(look: Look) -> None:
    found = look.findings(ABOUT)
    if not found:
        return
    measure = _measure(look, found)
    title, unit, _ = importance_charts.words(measure)
    tail = "" if measure == "divergence" else " (framed: significant)"
    caption = f"{title} [{unit}] without each head, {found.jets} jets{tail}"
    columns = st.columns((0.68, 0.32))
    with columns[0]:
        show_chart(importance_charts.head_map(found, measure), f"{measure}_heads", 330, caption=caption)
    with columns[1]:
        caption = "… all heads of a layer, its bias, its q·k"
        show_chart(importance_charts.layer_map(found, measure), f"{measure}_layers", 330, caption=caption)
    columns = st.columns((0.56, 0.44))
    with columns[0]:
        caption = "… and without what is everywhere (* significant; bars: 95 %)"
        show_chart(importance_charts.elsewhere(found, measure), f"{measure}_elsewhere", 285, caption=caption)
    with columns[1]:
        if any(target.kind == "class head" for target in found.targets):
            chart = importance_charts.head_map(found, measure, "class head")
            show_chart(chart, f"{measure}_class", 150, caption="… a head of the class blocks")
        else:
            note("This model has no class blocks.")


def _kinds(look: Look) -> dict[str, str]:
    """What the model has, by the name that the URL gives it."""
    targets = intervention.targets_of(look.model)
    known = {"head", "attention", "particle"}
    known |= {t.kind for t in targets if t.kind in ("bias", "q·k") and t.layer is not None}
    known |= {f"all {t.kind}" for t in targets if t.layer is None and t.species is None}
    species = {str(t): str(t).capitalize() for t in targets if t.species is not None}
    return {kind: title for kind, title in KINDS.items() if kind in known} | species


def _kind(look: Look) -> str:
    kinds = _kinds(look)
    return look.choice.selection.target if look.choice.selection.target in kinds else "head"


def _target(look: Look, kind: str) -> Target:
    if kind in ("head", "attention", "bias", "q·k"):
        return Target(kind, look.layer, look.head if kind == "head" else None)
    if kind.startswith("all "):
        return Target(kind.removeprefix("all "))
    return next(target for target in intervention.targets_of(look.model) if str(target) == kind)


def _particle(look: Look, alone: np.ndarray) -> int:
    """The chosen constituent, or the hardest."""
    chosen = look.choice.selection.particle
    return int(look.scene.constituents.pt.argmax()) if chosen is None else min(chosen, len(alone) - 1)


def _measure(look: Look, found) -> str:
    known = importance_charts.known(found)
    return look.choice.selection.measure if look.choice.selection.measure in known else known[0]


def _measure_title(measure: str) -> str:
    return importance_charts.words(measure)[0]
