"""Why a model cannot be shown, with buttons that choose a model that can."""

import streamlit as st

from app.components.messages import note, plain, show_error
from app.components.titles import model_title
from app.services import fitting
from app.services.files import JetFile
from app.services.fitting import UnsuitedError, Works
from app.services.library import PartError
from app.state import session
from app.state.selection import JetSelection


def show_misfit(error: PartError, name: str, file: JetFile, key: str, works: Works | None = None) -> None:
    """Say why a model cannot be shown, and offer models that can.

    That the jets lack what it needs, or that it does not have what is shown, is no error, and the sentence is grey.

    Parameters
    ----------
    error : PartError
        What the library says.
    name : str
        The model.
    file : JetFile
        The jets.
    key : str
        What tells the buttons apart on the page.
    works : callable, optional
        Raises PartError for the name of a model that does not have what is shown.
    """
    lacking = fitting.sentence(name, model_title(name), file, works)
    if not lacking and not isinstance(error, UnsuitedError):
        show_error(error)
        return
    note(lacking or str(error))
    offered = [other for other in fitting.offered_instead(file, works) if other != name]
    if offered:
        with st.container(horizontal=True, vertical_alignment="center", key=f"misfit_{key}"):
            st.caption("Show instead", width="content")
            for other in offered:
                st.button(plain(other), key=f"fit_{key}_{other}", on_click=_replace, args=(name, other))


def _replace(name: str, other: str) -> None:
    models = (other if model == name else model for model in session.read(JetSelection).models)
    session.update(JetSelection, models=tuple(dict.fromkeys(models)))
    st.session_state["models_changed"] = True  # the sidebar has to be drawn again, too
