"""What each component adds directly to the evidence for a class."""

import streamlit as st

from app.components.messages import plain
from app.components.study.chart import show_chart
from app.components.study.class_choice import class_choice
from app.components.study.context import ModelContext
from app.services.library import direct_charts

ABOUT = "Run measures what each head, feed-forward part and the embedding add to a difference of logits, on average."
BARS, HEADS, CLASS_HEADS = 600, 400, 190  # px


def choose_classes(context: ModelContext) -> None:
    """Choose the class or group, and what it is compared with."""
    class_choice(context.model.dataset, context.selection.groups, context.target_class, context.contrast_class)


def logits(context: ModelContext) -> None:
    """Draw the bars of all components, and the maps of the heads."""
    result = context.result(ABOUT)
    if result is None:
        return
    left, right = st.columns((0.45, 0.55), gap="medium")
    with left:
        show_chart(direct_charts.components(result), "components", BARS)
    with right:
        show_chart(direct_charts.head_map(result), "direct_heads", HEADS)
        if result.class_heads is not None:
            show_chart(direct_charts.class_head_map(result), "direct_class_heads", CLASS_HEADS)
    jets = int(result.shares["total"].jets)
    st.caption(
        plain(
            f"{jets} jets. Patterns, gates and the scales of norms are held: logits are linear in what components "
            "add, and the bars add up to the sum. What a head does through later patterns and feed-forward "
            "parts is their share. The heads of the class token read the same total in another way."
        )
    )
