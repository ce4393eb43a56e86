"""Compare: two to four models on the same jets, how good each is, what it costs, where they part."""

from pathlib import Path

import streamlit as st

from app.components.card import ACCENTS
from app.components.messages import note, refuse
from app.components.resolved import resolved
from app.components.sidebar import sidebar
from app.components.study.header import progress
from app.pages.compare.header import head
from app.pages.compare.sections import Sections
from app.pages.compare.table import model_table
from app.services import comparison as comparing
from app.services import models as backend
from app.state import selection as session
from app.state.resolve import Choice

PAGES = Path(__file__).parents[1]


def render() -> None:
    if st.session_state.pop("open_explore", False):
        st.switch_page(PAGES / "explore" / "page.py")
    choice = resolved()
    if not choice:
        return
    sidebar(choice, one_by_one=False)
    st.html(PAGES.parent / "compare.css")
    entries = choice.candidates[: choice.selection.compared]
    models, refused = _models(choice)
    job = comparing.find(choice.file, entries, models) if models else None
    head(choice, entries, models, job)
    for sentence in filter(None, (session.complaint(), refused, job and job.error)):
        _refuse(sentence)
    if models and not job:
        note("Run measures quality with its intervals, disagreement, changes of attention and cost on these jets.")
    if job and job.running:
        progress([job])
    elif job and job.result:
        theme = st.context.theme.type or "light"
        model_table(job.result, ACCENTS[theme])
        Sections(choice, job.result, entries, theme, ACCENTS[theme]).show()


def _models(choice: Choice) -> tuple[dict[str, comparing.Tagger] | None, str | None]:
    """The chosen models, or why they cannot be compared."""
    if len(choice.selection.models) < comparing.FEWEST:
        return None, "Choose two to four models in the sidebar; the others are compared with the first."
    try:
        return comparing.models_of(choice.selection.models, choice.file), None
    except backend.BadInput as error:
        return None, str(error)


def _refuse(error: Exception | str) -> None:
    if isinstance(error, Exception) and not isinstance(error, backend.BadInput):
        raise error
    refuse(error)


render()
