"""Downloads of a figure of the view: pictures, numbers, provenance and the script that reproduces it."""

from dataclasses import replace
from functools import partial

import streamlit as st

from app.components.toolbar import file_title
from app.pages.explore.card import Card
from app.pages.explore.context import ExploreContext
from app.services.classes import find_group
from app.services.figures import export_figure
from app.services.library import View

FIGURES = {
    "matrix": "Head",
    "mosaic": "All heads",
    "class": "Class token",
    "display": "Event display",
    "prediction": "Prediction",
}
KINDS = {
    "pdf": "PDF", "svg": "SVG", "png": "PNG", "html": "HTML",
    "npz": "NPZ", "csv": "CSV", "json": "JSON", "py": "Script", "zip": "All",
}  # fmt: skip


def export_menu(context: ExploreContext, cards: list[Card]) -> None:
    with st.popover("Export", key="export"):
        if not cards:
            st.caption("None of the models can take this jet.")
            return
        names = {card.model: card for card in cards}
        card = names[st.selectbox("Model", list(names), key="export_model")] if len(names) > 1 else cards[0]
        offered = [name for name in FIGURES if name in card.jet_view.figures]
        figure = st.segmented_control(
            "Figure",
            offered,
            default=offered[0],
            format_func=lambda name: FIGURES[name],
            required=True,
            key="export_figure",
        )
        _buttons(context, card, replace(context.view, figure=figure))
        st.caption("Script: reproduces the figure from the file and the checkpoint. JSON: its provenance.")


def _buttons(context: ExploreContext, card: Card, view: View) -> None:
    file, jet = context.file, context.jet
    wanted = dict.fromkeys((*context.selection.groups, *context.state.shown_classes))
    view = replace(view, classes=tuple(text for text in wanted if find_group(card.tagger.dataset, text)))
    limits = card.limits if view.figure in ("matrix", "mosaic", "display") else None
    stem = f"{card.model}_jet{jet}_{view.figure}_L{view.layer + 1}H{view.head + 1}_{view.quantity}"
    with st.container(horizontal=True):
        for kind, label in KINDS.items():
            st.download_button(
                label,
                data=partial(export_figure, file, file_title(file), jet, card.tagger, card.model, view, limits, kind),
                file_name=f"{stem}.{kind}",
                key=f"export_{kind}",
                on_click="ignore",
            )
