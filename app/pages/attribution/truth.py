"""Truth: how much of each head's attention and of each attribution falls on the prongs that jets come from."""

import streamlit as st

from app.components.messages import grouped
from app.components.study.chart import show_chart
from app.components.study.controls import segments, select
from app.pages.attribution.context import AttributionContext, choose_compared
from app.pages.attribution.state import AttributionState
from app.services.library import PRONG_GROUPS, Chart, share_limits, truth_charts

ABOUT = (
    "Run measures how much of the attention of each head, and of each attribution, falls on the constituents of each "
    "prong of these jets, beside the same for prongs that are shuffled among the constituents of a jet."
)
MATCHES = {"deltaR": "nearest", "kt": "kT subjets"}
HEIGHT = 276


def truth(context: AttributionContext) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="truth_line"):
        group = context.state.prong_group if context.state.prong_group in PRONG_GROUPS else PRONG_GROUPS[0]
        select("Share on", AttributionState, "prong_group", {name: name for name in PRONG_GROUPS}, group)
        segments("Constituents of a prong", AttributionState, "match", MATCHES, context.state.match)
        choose_compared(context)
    result = context.result(ABOUT)
    if not result:
        return
    index = PRONG_GROUPS.index(group)
    if index not in truth_charts.present_groups(result):
        st.caption(f"No jet of this sample has {group}.")
        return
    head = (context.layer, context.head) if context.has_heads else None
    bars = {"shares": truth_charts.shares(result, index, head), "overlaps": truth_charts.overlaps(result, index, head)}
    by_pt = truth_charts.by_pt(result, index, head)
    columns = st.columns(3 if context.has_heads else 2)
    with columns[0]:
        show_chart(bars["shares"], "shares", HEIGHT)
        show_chart(by_pt, "by_pt", HEIGHT, caption="Share against jet pT")
    maps = _maps(context, result, index)
    if context.has_heads:
        with columns[1]:
            show_chart(maps["excess"], "excess", HEIGHT, caption=f"Heads, {group}: share minus shuffled")
            show_chart(maps["auc"], "auc", HEIGHT, caption=f"Heads, {group}: AUC minus ½")
    with columns[-1]:
        show_chart(bars["overlaps"], "overlaps", HEIGHT)
        if "class_excess" in maps:
            show_chart(maps["class_excess"], "class_excess", HEIGHT, caption="Class token: share minus shuffled")
    having = int(result.means["share"].jets[0, :, index].max())
    without = f"; {grouped(result.left_out)} without known prongs are left out" if result.left_out else ""
    st.caption(
        f"Of {group}: means over {grouped(having)} jets with intervals of 95 %{without}. Faint: prongs shuffled "
        "among the constituents of each jet. AUC: how often a constituent of the prong is more important than another "
        "one; IoU: of the prong with as many of the most important constituents."
    )


def _maps(context: AttributionContext, result, group: int) -> dict[str, Chart]:
    """Return the maps of heads, on one scale where they show the same quantity."""
    maps = {}
    if context.has_heads:
        maps = {name: truth_charts.head_map(result, group, name) for name in ("excess", "auc")}
    if truth_charts.has_kind(result, "class head"):
        maps["class_excess"] = truth_charts.head_map(result, group, "excess", "class head")
    return share_limits(maps)
