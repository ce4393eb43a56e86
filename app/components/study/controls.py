"""Widgets that the pages of studies share; each shows and writes a field of a state."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.components.titles import model_title
from app.state import session
from app.state.selection import JetSelection


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
    width: int = 200,
    disabled: bool = False,
) -> None:
    """Choose one of several values, given by their titles, from a list."""
    st.selectbox(
        label,
        list(titles),
        format_func=lambda option: titles[option],
        width=width,
        disabled=disabled,
        **session.bind_widget(state_class, field, value),
    )


def model_segments(models: tuple[str, ...], focus: int) -> None:
    """Choose one of the models, where there are several."""
    if len(models) > 1:
        segments("Model", JetSelection, "focus", dict(enumerate(map(model_title, models))), focus)


def head_inputs(layer: int, n_layers: int, head: int | None = None, n_heads: int = 0) -> None:
    """Choose a layer and, unless it is None, a head by number; people count them from 1."""
    for field, value, count in (("layer", layer, n_layers), ("head", head, n_heads)):
        if value is not None:
            choice = session.bind_widget(JetSelection, field, value + 1, session.minus_one, {"other_head": None})
            st.number_input(field.capitalize(), 1, count, width=95, **choice)
