"""The line above the cards: what is shown of the jet."""

from functools import partial

import streamlit as st

from app.components.classes import classes_menu
from app.components.study.controls import head_inputs
from app.components.toolbar import particle_button
from app.pages.explore.context import ExploreContext
from app.pages.explore.state import MAX_EDGES, MAX_SHOWN, ExploreState
from app.services.classes import class_titles
from app.services.library import JET_RADIUS, MATCH_RADIUS, MAX_CLASSES, Dataset, JetView
from app.services.library import view_options as options
from app.state import session
from app.state.selection import JetSelection

ORDER_NAMES = {"pt": "pT"}


def find_classes(context: ExploreContext, dataset: Dataset) -> None:
    """Draw the popover in which classes are found and put into groups; nothing for a model without classes."""
    if dataset.labels:
        classes_menu(dataset, context.selection.groups, partial(_find, context, dataset))


def view_line(context: ExploreContext, jet_view: JetView | None) -> None:
    """Choose quantity, scale, order, head, edges and colours, and deselect the chosen constituent."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_line"):
        _segments("Quantity", ExploreState, "quantity", options.QUANTITIES, options.QUANTITY_TITLES)
        is_signed = context.state.quantity in options.SIGNED
        _segments("Scale", ExploreState, "scale", options.SCALES, {}, disabled=is_signed)
        _order(context, jet_view)
        pattern = jet_view.trace.pattern if jet_view else None
        layers, heads = (1, 1) if pattern is None else pattern.shape[:2]
        layer, head = (min(i, n - 1) for i, n in ((context.selection.layer, layers), (context.selection.head, heads)))
        head_inputs(layer, layers, head, heads)
        st.number_input("Edges", 1, MAX_EDGES, width=85, **session.bind_widget(ExploreState, "edges"))
        if jet_view and jet_view.partons and jet_view.partons.n_prongs:
            _colours()
        particle_button(context.selection.particle)


def _order(context: ExploreContext, jet_view: JetView | None) -> None:
    """Choose the order of the constituents, of those that the file and the data config tell."""
    missing = {name: jet_view and jet_view.constituents.missing_order(name) for name in options.ORDERS}
    orders = [name for name in options.ORDERS if not missing[name]]
    chosen = context.selection.order
    st.segmented_control(
        "Order",
        orders,
        format_func=lambda name: ORDER_NAMES.get(name, name),
        required=True,
        help=" ".join(dict.fromkeys(filter(None, missing.values()))) or None,
        **session.bind_widget(JetSelection, "order", chosen if chosen in orders else "file"),
    )


def _find(context: ExploreContext, dataset: Dataset) -> None:
    """Choose classes whose bars are drawn, of a model that has more than are shown, and groups."""
    shown = context.state.shown_classes
    titles = class_titles(dataset, context.selection.groups, shown)
    if len(dataset.classes) <= MAX_CLASSES:
        titles = {text: title for text, title in titles.items() if text not in dataset.classes}
    if not titles:
        return
    st.multiselect(
        "Always show",
        list(titles),
        format_func=lambda text: titles.get(text, text),
        placeholder="Type a name",
        max_selections=MAX_SHOWN,
        select_all=False,
        **session.bind_widget(ExploreState, "shown_classes", [text for text in shown if text in titles], tuple),
    )


def _colours() -> None:
    """Choose what the colours of the event display stand for, where the file says which prongs a jet has."""
    st.selectbox(
        "Colour",
        options.COLOURS,
        format_func=options.COLOUR_TITLES.get,
        width=128,
        help="The colours of the event display. A prong is a quark, gluon or charged lepton of the truth, within "
        f"ΔR {JET_RADIUS} of the axis. By ΔR, a constituent belongs to the nearest prong; by kT, each of as many "
        "exclusive kT subjets as there are prongs belongs to the nearest one. "
        f"Nothing belongs to a prong beyond ΔR {MATCH_RADIUS}.",
        **session.bind_widget(ExploreState, "colour"),
    )


def _segments(
    label: str, state_class: type, field: str, values: tuple[str, ...], titles: dict[str, str], disabled: bool = False
) -> None:
    st.segmented_control(
        label,
        values,
        format_func=lambda value: titles.get(value, value),
        required=True,
        disabled=disabled,
        **session.bind_widget(state_class, field),
    )
