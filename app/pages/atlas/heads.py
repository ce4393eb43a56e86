"""The names of all heads, and one head against all hypotheses."""

from pathlib import Path

import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.components.study.context import ModelContext
from app.pages.atlas.context import ABOUT, chosen_source
from app.services.library import AtlasResult, atlas_charts
from app.state import session
from app.state.selection import JetSelection

EXPLORE = Path(__file__).parents[1] / "explore" / "page.py"
NAMES, CLASS_NAMES, BARS = 440, 190, 420  # px
N_CLASSES = 16  # classes in bars


def heads(context: ModelContext) -> None:
    """Draw the map of names, and beside it the chosen head."""
    result = context.result(ABOUT)
    if result is None:
        return
    left, right = st.columns((0.62, 0.38), gap="medium")
    with left:
        source = chosen_source(context, result)
        show_chart(atlas_charts.name_map(result, marked=source), "names", NAMES)
        if any(s.kind == "class head" for s in result.sources):
            show_chart(atlas_charts.name_map(result, "class head", source), "class_names", CLASS_NAMES)
        st.caption(_rule(result))
    with right:
        _head(context, result, source)


def _rule(result: AtlasResult) -> str:
    return (
        f"{result.jets} jets. A head has a name if the hypothesis with the largest effect on one half of the jets has, "
        f"on the other half, an effect of {result.least_effect:g} or more, above that of untrained weights, and is "
        "significant at 5 % for all heads and hypotheses together. Colour: the effect."
    )


def _head(context: ModelContext, result: AtlasResult, source: int) -> None:
    show_chart(atlas_charts.head_bars(result, source), "head", BARS)
    hypothesis = atlas_charts.shown_hypothesis(result, source)
    if hypothesis is None:
        note("These jets have no keys of any hypothesis.")
        return
    by_class = atlas_charts.by_class(result, source, hypothesis)
    if 1 < len(by_class.series[0].x) <= N_CLASSES:
        show_chart(by_class, "by_class", 60 + 26 * len(by_class.series[0].x))
    _jets(context, result, source, hypothesis)


def _jets(context: ModelContext, result: AtlasResult, source: int, hypothesis: int) -> None:
    """Link to the jets in which the hypothesis holds best, and to those that contradict it."""
    chosen = result.sources[source]
    for title, entries in (("Holds best in", result.best), ("Contradicted in", result.worst)):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(title)
            for entry in entries[source, hypothesis]:
                if entry >= 0:
                    place = {"jet": int(entry), "models": (context.name,)}
                    if chosen.kind == "head":
                        place |= {"layer": chosen.layer, "head": chosen.head, "other_head": None}
                    st.page_link(
                        EXPLORE, label=f"jet {entry}", query_params=session.choices_with(JetSelection, **place)
                    )
