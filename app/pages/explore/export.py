"""Downloads of a figure of the view: pictures, numbers, provenance and the script that reproduces it."""

from dataclasses import replace
from functools import partial

import streamlit as st

from app.components.messages import said, show_error
from app.components.toolbar import file_title
from app.pages.explore.card import Card
from app.pages.explore.context import ExploreContext
from app.pages.explore.report import report_menu
from app.services.classes import find_group
from app.services.figures import export_figure, export_models
from app.services.interactive import FIRST_JETS, chosen_entries, interactive_file
from app.services.library import COLUMN, TWO_COLUMNS, PartError, View

FIGURES = {
    "matrix": "Head",
    "mosaic": "All heads",
    "class": "Class token",
    "display": "Event display",
    "prediction": "Prediction",
}
PANELS = ("matrix", "mosaic", "class", "display")  # figures that can be drawn for several models at once
ALL = "All models"
WIDTHS = {COLUMN: f"One column, {COLUMN} in", TWO_COLUMNS: f"Two columns, {TWO_COLUMNS} in"}
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
        offered_models = [*names, *([ALL] if len(names) > 1 else [])]
        model = st.selectbox("Model", offered_models, key="export_model") if len(names) > 1 else cards[0].model
        shown = list(names.values()) if model == ALL else [names[model]]
        known = PANELS if model == ALL else FIGURES
        offered = [name for name in known if all(name in card.jet_view.figures for card in shown)]
        if model == ALL and context.state.quantity not in _shared_quantities(shown):
            offered = [name for name in offered if name == "class"]
        if not offered:
            st.caption("The models have no figure in common.")
            return
        figure = st.segmented_control(
            "Figure",
            offered,
            default=offered[0],
            format_func=lambda name: FIGURES[name],
            required=True,
            key=f"export_figure_{'_'.join(offered)}",
        )
        view = replace(context.view if model == ALL else names[model].view, figure=figure)
        if model == ALL:
            _panels(context, names, view)
        else:
            _buttons(context, names[model], view)
            st.caption("Script: reproduces the figure from the file and the checkpoint. JSON: its provenance.")
        _interactive(context, names)
        report_menu(context, next(iter(names.values())) if model == ALL else names[model])


def _shared_quantities(cards: list[Card]) -> set[str]:
    return set.intersection(*(set(card.jet_view.quantities) for card in cards))


def _panels(context: ExploreContext, cards: dict[str, Card], view: View) -> None:
    """Offer one drawing with a panel for each model."""
    width = st.segmented_control(
        "Width", list(WIDTHS), format_func=WIDTHS.get, default=TWO_COLUMNS, required=True, key="export_width"
    )
    models = {name: card.tagger for name, card in cards.items()}
    stem = f"{'_'.join(models)}_jet{context.jet}_{view.figure}_L{view.layer + 1}H{view.head + 1}_{view.quantity}"
    arguments = (context.file, file_title(context.file), context.jet, models, view)
    with st.container(horizontal=True):
        for kind in ("pdf", "svg", "png"):
            st.download_button(
                KINDS[kind],
                data=partial(export_models, *arguments, kind, width),
                file_name=f"{stem}.{kind}".replace("/", "-"),
                key=f"export_all_{kind}",
                on_click="ignore",
            )
    st.caption("Panels side by side, with the same limits and one colour bar.")


def _interactive(context: ExploreContext, cards: dict[str, Card]) -> None:
    """Offer the view of several jets as one page, with all models that are shown."""
    text = st.text_input(
        "Jets of the interactive page",
        placeholder=f"{context.jet} and the next {FIRST_JETS - 1}",
        help="Entries such as 0, 4, 10-15, at most 20. Empty: this jet and those after it in the list.",
        key="export_jets",
    )
    try:
        entries = chosen_entries(text, context.jet, context.resolved.candidates)
    except PartError as error:
        show_error(error)
        return
    models = {name: card.tagger for name, card in cards.items()}
    st.download_button(
        "Interactive page",
        data=partial(interactive_file, context.file, file_title(context.file), entries, models, context.view, said),
        file_name=f"{'_'.join(models)}_{len(entries)}-jets.html".replace("/", "-"),
        mime="text/html",
        key="export_interactive",
        on_click="ignore",
    )
    st.caption("One file that needs no server: all heads, layers and quantities of these jets and the models shown.")


def _buttons(context: ExploreContext, card: Card, view: View) -> None:
    file, jet = context.file, context.jet
    wanted = dict.fromkeys((*context.selection.groups, *context.state.shown_classes))
    view = replace(view, classes=tuple(text for text in wanted if find_group(card.tagger.dataset, text)))
    if view.figure == "prediction":  # as the bars of the card
        view = replace(view, scale="linear")
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
