"""The attention of one jet during a training: a slider over the epochs, all heads, and the chosen head."""

import streamlit as st

from app.components.messages import line, note, show_error
from app.pages.train.snapshot import draw_attention
from app.services import runs
from app.services.library import PartError
from app.services.runs import Run
from app.services.settling import find_settling


def attention(run: Run, theme: str) -> None:
    """Draw the attention after the chosen epoch, or say why there is none."""
    epochs = runs.snapshot_epochs(run)
    if not epochs:
        note(_reason(run))
        return
    left, right = st.columns((0.62, 0.38), vertical_alignment="bottom")
    with right:
        epoch = _choose_epoch(run, epochs)
    try:
        jet_view, chart = runs.view_snapshot(run, epoch), find_settling(run)
    except PartError as error:
        show_error(error)
        return
    with left:
        line('<div class="caption">{} <small>validation jet: {}</small></div>', _title(epoch), jet_view.heading)
    draw_attention(jet_view, runs.snapshot_key(run, epoch), theme, chart)


def _reason(run: Run) -> str:
    if not runs.has_attention(run):
        return f"The particles of a {run.config.get('model')} do not attend to each other."
    if run.is_active:
        return "The attention of one jet appears before the first step, and after each epoch."
    return "This run has written no attention."


def _choose_epoch(run: Run, epochs: list[int]) -> int:
    """Draw the slider, and return the epoch to show: the latest one unless another was chosen for this run."""
    name, chosen = st.session_state.get("snapshot_epoch", ("", None))
    epoch = chosen if name == run.name and chosen in epochs else epochs[-1]
    if len(epochs) > 1:
        st.session_state["choose_epoch"] = epoch
        st.select_slider(
            "Attention after epoch",
            epochs,
            key="choose_epoch",
            on_change=_on_epoch_change,
            args=(run.name, epochs[-1]),
            format_func=lambda e: f"epoch {e}" if e else "start",
            label_visibility="collapsed",
        )
    return epoch


def _on_epoch_change(name: str, last: int) -> None:
    epoch = st.session_state["choose_epoch"]
    st.session_state["snapshot_epoch"] = (name, None if epoch == last else epoch)


def _title(epoch: int) -> str:
    return f"Attention after epoch {epoch}" if epoch else "Attention before the first step"
