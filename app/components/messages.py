"""Sentences for the user, as plain text whatever they contain."""

import html
import re

import streamlit as st

from app.services.library import shortened
from app.services.owners import recent, with_titles
from app.services.places import conceal
from app.state.visitor import visitor


def plain(text: str) -> str:
    """Return text that Markdown leaves unchanged: names of files must not become links, pictures or formulas."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$&:])", r"\\\1", text)


def said(text: str) -> str:
    """Return a sentence as a visitor reads it: uploads have the visitor's names, the server's folders none.

    It is not longer than a line or two.
    """
    return shortened(conceal(with_titles(text, recent(visitor()))))


def show_error(error: Exception | str) -> None:
    """Show one sentence on bad input, in which uploads have the visitor's names."""
    st.error(plain(said(str(error))))


def caption(text: str) -> None:
    """Show a small line of plain text; nothing if there is none."""
    if text:
        st.caption(plain(said(text)))


def show_errors(*errors: Exception | str | None) -> None:
    """Show several errors, one below the other."""
    for error in filter(None, errors):
        show_error(error)


def note(text: str) -> None:
    """Say why a place is empty, where that is no error."""
    st.html(f'<p class="note">{html.escape(said(text))}</p>')


def line(markup: str, *values: str) -> None:
    """Show a line of HTML whose `{}` are filled with escaped values."""
    st.html(markup.format(*(html.escape(said(value)) for value in values)))


def grouped(number: float) -> str:
    """Return a whole number with spaces between thousands."""
    return f"{number:,.0f}".replace(",", " ")
