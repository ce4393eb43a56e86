"""The two lines above the cards: the jet and the way to others; what is shown of it."""

import streamlit as st

from app.components.messages import line
from app.services.models import Scene, figures
from app.state import resolve as choices
from app.state.resolve import Choice
from app.state.selection import MAX_EDGES, adopt, change, mirror

ORDER_NAMES = {"pt": "pT", "subjet": "subjet", "species": "species", "file": "file"}


def jet_line(choice: Choice, scene: Scene | None) -> None:
    """The jet in one line with the steps to others."""
    jet = f"{choice.selection.jet:,}".replace(",", " ")
    left_out = f"{scene.dropped} of lowest pT left out" if scene and scene.dropped else ""
    heading = scene.heading if scene else ""
    line('<div class="jet"><b>Jet {}</b><span>{}</span><em>{}</em></div>', jet, heading, left_out)
    st.button(
        "Previous",
        key="previous",
        on_click=_go,
        args=(choice, -1),
        shortcut="Left",
    )
    last = len(choice.sample) - 1
    st.number_input("Jet", 0, last, key=mirror("jet"), on_change=_adopt_jet, label_visibility="collapsed", width=110)
    st.button("Next", key="next", on_click=_go, args=(choice, 1), shortcut="Right")
    st.button("Random", key="random", on_click=_go, args=(choice, 0))


def _go(choice: Choice, step: int) -> None:
    found = choices.neighbour(choice, step) if step else choices.random(choice)
    change(jet=found.jet, particle=None)


def _adopt_jet() -> None:
    adopt("jet")
    change(particle=None)


def view_line(choice: Choice, scene: Scene | None) -> None:
    """What is shown: quantity, scale, order, head, edges, and the chosen particle to let go of."""
    view = figures.view
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_line"):
        _choice("Quantity", "quantity", view.QUANTITIES, view.QUANTITY_TITLES)
        signed = choice.selection.quantity in view.SIGNED
        _choice("Scale", "scale", view.SCALES, {}, disabled=signed)
        _choice("Order", "order", view.ORDERS, ORDER_NAMES)
        layers, heads = scene.trace.pattern.shape[:2] if scene and scene.trace.has("pattern") else (1, 1)
        for field, label, count in (("layer", "Layer", layers), ("head", "Head", heads)):
            value = getattr(choice.selection, field) + 1
            st.number_input(
                label, 1, count, key=mirror(field, value), on_change=adopt, args=(field, _less_one), width=95
            )
        st.number_input("Edges", 1, MAX_EDGES, key=mirror("edges"), on_change=adopt, args=("edges",), width=105)
        if choice.selection.particle is not None:
            st.button(
                f"Constituent {choice.selection.particle + 1} ×",
                key="clear_particle",
                on_click=change,
                kwargs={"particle": None},
            )


def _choice(label: str, field: str, options: tuple[str, ...], titles: dict[str, str], disabled: bool = False) -> None:
    st.segmented_control(
        label,
        options,
        key=mirror(field),
        format_func=lambda option: titles.get(option, option),
        on_change=adopt,
        args=(field,),
        required=True,
        disabled=disabled,
    )


def _less_one(value: int) -> int:
    return value - 1


def highlight(choice: Choice, scene: Scene | None) -> None:
    """The chosen head and particle as CSS variables, which the canvases draw their frames from."""
    selection = choice.selection
    place = -9999
    if scene and selection.particle is not None:
        place = int(scene.constituents.order(selection.order).tolist().index(selection.particle))
    st.html(
        f"<style>:root {{ --partscope-layer: {selection.layer}; --partscope-head: {selection.head}; "
        f"--partscope-position: {place}; }}</style>"
    )
