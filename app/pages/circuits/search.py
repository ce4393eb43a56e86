"""A few heads, or a set of edges, that tell two classes apart on their own."""

import streamlit as st

from app.components.classes import classes_menu
from app.components.messages import plain
from app.components.study.chart import show_chart
from app.components.study.context import ModelContext
from app.components.study.controls import segments, select
from app.pages.circuits.context import chosen_classes, chosen_corruption, pair_options
from app.pages.circuits.state import CircuitsState
from app.services.circuits import CORRUPTION_TITLES, size_options
from app.services.classes import class_titles, without_shared
from app.services.library import circuit_charts
from app.state import session
from app.state.selection import StudyState

ABOUT = {
    "heads": "Run searches for the heads that tell the two classes apart while all others are replaced: one head more "
    "at a time, then pruned, on one half of the jets, and measured on the other. It takes minutes.",
    "edges": "Run scores all edges between components by gradients, lets a set grow by the strongest that lead to the "
    "logits, prunes it, and measures it on other jets. It takes minutes.",
}
MEMBERS = {"heads": "Heads", "edges": "Edges"}
REPLACEMENTS = {
    "heads": {"mean": "their mean", "zero": "zero", "corrupted": "a corrupted jet's"},
    "edges": {"mean": "their mean", "corrupted": "a corrupted jet's"},
}
CURVE, HEADS, CLASS_HEADS = 330, 400, 190  # px
BAR = 26


def circuit_study(context: ModelContext) -> tuple[str, dict]:
    options = pair_options(context) | {"replacement": _replacement(context)}
    options |= size_options(context.model, _members(context))
    if options["replacement"] != "corrupted":
        options.pop("corruption")
    if _members(context) == "edges":
        return "edge_circuit", options
    return "circuit", options | {"heads": "all" if context.state.of_class_token else "particle"}


def choose_contrast(context: ModelContext) -> None:
    """Choose the two classes, what the set is made of, what replaces all else, and the size of the set."""
    dataset, made = context.model.dataset, context.selection.groups
    target, contrast = chosen_classes(context)
    titles = class_titles(dataset, made, [target, contrast])
    select("Class", StudyState, "target_class", without_shared(dataset, titles, contrast), target)
    select("Against", StudyState, "contrast_class", without_shared(dataset, titles, target), contrast)
    classes_menu(dataset, made)
    members, replacement = _members(context), _replacement(context)
    segments("Set of", CircuitsState, "members", MEMBERS, members)
    select("All others give", CircuitsState, "replacement", REPLACEMENTS[members], replacement)
    if replacement == "corrupted":
        select("Corruption", CircuitsState, "corruption", CORRUPTION_TITLES, chosen_corruption(context))
    if members == "heads" and getattr(context.model.config, "class_layers", 0):
        choice = session.bind_widget(CircuitsState, "of_class_token", context.state.of_class_token)
        st.toggle("Class token's heads", **choice)
    result = context.task.result if context.task else None
    if result is not None:
        size = session.bind_widget(CircuitsState, "size", _size(context))
        st.select_slider("Size", result.sizes, width=200, **size)


def search(context: ModelContext) -> None:
    """Draw the curves against size, and the set of the chosen size."""
    result = context.result(ABOUT[_members(context)])
    if result is None:
        return
    size = _size(context)
    _curves(result, size, ("kept", "removed", "lost"))
    left, right = st.columns(2, gap="medium")
    with left:
        if circuit_charts.is_of_heads(result):
            show_chart(circuit_charts.head_map(result, size), "circuit_heads", HEADS)
        else:
            show_chart(circuit_charts.edge_grid(result, size), "circuit_edges", HEADS)
        if circuit_charts.has_class_heads(result):
            show_chart(circuit_charts.class_head_map(result, size), "circuit_class_heads", CLASS_HEADS)
    with right:
        bars = min(len(result.places_left_out(size)), circuit_charts.BARS)
        show_chart(circuit_charts.members(result, size), "members", 110 + BAR * bars)
    _curves(result, size, ("auc", "stability"))
    jets = " + ".join(map(str, result.jets))
    frames = " Frames show the set of the chosen size." if circuit_charts.is_of_heads(result) else ""
    st.caption(
        plain(
            f"{jets} jets. The set was searched on the first of these samples and measured on the others; all else "
            f"gives {result.searched.replacement}.{frames}"
        )
    )


def _curves(result, size: int, names: tuple[str, ...]) -> None:
    for column, name in zip(st.columns(len(names), gap="medium"), names, strict=True):
        with column:
            show_chart(getattr(circuit_charts, name)(result, size), name, CURVE)


def _members(context: ModelContext) -> str:
    return context.state.members if context.state.members in MEMBERS else "heads"


def _replacement(context: ModelContext) -> str:
    return context.state.replacement if context.state.replacement in REPLACEMENTS[_members(context)] else "mean"


def _size(context: ModelContext) -> int:
    """Return the size that is shown: the chosen one or the next smaller one, or the smallest that keeps enough."""
    result = context.task.result if context.task else None
    if result is None:
        return 1
    chosen = min(context.state.size, result.largest)
    return result.sizes[result.place(chosen)] if chosen else circuit_charts.shown_size(result)
