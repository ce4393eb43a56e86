"""Widgets that the pages of studies share; each shows and writes a field of a state."""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from app.components.titles import model_title
from app.state import session
from app.state.selection import JetSelection

CHARACTER, BESIDE_TITLE = 7, 54  # px of a title's characters, and of what is beside it
MIN_SELECT, MAX_SELECT = 110, 340  # px


def segments(label: str, state_class: type, field: str, titles: Mapping[Any, str], value: Any) -> None:
    """Choose one of a few values, given by their titles, side by side."""
    st.segmented_control(
        label,
        list(titles),
        format_func=lambda option: titles[option],
        required=True,
        **session.bind_widget(state_class, field, value),
    )


def select(
    label: str,
    state_class: type,
    field: str,
    titles: Mapping[Any, str],
    value: Any,
    *,
    disabled: bool = False,
    reset: Mapping[str, Any] | None = None,
) -> None:
    """Choose one of several values, given by their titles, from a list that is as wide as the longest needs.

    A change also sets the fields of `reset`.
    """
    st.selectbox(
        label,
        list(titles),
        format_func=lambda option: titles[option],
        width=select_width(titles.values()),
        disabled=disabled,
        **session.bind_widget(state_class, field, value, reset=reset),
    )


def select_width(titles: Iterable[str]) -> int:
    """Return the pixels of a list that shows the longest of its titles, or most of it where that is very long."""
    return min(max(MIN_SELECT, BESIDE_TITLE + CHARACTER * max(map(len, titles), default=0)), MAX_SELECT)


def model_segments(models: tuple[str, ...], focus: int) -> None:
    """Choose one of the models, where there are several."""
    if len(models) > 1:
        segments("Model", JetSelection, "focus", dict(enumerate(map(model_title, models))), focus)


def head_inputs(layer: int | None, n_layers: int, head: int | None = None, n_heads: int = 0) -> None:
    """Choose a layer and a head by number, unless they are None; people count them from 1."""
    for field, value, count in (("layer", layer, n_layers), ("head", head, n_heads)):
        if value is not None:
            choice = session.bind_widget(JetSelection, field, value + 1, session.minus_one, {"other_head": None})
            st.number_input(field.capitalize(), 1, count, width=95, **choice)
