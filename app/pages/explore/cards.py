"""The cards side by side: one or two in full, three or four with one shared row of detail."""

import streamlit as st

from app.components.fitting import show_misfit
from app.components.messages import line
from app.pages.explore.card import Card
from app.pages.explore.context import ExploreContext
from app.services.figures import view_jet
from app.services.library import JetView, PartError, Tagger, limits_of_models
from app.services.models import load_tagger
from app.state import session


def make_cards(context: ExploreContext, theme: str) -> list[Card | PartError]:
    """Return a card for each model in a light or dark theme, or why there is none."""
    views = [_view(context, name) for name in context.selection.models]
    limits = limits_of_models([pair[0] for pair in views if isinstance(pair, tuple)], context.view)
    return [
        pair
        if isinstance(pair, PartError)
        else Card(context, slot, *pair, context.view_of(slot, pair[1]), limits, theme)
        for slot, pair in enumerate(views)
    ]


def _view(context: ExploreContext, name: str) -> tuple[JetView, Tagger] | PartError:
    try:
        tagger = load_tagger(name, context.file)
        return view_jet(context.file, context.jet, tagger, name), tagger
    except PartError as error:
        return error


def show_cards(cards: list[Card | PartError], context: ExploreContext) -> None:
    """Draw the cards; then measure accuracies of what was assumed that are not known yet.

    Some of the context's models may have no card.
    """
    shown = []
    columns = st.columns(len(cards), gap="small")
    for slot, (card, column) in enumerate(zip(cards, columns, strict=True)):
        with column.container(border=True, key=f"card{slot}"):
            if isinstance(card, PartError):
                name = context.selection.models[slot]
                line('<div class="model"><b>{}</b></div>', name)
                show_misfit(card, name, context.file, f"{slot}")
                continue
            shown.append(card)
            st.html(card.title())
            card.assumptions()
            card.bars()
            (_single if len(cards) == 1 else _pair if len(cards) == 2 else Card.overview)(card)
    if len(cards) > 2:
        _detail(cards)
    newly_tried = [card.try_assumptions() for card in shown]
    if any(newly_tried):
        session.rerun()  # to show the accuracies


def _single(card: Card) -> None:
    if not card.jet_view.quantities:  # without heads the constituents take their place
        card.overview()
        left, right = st.columns((1, 2))
        with left:
            card.event_display(430)
        with right:
            card.table(470)
        return
    columns = st.columns(3)
    for column, draw in zip(columns, (card.overview, card.matrix, lambda: card.event_display(380)), strict=True):
        with column:
            draw()
    card.table(125)


def _pair(card: Card) -> None:
    left, right = st.columns(2)
    with left:
        card.overview()
        card.event_display(220)
    with right:
        card.matrix()
        card.table(220)


def _detail(cards: list[Card | PartError]) -> None:
    """Draw the chosen head of the card that was clicked last."""
    drawn = [card for card in cards if isinstance(card, Card)]
    if not drawn:
        return
    focus = next((card for card in drawn if card.slot == card.context.selection.focus), drawn[0])
    with st.container(border=True, key="detail"):
        columns = st.columns((0.64, 1, 1.1))
        parts = (focus.matrix, lambda: focus.event_display(285), lambda: focus.table(315))
        for column, draw in zip(columns, parts, strict=True):
            with column:
                draw()
