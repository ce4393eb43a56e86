"""A table of models as HTML: numbers in columns, explained by tooltips."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

STYLE = Path(__file__).with_suffix(".css")


def model_table(headings: Mapping[str, str], rows: Sequence[tuple[str, str, str]], is_long: bool = False) -> None:
    """Draw a table.

    Parameters
    ----------
    headings : mapping of str to str
        Each column's heading and what its tooltip explains; "" for none.
    rows : sequence of (str, str, str)
        A row's name, its colour ("" for none) and its cells as HTML, see `cells`.
    is_long : bool
        Whether the table scrolls in its place.
    """
    head = "".join(f"<th{_title(about)}>{html.escape(name)}</th>" for name, about in headings.items())
    body = "".join(
        f"<tr><th{_colour(colour)}>{html.escape(name)}</th>{row_cells}</tr>" for name, colour, row_cells in rows
    )
    table = f'<table class="models"><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>'
    st.html(STYLE)
    st.html(f'<div class="{"long" if is_long else "wide"}">{table}</div>')


def cells(texts: Sequence[str]) -> str:
    """Return table cells; the texts are HTML."""
    return "".join(f"<td>{text}</td>" for text in texts)


def parameter_count(parameters: int) -> str:
    """Return a number of parameters in thousands or millions."""
    return f"{parameters / 1e6:.2f} M" if parameters >= 1e6 else f"{parameters / 1e3:.1f} k"


def _title(about: str) -> str:
    return f' title="{html.escape(about)}"' if about else ""


def _colour(colour: str) -> str:
    return f' style="color:{colour}"' if colour else ""
