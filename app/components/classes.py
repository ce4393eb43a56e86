"""The popover in which classes are found and put into groups."""

from collections.abc import Callable, Mapping

import streamlit as st

from app.services.classes import find_group, group_texts, new_group
from app.services.library import Dataset, PartError
from app.state import session
from app.state.selection import JetSelection

FEW = 12  # classes that are quickly chosen one by one
ABOUT = "A group is a class wherever one can be chosen; its probability is the sum of those of its classes."


def classes_menu(dataset: Dataset, made: tuple[str, ...], more: Callable[[], None] | None = None) -> None:
    """Draw the popover with the groups of a model's classes and the form that makes one.

    Parameters
    ----------
    dataset : Dataset
        The classes.
    made : tuple of str
        The groups that the user made, as texts.
    more : callable, optional
        Draws what a page has above them.
    """
    with st.popover("Classes", key="classes"):
        if more:
            more()
        _make(dataset, made)


def _make(dataset: Dataset, made: tuple[str, ...]) -> None:
    groups = group_texts(dataset, made)
    st.caption(ABOUT)
    for text in made:
        group = find_group(dataset, text)
        count = f"{len(group)} classes" if group else "not of this model"
        name = text.partition("=")[0]
        remove = {"on_click": _remove, "args": (text,)}
        st.button(f"✕ {name}, {count}", key=f"remove_{text}", help="Remove this group", **remove)
    if known := [group.name for text, group in groups.items() if text not in made]:
        st.caption("From the data config and the names: " + ", ".join(known).replace("*", r"\*").replace("_", r"\_"))
    titles: Mapping[str, str] = dict(zip(dataset.classes, dataset.titles, strict=True))
    st.text_input("Name of a new group", key="group_name", max_chars=40)
    st.multiselect(
        "Its classes",
        list(titles),
        format_func=lambda name: titles.get(name, name),
        placeholder="Type a name",
        select_all=len(titles) > FEW,  # of those whose names match what was typed
        key="group_members",
    )
    st.button("Add the group", key="add_group", on_click=_add, args=(dataset, made))
    if error := st.session_state.pop("group_error", None):
        st.caption(f":red[{error}]")


def _add(dataset: Dataset, made: tuple[str, ...]) -> None:
    state = st.session_state
    try:
        text = new_group(dataset, state.group_name, state.group_members)
    except PartError as error:
        state["group_error"] = str(error)
        return
    others = [one for one in made if one.partition("=")[0] != state.group_name.strip()]
    state["group_name"], state["group_members"] = "", []
    session.update(JetSelection, groups=(*others, text))


def _remove(text: str) -> None:
    session.update(JetSelection, groups=tuple(one for one in session.read(JetSelection).groups if one != text))
