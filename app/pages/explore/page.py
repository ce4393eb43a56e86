"""Explore: one jet, what the models take it for, and where their heads look."""

import streamlit as st

from app.components.messages import refuse
from app.components.resolved import resolved
from app.components.sidebar import sidebar
from app.pages.explore.cards import make_cards, show, view_of
from app.pages.explore.export import export_menu
from app.pages.explore.toolbar import highlight, jet_line, view_line
from app.services import models as backend
from app.state import resolve as choices
from app.state import selection as session
from app.state.resolve import Choice


def render() -> None:
    choice = resolved()
    if choice:
        sidebar(choice)
        _main()


@st.fragment
def _main() -> None:
    """Everything but the sidebar, which a step to another jet or a click on a head need not draw again."""
    choice = resolved()
    if not choice:
        return
    cards = make_cards(choice, st.context.theme.type or "light")
    whole = [card for card in cards if not isinstance(card, Exception)]
    first = whole[0].scene if whole else None
    with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
        jet_line(choice, first)
        export_menu(choice, whole, view_of(choice))
    for sentence in filter(None, (session.complaint(), choice.note)):
        refuse(sentence)
    view_line(choice, first)
    highlight(choice, first)
    show(cards)
    if waiting := st.session_state.get("ahead"):
        waiting.cancel()
    st.session_state["ahead"] = backend.ahead(_look_ahead, choice)


def _look_ahead(choice: Choice) -> None:
    """Have the models look at the next jet, so that the step to it is quick."""
    jet = choices.neighbour(choice, 1).jet
    for model in choice.selection.models:
        backend.scene_of(choice.file, jet, model)


render()
