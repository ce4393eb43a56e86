"""The curves of a run: losses by step, accuracy and AUC by epoch."""

import plotly.graph_objects as go
import streamlit as st

from app.components.messages import line, note
from app.services import runs
from app.services.runs import Run

HEIGHT = 185


def charts(run: Run, theme: str) -> None:
    """Draw the curves, or say when they come."""
    curves = runs.read_curves(run)
    if not len(curves.steps) and not len(curves.epochs):
        note("The first losses appear after some steps.")
        return
    columns = st.columns((1.5, 1, 1))
    with columns[0]:
        _chart("Loss", runs.loss_figure(curves, theme, HEIGHT), "loss")
    for column, title, name in zip(columns[1:], ("Accuracy", "Macro AUC"), ("accuracy", "auc"), strict=True):
        with column:
            last = getattr(curves, name)[-1:]
            value = f": {last[0]:.4f}" if len(last) else ", after the first epoch"
            _chart(f"{title}{value}", runs.metric_figure(curves, name, theme, HEIGHT), name)


def _chart(caption: str, figure: go.Figure, key: str) -> None:
    line('<div class="caption">{}</div>', caption)
    st.plotly_chart(figure, theme=None, key=key, config={"displayModeBar": False})
