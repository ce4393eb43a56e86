"""The page that attribution, bias, sparsity and intervention have in common: a header, a line of controls, a tab."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from app.components.messages import show_error, show_errors
from app.components.page import open_page
from app.components.sidebar import sidebar
from app.components.study.context import StudyContext, StudyOptions
from app.components.study.controls import segments
from app.components.study.header import study_header
from app.components.study.to_explore import go_to_explore
from app.components.toolbar import jet_line
from app.services.library import PartError
from app.state.context import PageContext
from app.state.selection import StudyState
from app.state.session import get_error


@dataclass(frozen=True)
class Tab:
    """A tab of a page.

    Attributes
    ----------
    title : str
        Its name.
    show : callable
        Draws it, from the page's context.
    study : callable, optional
        Returns the study that Run starts and its options; it may raise PartError.
    controls : callable, optional
        Draws the tab's own controls.
    shows_jet : bool
        Whether the line of the jet comes above it.
    question : str
        What it answers.
    """

    title: str
    show: Callable[[Any], None]
    study: Callable[[Any], StudyOptions] | None = None
    controls: Callable[[Any], None] | None = None
    shows_jet: bool = False
    question: str = ""


def study_page(
    title: str,
    tabs: Mapping[str, Tab],
    state_class: type[StudyState],
    make_context: Callable[[PageContext, str], StudyContext],
    controls: Callable[[Any], None],
    header: Callable[[str, str, Any], None] = study_header,
) -> None:
    """Draw a page of studies.

    Parameters
    ----------
    title : str
        The page's title.
    tabs : mapping of str to Tab
        The tabs by the name that the URL gives them; the first is the default.
    state_class : type
        The page's state.
    make_context : callable
        From the page and the tab's name to the context; it does not raise PartError.
    controls : callable
        Draws the controls that all tabs share.
    header : callable
        Draws the line on top, from the title, the tab's question and the context.
    """
    go_to_explore()
    page = open_page(state_class)
    if page is None:
        return
    sidebar(page.resolved)
    name = page.state.tab if page.state.tab in tabs else next(iter(tabs))
    tab = tabs[name]
    context = replace(make_context(page, name), make=tab.study)
    if tab.study and context.is_ready:
        context = context.with_study(tab.study)
    header(title, tab.question, context)
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_line"):
        segments("Shown", StudyState, "tab", {key: tab.title for key, tab in tabs.items()}, name)
        controls(context)
        if tab.controls and context.is_ready:
            tab.controls(context)
    show_errors(get_error(), page.resolved.jet_note)
    for number, (model, error) in enumerate(context.errors):
        context.explain(model, error, f"page{number}")
    if not context.is_ready:
        return
    try:
        if tab.shows_jet:
            with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
                jet_line(page.resolved, context.jet_view)
        tab.show(context)
    except PartError as error:
        show_error(error)
