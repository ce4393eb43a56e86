"""Why a model cannot read the jets, with buttons that choose a model that can."""

import streamlit as st

from app.components.messages import plain, show_error
from app.components.titles import model_title
from app.services import fitting
from app.services.files import JetFile
from app.services.library import PartError
from app.state import session
from app.state.selection import JetSelection


def show_misfit(error: PartError | str, name: str, file: JetFile, key: str) -> None:
    """Say why a model cannot be shown; where the jets lack what it needs, offer models that fit.

    Parameters
    ----------
    error : PartError or str
        What the library says.
    name : str
        The model.
    file : JetFile
        The jets.
    key : str
        What tells the buttons apart on the page.
    """
    sentence = fitting.sentence(name, model_title(name), file)
    show_error(sentence or error)
    if not sentence:
        return
    with st.container(horizontal=True, key=f"misfit_{key}"):
        for other in fitting.offered_instead(file):
            st.button(plain(other), key=f"fit_{key}_{other}", on_click=_replace, args=(name, other))


def _replace(name: str, other: str) -> None:
    models = (other if model == name else model for model in session.read(JetSelection).models)
    session.update(JetSelection, models=tuple(dict.fromkeys(models)))
    st.session_state["models_changed"] = True  # the sidebar has to be drawn again, too
