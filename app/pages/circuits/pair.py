"""The chosen jet and its corrupted one, side by side."""

from typing import Any

import streamlit as st

from app.components.canvas.display import draw_display
from app.components.explained import explained
from app.components.messages import caption, line, note, show_error
from app.components.study.context import ModelContext
from app.components.theme import theme_name
from app.components.toolbar import jet_line, toggle_particle
from app.pages.circuits.context import pair_options
from app.services.circuits import JetPair, jet_pair
from app.services.library import JetView, PartError, jet_alone_payload, jet_extent

HEIGHT = 300  # px


def pair_arguments(context: ModelContext) -> tuple[Any, ...]:
    """Return what `services.circuits.jet_pair` takes."""
    options = pair_options(context)
    classes = options["target_class"], options["contrast_class"]
    return context.file, context.jet, context.model, context.name, context.entries, *classes, options["corruption"]


def show_pair(context: ModelContext) -> None:
    """Draw both jets on the same scale; nothing for a model that has no edges."""
    if context.task is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
        jet_line(context.resolved, None)  # the lines above both jets describe them
    try:
        found = jet_pair(*pair_arguments(context))
    except PartError as error:
        show_error(error)
        return
    views = {"Original": found.clean, "Corrupted": found.corrupted}
    if not all(view.constituents.has_momenta for view in views.values()):
        note("The data config does not say which of its variables are the momenta, so the jets cannot be drawn.")
        return
    extent = max(map(jet_extent, views.values()))
    for column, (title, view) in zip(st.columns(2), views.items(), strict=True):
        with column:
            _jet(context, found, title, view, extent)
    caption(_sentence(found))


def _jet(context: ModelContext, found: JetPair, title: str, view: JetView, extent: float) -> None:
    donor = f"jet {found.donor} · " if found.donor is not None and view is found.corrupted else ""
    line('<div class="pair"><b>{}</b> {}</div>', title, f"{donor}{view.heading}")
    painted = f"{context.file.key[:16]}:{context.jet}:{context.state.corruption}:{title}/{theme_name()}"
    particle = context.selection.particle
    ring = particle if particle is not None and particle < len(view.constituents) else None
    selected = ring if view is found.clean or found.n_changed is not None else None
    payload = jet_alone_payload(view, title, HEIGHT, painted, extent, selected)
    with explained("jet_pair", f"pair_{title}"):
        draw_display(payload, f"pair_{title}", toggle_particle if view is found.clean else _ignore)


def _ignore(_: int) -> None:
    """Choose no constituent: those of the corrupted jet have other numbers."""


def _sentence(found: JetPair) -> str:
    """Return what the corrupted jet is."""
    n, changed = found.n_changed, ""
    if n is not None:
        changed = f"; {n} constituent{'s are' if n != 1 else ' is'} changed or added"
    text = f"The corrupted jet is {found.corruption}{changed}."
    if not found.is_of_class:
        text += f" This jet is not of the class {found.classes[0]}, whose jets are the clean ones of the study."
    return text
