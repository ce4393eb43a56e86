"""The list of models: those that can read the jets first, and below it the others in grey, with what they need."""

import html

import streamlit as st

from app.components.titles import model_title
from app.services.fitting import lacks
from app.state import session
from app.state.resolve import ResolvedSelection
from app.state.selection import MAX_MODELS, JetSelection


def models_menu(resolved: ResolvedSelection) -> None:
    """Choose models."""
    missing = {name: lacks(name, resolved.file) for name in resolved.offered}
    chosen = resolved.selection.models
    st.multiselect(
        "Models",
        sorted(resolved.offered, key=lambda name: bool(missing[name])),
        max_selections=MAX_MODELS,
        format_func=lambda name: _title(name, missing[name] if name not in chosen else ()),
        select_all=False,  # it would come first, and Enter take all that match what was typed
        help="Up to four side by side; @bf16 runs in bfloat16.",
        **session.bind_widget(JetSelection, "models", list(chosen), tuple),
    )
    unfit = [(name, words) for name, words in missing.items() if words and "@" not in name]
    if unfit:
        with st.expander(f"{len(unfit)} model{'s' * (len(unfit) > 1)} cannot read these jets"):
            rows = (
                f"<li>{html.escape(model_title(name))} <span>needs {_and(words)}</span></li>" for name, words in unfit
            )
            st.html(f'<ul class="unfit">{"".join(rows)}</ul>')


def _title(name: str, missing: tuple[str, ...]) -> str:
    return f"{model_title(name)} (needs {_and(missing)})" if missing else model_title(name)


def _and(words: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
