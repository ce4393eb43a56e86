"""What was assumed of a model because nothing said it, with a switch for each keyword that can be tried both ways."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.components.messages import line
from app.services.assumptions import Choice, assumed_texts, open_choices, with_choice
from app.services.files import JetFile
from app.services.library import PartError
from app.state import session
from app.state.selection import JetSelection

ABOUT = (
    "The weights do not tell this keyword of weaver-core's network. The numbers are the accuracy on up to 200 jets of "
    "this file. A network file in the folder of the training would say it."
)


def assumptions(name: str, file: JetFile, slot: int) -> None:
    """Draw what was assumed of the chosen model at an index, on the jets that are shown."""
    draw_assumptions(name, file, f"assumed_{slot}", lambda chosen: _replace(slot, chosen))


def draw_assumptions(name: str, file: JetFile, key: str, choose: Callable[[str], None]) -> None:
    """Draw the line and the switches of a model; nothing if all is known.

    Parameters
    ----------
    name : str
        The model.
    file : JetFile
        The jets for which accuracies are shown, once they are measured.
    key : str
        The key of the container; those of the switches begin with it.
    choose : callable
        Called with the name of the model as the user wants to read it.
    """
    try:
        choices, others = open_choices(name, file), assumed_texts(name, file)
    except PartError:
        return  # the page says it where the model should be
    texts = [f"{choice.keyword} = {choice.chosen}" for choice in choices] + others
    if not texts:
        return
    is_assumed = all(choice.chosen == next(iter(choice.accuracies)) for choice in choices)
    beginning = "Assumed as published" if is_assumed else "Chosen, or assumed as published"
    line('<p class="assumed">{}: {}</p>', beginning, ", ".join(texts))
    with st.container(horizontal=True, key=key):
        for choice in choices:
            _switch(choice, name, file, f"{key}_{choice.keyword}", choose)


def _switch(choice: Choice, name: str, file: JetFile, key: str, choose: Callable[[str], None]) -> None:
    st.session_state[key] = choice.chosen
    st.segmented_control(
        choice.keyword,
        list(choice.accuracies),
        format_func=lambda value: _title(value, choice.accuracies[value]),
        required=True,
        key=key,
        help=ABOUT,
        on_change=lambda: choose(with_choice(name, file, choice.keyword, st.session_state[key])),
    )


def _title(value: Any, accuracy: float | None) -> str:
    return f"{value}" if accuracy is None else f"{value}: {accuracy:.2f}"


def _replace(slot: int, chosen: str) -> None:
    models = list(session.read(JetSelection).models)
    models[slot] = chosen
    session.update(JetSelection, models=tuple(dict.fromkeys(models)))
    st.session_state["models_changed"] = True  # the sidebar has to be drawn again, too
