"""A few heads that tell two classes apart on their own."""

import streamlit as st

from app.components.classes import classes_menu
from app.components.messages import plain
from app.components.study.chart import show_chart
from app.components.study.context import ModelContext
from app.components.study.controls import select
from app.pages.circuits.context import chosen_classes, pair_options
from app.pages.circuits.state import CircuitsState
from app.services.classes import class_titles, without_shared
from app.services.library import circuit_charts
from app.state import session
from app.state.selection import StudyState

ABOUT = (
    "Run searches for the heads that tell the two classes apart while all others give their mean: one head more at a "
    "time, then pruned, on one half of the jets, and measured on the other. It takes minutes."
)
CURVE, HEADS, CLASS_HEADS = 330, 400, 190  # px
BAR = 26


def circuit_study(context: ModelContext) -> tuple[str, dict]:
    options = pair_options(context) | {"heads": "all" if context.state.of_class_token else "particle"}
    options.pop("corruption")
    return "circuit", options


def choose_contrast(context: ModelContext) -> None:
    """Choose the two classes, whether heads of the class token are searched, and the size of the set."""
    dataset, made = context.model.dataset, context.selection.groups
    target, contrast = chosen_classes(context)
    titles = class_titles(dataset, made, [target, contrast])
    select("Class", StudyState, "target_class", without_shared(dataset, titles, contrast), target)
    select("Against", StudyState, "contrast_class", without_shared(dataset, titles, target), contrast)
    classes_menu(dataset, made)
    if getattr(context.model.config, "class_layers", 0):
        choice = session.bind_widget(CircuitsState, "of_class_token", context.state.of_class_token)
        st.toggle("Class token's heads", **choice)
    result = context.task.result if context.task else None
    if result is not None:
        st.slider("Heads", 1, result.largest, width=200, **session.bind_widget(CircuitsState, "size", _size(context)))


def search(context: ModelContext) -> None:
    """Draw the curves against size, and the set of the chosen size."""
    result = context.result(ABOUT)
    if result is None:
        return
    size = _size(context)
    columns = st.columns(3, gap="medium")
    for column, name in zip(columns, ("kept", "removed", "auc"), strict=True):
        with column:
            show_chart(getattr(circuit_charts, name)(result, size), name, CURVE)
    left, right = st.columns(2, gap="medium")
    with left:
        show_chart(circuit_charts.head_map(result, size), "circuit_heads", HEADS)
        if circuit_charts.has_class_heads(result):
            show_chart(circuit_charts.class_head_map(result, size), "circuit_class_heads", CLASS_HEADS)
    with right:
        show_chart(circuit_charts.members(result, size), "members", 110 + BAR * size)
        show_chart(circuit_charts.stability(result, size), "stability", CURVE)
    jets = " + ".join(map(str, result.jets))
    st.caption(
        plain(
            f"{jets} jets. The set was searched on the first of these samples and measured on the others; frames show "
            "the set of the chosen size."
        )
    )


def _size(context: ModelContext) -> int:
    """Return the size that is shown: the chosen one, or the smallest that keeps enough."""
    result = context.task.result if context.task else None
    if result is None:
        return 1
    return min(context.state.size, result.largest) or circuit_charts.shown_size(result)
