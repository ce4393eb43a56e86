"""Downloads of a figure of the view: pictures, numbers, provenance and the script that makes it again."""

from dataclasses import replace
from functools import partial

import streamlit as st

from app.components.card import Card
from app.services.models import View, render_export
from app.state.resolve import Choice

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


def export_menu(choice: Choice, cards: list[Card], view: View) -> None:
    with st.popover("Export", key="export"):
        if not cards:
            st.caption("No model could look at this jet.")
            return
        names = {card.model: card for card in cards}
        card = names[st.selectbox("Model", list(names), key="export_model")] if len(names) > 1 else cards[0]
        offered = [name for name in FIGURES if name in card.scene.figures]
        figure = st.segmented_control(
            "Figure", offered, default=offered[0], format_func=FIGURES.get, required=True, key="export_figure"
        )
        _buttons(choice, card, replace(view, figure=figure))
        st.caption("Script: makes the figure again from the file and the checkpoint. JSON: where it comes from.")


def _buttons(choice: Choice, card: Card, view: View) -> None:
    jet = choice.selection.jet
    shown = st.session_state.get("upload_names", {}).get(choice.file.name, choice.file.name)
    bounds = card.limits if view.figure in ("matrix", "mosaic", "display") else None
    stem = f"{card.model}_jet{jet}_{view.figure}_L{view.layer + 1}H{view.head + 1}_{view.quantity}"
    with st.container(horizontal=True):
        for kind, label in KINDS.items():
            st.download_button(
                label,
                data=partial(render_export, choice.file, shown, jet, card.model, view, bounds, kind),
                file_name=f"{stem}.{kind}",
                key=f"export_{kind}",
                on_click="ignore",
            )
