"""The question mark beside a picture: what it shows, and how to read it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.components.messages import plain, said
from app.services.library import explain

PAPER = re.compile(r"arXiv\\:(\d+)\\\.(\d+)")  # as `plain` writes it


def question_mark(kind: str, key: str, sentence: str = "") -> None:
    """Draw a question mark whose tooltip explains a kind of picture, as those of widgets do; nothing for no kind.

    Parameters
    ----------
    kind : str
        A kind of `part.figures.about`.
    key : str
        What tells the picture apart on the page.
    sentence : str
        What this picture shows, where there is no room for it below.
    """
    if not kind:
        return
    text = PAPER.sub(r"[arXiv:\1.\2](https://arxiv.org/abs/\1.\2)", plain(explain(kind)))
    text += f"\n\n{plain(f'Here: {said(sentence)}')}" if sentence else ""
    with st.container(key=f"about_{key}", width="content"):
        st.markdown("&#8203;", help=text, width="content")  # an empty text would have no place for the question mark


@contextmanager
def explained(kind: str, key: str, sentence: str = "") -> Iterator[None]:
    """Put the question mark into the upper right corner of what is drawn inside, see `question_mark`."""
    with st.container(key=f"explained_{key}"):
        yield
        question_mark(kind, key, sentence)
