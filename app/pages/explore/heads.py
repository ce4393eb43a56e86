"""What the mosaic says of the heads: the measure that marks them, and the order in which they come."""

import streamlit as st

from app.components.study.controls import select
from app.pages.explore.card import Card
from app.pages.explore.context import ExploreContext
from app.pages.explore.state import ExploreState
from app.services import head_measures

ARRANGEMENTS = {"": "by number", "layers": "within layers", "all": "over all layers"}


def heads_menu(context: ExploreContext, cards: list[Card]) -> None:
    """Draw the popover in which heads are marked and arranged by a measure, the first one where none is chosen."""
    measures: dict[str, str] = {}
    for card in cards:
        measures |= head_measures.offered(card.tagger, card.jet_view)
    with st.popover("Heads", key="heads_menu"):
        if not measures:
            st.caption("None of these models has attention between particles, so there are no heads to arrange.")
            return
        marked = context.state.marked if context.state.marked in measures else ""
        select("Mark heads by", ExploreState, "marked", {"": "–"} | measures, marked)
        reset = {} if marked else {"marked": next(iter(measures))}
        arranged = context.state.arranged if marked else ""
        select("Arrange heads", ExploreState, "arranged", ARRANGEMENTS, arranged, reset=reset)
        st.caption("A bar below each head is as long as the measure is large; largest first.")
