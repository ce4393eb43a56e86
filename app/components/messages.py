"""Sentences for the user, as plain text whatever is in them."""

import html
import re

import streamlit as st


def plain(text: str) -> str:
    """Text that Markdown leaves as it is: names of files must not become links, pictures or formulas."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$&:])", r"\\\1", text)


def refuse(error: Exception | str) -> None:
    """One sentence on bad input."""
    st.error(plain(str(error)))


def note(text: str) -> None:
    """Why there is nothing to see in a place, as such no fault."""
    st.html(f'<p class="note">{html.escape(text)}</p>')


def line(markup: str, *values: str) -> None:
    """A line of HTML whose `{}` are filled with escaped values."""
    st.html(markup.format(*(html.escape(value) for value in values)))
