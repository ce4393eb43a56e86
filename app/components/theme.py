"""The theme that the browser shows, and the colours of the models in it."""

import streamlit as st

from app.services.library import ACCENTS


def theme_name() -> str:
    return st.context.theme.type or "light"


def accents() -> tuple[str, ...]:
    """Return a colour for each of the models that are shown together."""
    return ACCENTS[theme_name()]
