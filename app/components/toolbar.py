"""The line of the jet with the steps to others, and the marks of the chosen head and constituent."""

from collections.abc import Mapping

import streamlit as st

from app.components.messages import grouped, line
from app.services.files import JetFile
from app.services.library import JetView
from app.services.owners import jets_title, recent
from app.state import session
from app.state.resolve import ResolvedSelection, neighbour, random
from app.state.selection import JetSelection
from app.state.visitor import visitor

NOWHERE = -9999  # a position off all canvases


def jet_line(resolved: ResolvedSelection, jet_view: JetView | None) -> None:
    """Draw the jet in one line with the steps to others, into a horizontal container of the caller's."""
    jet = grouped(resolved.selection.jet)
    which = "at the end of the list" if resolved.file.config else "of lowest pT"
    truncated = f"{jet_view.n_truncated} {which} left out" if jet_view and jet_view.n_truncated else ""
    heading = jet_view.heading if jet_view else ""
    line('<div class="jet"><b>Jet {}</b><span>{}</span><em>{}</em></div>', jet, heading, truncated)
    st.button("Previous", key="previous", on_click=_go, args=(resolved, -1), shortcut="Left")
    last = len(resolved.sample) - 1
    choice = session.bind_widget(JetSelection, "jet", reset={"particle": None})
    st.number_input("Jet", 0, last, label_visibility="collapsed", width=110, **choice)
    st.button("Next", key="next", on_click=_go, args=(resolved, 1), shortcut="Right")
    st.button("Random", key="random", on_click=_go, args=(resolved, 0))


def _go(resolved: ResolvedSelection, step: int) -> None:
    selection = neighbour(resolved, step) if step else random(resolved)
    session.update(JetSelection, jet=selection.jet, particle=None)


def particle_button(particle: int | None) -> None:
    """Draw the chosen constituent with a cross that deselects it."""
    if particle is not None:
        label = f"Constituent {particle + 1} ×"
        clear = {"on_click": session.update, "args": (JetSelection,), "kwargs": {"particle": None}}
        st.button(label, key="clear_particle", shortcut="Escape", **clear)


def toggle_particle(particle: int) -> None:
    """Choose a constituent, or deselect it if it is the chosen one."""
    chosen = session.read(JetSelection).particle
    session.update(JetSelection, particle=None if particle == chosen else particle)


def highlight(layer: int, head: int, position: int = NOWHERE) -> None:
    """Mark the chosen head and constituent on all canvases, which draw their frames from these CSS variables."""
    variables = f"--partscope-layer: {layer}; --partscope-head: {head}; --partscope-position: {position};"
    st.html(f"<style>:root {{ {variables} }}</style>")


def highlight_heads(places: Mapping[str, tuple[int, int]]) -> None:
    """Mark a head of its own, by row and column, on the canvases of each container, given by its key."""
    rules = (
        f".st-key-{key} {{ --partscope-layer: {layer}; --partscope-head: {head}; }}"
        for key, (layer, head) in places.items()
    )
    st.html(f"<style>{' '.join(rules)}</style>")


def position_of(jet_view: JetView | None, selection: JetSelection) -> int:
    """Return the position of the chosen constituent in the order shown."""
    if jet_view is None or selection.particle is None:
        return NOWHERE
    return jet_view.constituents.order(selection.order).tolist().index(selection.particle)


def file_title(file: JetFile) -> str:
    """Return the name of a file as the user knows it, for an upload its own."""
    return jets_title(file.name, recent(visitor()))
