"""Explore: one jet, the models' predictions for it, and where their heads attend."""

from dataclasses import replace

import streamlit as st

from app.components.guard import fragment
from app.components.messages import show_errors
from app.components.page import open_page
from app.components.sidebar import sidebar
from app.components.theme import theme_name
from app.components.toolbar import highlight, highlight_heads, jet_line, position_of
from app.pages.explore.card import Card
from app.pages.explore.cards import make_cards, show_cards
from app.pages.explore.context import ExploreContext
from app.pages.explore.export import export_menu
from app.pages.explore.heads import heads_menu
from app.pages.explore.sample import sharpest_jets, show_sample
from app.pages.explore.state import ExploreState
from app.pages.explore.toolbar import find_classes, view_line
from app.services.crowd import is_crowded
from app.services.library import PartError
from app.services.models import prefetch
from app.state import session
from app.state.resolve import neighbour


def render() -> None:
    page = open_page(ExploreState)
    if page:
        sidebar(page.resolved, says_assumptions=False)  # the cards do
        st.session_state["file_in_sidebar"] = page.file.name
        _main()


@fragment
def _main() -> None:
    """Draw everything but the sidebar, which a step to another jet or a click on a head need not draw again."""
    if st.session_state.pop("models_changed", False):
        session.rerun()
    page = open_page(ExploreState, from_url=False)
    if not page:
        return
    if page.file.name != st.session_state["file_in_sidebar"]:  # the file has vanished
        session.rerun()
    context = ExploreContext(page.resolved, page.state)
    cards = make_cards(context, theme_name())
    drawn = [card for card in cards if not isinstance(card, PartError)]
    first = drawn[0].jet_view if drawn else None
    with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
        jet_line(context.resolved, first)
        if drawn:
            find_classes(context, drawn[0].tagger.dataset)
            heads_menu(context, drawn)
        export_menu(context, drawn)
    show_errors(session.get_error(), context.resolved.jet_note)
    view_line(context, first)
    selection = context.selection
    highlight(selection.layer, selection.head, position_of(first, selection))
    highlight_heads({f"card{card.slot}": card.tile for card in drawn if card.has_quantity})
    sharpest_jets(context, drawn)
    show_cards(cards, context)
    show_sample(context, drawn)
    if waiting := st.session_state.get("prefetch"):
        waiting.cancel()
    if not is_crowded():
        st.session_state["prefetch"] = prefetch(_prepare_next, context, theme_name())


def _prepare_next(context: ExploreContext, theme: str) -> None:
    """Trace the next jet with the models, and paint all their heads, so that the step to it is quick."""
    selection = neighbour(context.resolved, 1)
    resolved = replace(context.resolved, selection=selection)
    for card in make_cards(ExploreContext(resolved, context.state), theme):
        if isinstance(card, Card) and card.has_quantity:
            card.pixels()
            card.heads_sentence()


render()
