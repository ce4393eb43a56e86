"""The theme that the browser shows, and the colours of the models in it."""

import streamlit as st

ACCENTS = {
    "light": ("#2563c9", "#c8601a", "#14805e", "#7d3fc8"),
    "dark": ("#7fb0ff", "#f2a15f", "#53cfa6", "#bd95f5"),
}


def theme_name() -> str:
    return st.context.theme.type or "light"


def accents() -> tuple[str, ...]:
    """Return a colour for each of the models that are shown together."""
    return ACCENTS[theme_name()]
