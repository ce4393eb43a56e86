"""The user's choices, kept in the session and in the URL.

The session holds the parameters of the URL, and states (see `app.state.url`) are typed views of them. A page leaves
the parameters of other pages alone, so that all choices survive a change of page. Widgets follow the session: their
callbacks write it, and each run sets them from it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from typing import Any, NoReturn, TypeVar

import streamlit as st

from app.state.selection import OPENING
from app.state.url import from_url, parameter, to_url, unreadable

S = TypeVar("S")


def load(from_url: bool = True) -> None:
    """Take over the choices of the URL: at the first run, and when the user went back or forward in history.

    The run after a choice may still see the previous URL, and a link to another page has no parameters. In both cases
    the session's choices stay.

    Parameters
    ----------
    from_url : bool
        False in a fragment, which may have been asked for before the URL changed; the history runs the whole page.
    """
    is_updated = st.session_state.pop("is_updated", False)
    url, is_new = _url(), "choices" not in st.session_state
    if is_new or (from_url and url and not is_updated and url != st.session_state["url"]):
        st.session_state["choices"] = url or to_url(OPENING)
        st.session_state["url"] = url
        st.session_state["is_link"] = bool(url)


def rerun() -> NoReturn:
    """Run the whole page again with the session's choices.

    The run that asks for it may be of a fragment, and have an older URL, which would otherwise be taken for a step back
    in history.
    """
    st.session_state["is_updated"] = True
    st.rerun()


def is_link() -> bool:
    """Return whether the choices are those of a link, or of the history, and not of widgets."""
    return st.session_state.get("is_link", False)


def ignored(cls: type) -> list[str]:
    """Return the parameters of the URL for a state whose values make no sense, as "name=value"."""
    return unreadable(cls, st.session_state["choices"])


def read(cls: type[S]) -> S:
    """Return the session's choices of one state."""
    return from_url(cls, st.session_state["choices"])


def store(*states: Any) -> None:
    """Keep states and write them to the URL, if that changes it."""
    choices = st.session_state["choices"]
    for state in states:
        choices = _without(choices, type(state), [item.name for item in fields(state)]) | to_url(state)
    st.session_state["choices"] = st.session_state["url"] = choices
    if _url() != choices:
        st.query_params.from_dict(choices)


def _url() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def update(cls: type, **values: Any) -> None:
    """Replace some choices of a state, in a callback; the run that follows checks them and writes the URL."""
    clear_error()
    st.session_state["is_updated"] = True
    st.session_state["is_link"] = False
    st.session_state["choices"] = choices_with(cls, **values)


def choices_with(cls: type, **values: Any) -> dict[str, list[str]]:
    """Return the session's choices with some of a state replaced, as a link to another page carries them."""
    return _without(st.session_state["choices"], cls, values) | to_url(replace(cls(), **values))


def _without(choices: dict[str, list[str]], cls: type[Any], names: Collection[str]) -> dict[str, list[str]]:
    """Return the choices without some fields of a state."""
    removed = {parameter(item) for item in fields(cls) if item.name in names}
    return {name: values for name, values in choices.items() if name not in removed}


def bind_widget(
    cls: type, field: str, value: Any = None, convert: Callable | None = None, reset: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the arguments that make a widget show and write a choice.

    Parameters
    ----------
    cls : type
        The state that holds the field.
    field : str
        The field's name.
    value : any, optional
        What the widget shows, where that is not the stored value.
    convert : callable, optional
        From the widget's value to the field's.
    reset : mapping, optional
        Other fields that the widget's change sets.
    """
    key = f"choose_{field}"
    st.session_state[key] = _shown()[key] = getattr(read(cls), field) if value is None else value
    return {"key": key, "on_change": on_widget_change, "args": (cls, field, convert, reset or {})}


def on_widget_change(cls: type, field: str, convert: Callable | None, reset: Mapping[str, Any]) -> None:
    """Store the value of a bound widget as the choice; this is the widget's callback.

    Streamlit also calls it for what the widget showed anyway, after a run that a step in the history ended early.
    """
    key = f"choose_{field}"
    value = st.session_state[key]
    if value is not None and value != _shown().get(key):
        _shown()[key] = value
        update(cls, **reset, **{field: convert(value) if convert else value})


def _shown() -> dict[str, Any]:
    """Return what each bound widget shows, by key."""
    return st.session_state.setdefault("shown", {})


def minus_one(value: int) -> int:
    """Convert what a widget counts from 1 to what a state counts from 0."""
    return value - 1


def set_error(sentence: str) -> None:
    """Set the error that the page shows until the next choice."""
    st.session_state["error"] = sentence


def clear_error() -> None:
    """Take the error back, whose cause is gone."""
    st.session_state.pop("error", None)


def enter(page: str) -> None:
    """Note which page is shown; the error of another one is no longer shown."""
    if st.session_state.get("page", page) != page:
        clear_error()
    st.session_state["page"] = page


def get_error() -> str | None:
    return st.session_state.get("error")
