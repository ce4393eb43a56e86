"""The cards side by side: one or two whole, three or four with one shared row of detail."""

from dataclasses import replace

import streamlit as st

from app.components.card import Card
from app.components.messages import refuse
from app.services import models as backend
from app.services.models import figures
from app.state.resolve import Choice


def make_cards(choice: Choice, theme: str) -> list[Card | Exception]:
    """A card a model, or why there is none."""
    found = [_look(choice, model) for model in choice.selection.models]
    view = view_of(choice)
    limits = _limits([pair[0] for pair in found if isinstance(pair, tuple)], view)
    return [
        pair if isinstance(pair, Exception) else Card(choice, slot, *pair, view, limits, theme)
        for slot, pair in enumerate(found)
    ]


def _look(choice: Choice, model: str) -> tuple[figures.Scene, backend.Tagger] | Exception:
    try:
        scene = backend.scene_of(choice.file, choice.selection.jet, model)
        return scene, backend.tagger(model, choice.file)
    except backend.BadInput as error:
        return error


def _limits(scenes: list[figures.Scene], view: figures.View) -> tuple[float, float] | None:
    """Of the colours, over all heads of all models; None for attention, whose limits are fixed."""
    having = [scene for scene in scenes if view.quantity in scene.quantities]
    if view.quantity == "pattern" or not having:
        return None
    mosaic = replace(view, figure="mosaic", query=None)
    return figures.shared_limits(figures.figure_data(scene, mosaic) for scene in having)


def view_of(choice: Choice) -> figures.View:
    """What the selection shows of a model, as the library says it."""
    s = choice.selection
    return figures.View("matrix", s.quantity, s.layer, s.head, s.scale, s.order, s.particle, s.edges)


def show(cards: list[Card | Exception]) -> None:
    """Draw the cards; then, where it is not known, measure how long a model takes and write that, too."""
    lines = []
    columns = st.columns(len(cards), gap="small")
    for slot, (card, column) in enumerate(zip(cards, columns, strict=True)):
        with column.container(border=True, key=f"card{slot}"):
            if isinstance(card, Exception):
                refuse(card)
                continue
            lines.append((card, st.empty()))
            lines[-1][1].html(card.title())
            card.bars()
            (_alone if len(cards) == 1 else _pair if len(cards) == 2 else Card.overview)(card)
    if len(cards) > 2:
        _detail(cards)
    for card, line in lines:
        if card.measure():
            line.html(card.title())


def _alone(card: Card) -> None:
    if not card.scene.quantities:  # no heads: the constituents take their place
        card.overview()
        left, right = st.columns((1, 2))
        with left:
            card.event(430)
        with right:
            card.table(470)
        return
    columns = st.columns(3)
    for column, draw in zip(columns, (card.overview, card.matrix, lambda: card.event(430)), strict=True):
        with column:
            draw()
    card.table(178)


def _pair(card: Card) -> None:
    left, right = st.columns(2)
    with left:
        card.overview()
        card.event(290)
    with right:
        card.matrix()
        card.table(240)


def _detail(cards: list[Card | Exception]) -> None:
    """The chosen head of the card that was clicked last."""
    whole = [card for card in cards if isinstance(card, Card)]
    if not whole:
        return
    focus = next((card for card in whole if card.slot == card.choice.selection.focus), whole[0])
    with st.container(border=True, key="detail"):
        columns = st.columns((0.64, 1, 1.1))
        for column, draw in zip(
            columns, (focus.matrix, lambda: focus.event(285), lambda: focus.table(315)), strict=True
        ):
            with column:
                draw()
