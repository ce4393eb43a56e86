"""What each component adds directly to the evidence for a class, and in one jet each particle."""

import streamlit as st

from app.components.messages import plain, show_error
from app.components.study.chart import show_chart
from app.components.study.class_choice import class_choice
from app.components.study.context import ModelContext
from app.components.toolbar import jet_line
from app.services.library import DirectResult, PartError, direct_charts, particle_share_charts
from app.services.logit_shares import jet_shares

ABOUT = "Run measures what each head, feed-forward part and the embedding add to a difference of logits, on average."
BARS, HEADS, CLASS_HEADS, JET = 600, 400, 190, 520  # px


def choose_classes(context: ModelContext) -> None:
    """Choose the class or group, and what it is compared with."""
    class_choice(context.model.dataset, context.selection.groups, context.target_class, context.contrast_class)


def logits(context: ModelContext) -> None:
    """Draw the bars of all components and the maps of the heads, and the chosen jet by its particles."""
    result = context.result(ABOUT)
    if result is not None:
        _components(result)
    if context.task is not None:
        _particles(context)


def _components(result: DirectResult) -> None:
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


def _particles(context: ModelContext) -> None:
    """Draw the share of each particle of the chosen jet."""
    with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
        jet_line(context.resolved, context.jet_view)
    classes = context.target_class, context.contrast_class
    try:
        shares = jet_shares(context.file, context.jet, context.model, *classes)
    except PartError as error:
        show_error(error)
        return
    left, right = st.columns((0.55, 0.45), gap="medium")
    with left:
        show_chart(particle_share_charts.plane(shares, context.jet_view), "particle_plane", JET)
    with right:
        show_chart(particle_share_charts.bars(shares, context.jet_view), "particle_bars", JET)
